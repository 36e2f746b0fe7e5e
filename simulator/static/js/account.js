// Switches of the account and of the person, and the official typing by hand.

import * as api from "./api.js";
import { h } from "./dom.js";

const ACCOUNT_SWITCHES = [
  ["refuse_interactive", "Từ chối nút bấm", "Tài khoản cơ quan nhà nước thường gặp: nút, danh sách bị trả lỗi -233"],
  ["send_needs_follow", "Chỉ nhắn người đã quan tâm", "Người chưa quan tâm thì API trả lỗi -213"],
];

const PERSON_SWITCHES = [
  ["auto_seen", "Tự đánh dấu đã xem", "Đọc ngay khi tin tới"],
  ["inactive", "Lâu không mở Zalo", "API trả lỗi -227"],
];

export class AccountPane {
  /** `scope()` gives {oa, person, account, attempt}; `changed()` reloads cast and chat. */
  constructor(pane, scope, changed) {
    Object.assign(this, { scope, changed });
    this.kind = h("select", { id: "account-kind", onchange: () => this.#account({ kind: this.kind.value }) },
      h("option", { value: "government" }, "Cơ quan nhà nước"), h("option", { value: "business" }, "Doanh nghiệp"));
    this.words = h("textarea", { id: "by-hand", rows: 3, required: true });
    this.accountSwitches = ACCOUNT_SWITCHES.map((item) => this.#switch(item, (value) => this.#account(value)));
    this.personSwitches = PERSON_SWITCHES.map((item) => this.#switch(item, (value) => this.#person(value)));
    this.block = this.#switch(["blocked", "Chặn tài khoản này", "API trả lỗi -217"], ({ blocked }) => this.#chat(blocked ? "block" : "unblock"));
    pane.append(
      h("h3", {}, "Cán bộ gõ tay"), h("form", { class: "stack", onsubmit: (event) => this.#byHand(event) },
        h("label", { for: "by-hand" }, "Tin do cán bộ gõ trong trang quản trị tài khoản"), this.words,
        h("button", { type: "submit", class: "strong" }, "Gửi với tư cách cán bộ")),
      h("h3", {}, "Tài khoản"), h("p", { class: "field" }, h("label", { for: "account-kind" }, "Loại tài khoản"), this.kind),
      h("ul", { class: "switches" }, this.accountSwitches.map((button) => h("li", {}, button))),
      h("h3", {}, "Người đang cầm máy"),
      h("ul", { class: "switches" }, [...this.personSwitches, this.block].map((button) => h("li", {}, button))));
  }

  async refresh() {
    const { oa, person } = this.scope();
    if (!oa) return;
    const [account, owner] = await Promise.all([api.get(`/accounts/${encodeURIComponent(oa)}`), api.get(`/people/${encodeURIComponent(person)}`)]);
    this.kind.value = account.kind;
    const values = { ...account.switches, ...owner, blocked: owner.accounts[oa]?.blocked };
    for (const button of [...this.accountSwitches, ...this.personSwitches, this.block]) {
      button.setAttribute("aria-checked", String(Boolean(values[button.dataset.switch])));
    }
  }

  #switch([name, title, note], set) {
    const button = h("button", { type: "button", role: "switch", class: "switch", "aria-checked": "false", "data-switch": name,
      onclick: () => set({ [name]: button.getAttribute("aria-checked") !== "true" }) },
    h("span", { class: "switch-text" }, h("strong", {}, title), h("small", {}, note)), h("span", { class: "knob", "aria-hidden": "true" }));
    return button;
  }

  #account(value) {
    return this.#change((scope) => api.post(`/accounts/${encodeURIComponent(scope.oa)}`, value));
  }

  #person(value) {
    return this.#change((scope) => api.post(`/people/${encodeURIComponent(scope.person)}`, value));
  }

  #chat(action) {
    return this.#change((scope) => api.post(api.chatPath(scope.oa, scope.person, action)));
  }

  async #change(run) {
    const scope = this.scope();
    await scope.attempt(() => run(scope));
    await this.refresh();
    await this.changed();
  }

  async #byHand(event) {
    event.preventDefault();
    const scope = this.scope();
    const text = this.words.value.trim();
    if (text && await scope.attempt(() => api.post(api.chatPath(scope.oa, scope.person, "admin_say"), { text }))) this.words.value = "";
  }
}
