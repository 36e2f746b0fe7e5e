// Faults to switch on: what Zalo, the network or a stranger may do to the bot.

import * as api from "./api.js";
import { byId, h } from "./dom.js";
import * as words from "./words.js";

const FAULTS = [
  { key: "http_500", title: "HTTP 500", note: "API trả lỗi máy chủ", body: { kind: "http_500" } },
  { key: "latency", title: "Chậm 3 giây", note: "API trả lời chậm", body: { kind: "latency", ms: 3000 } },
  { key: "hang", title: "Treo 10 giây", note: "API im lặng rồi báo 504, không làm gì", body: { kind: "hang", seconds: 10 } },
  { key: "cut_after_delivery", title: "Đứt sau khi giao", note: "Tin đã tới nhưng kết nối bị cắt", body: { kind: "cut_after_delivery" } },
  { key: "broken_json", title: "JSON hỏng", note: "Tin đã tới, câu trả lời không đọc được", body: { kind: "broken_json" } },
  { key: "rate_limit", title: "Quá nhịp (-32)", note: "API báo gọi quá nhanh", body: { kind: "rate_limit" } },
];

const WEBHOOK_SWITCHES = [
  { key: "duplicate", title: "Gửi trùng webhook", note: "Mỗi sự kiện tới hai lần", on: 1, off: 0 },
  { key: "bad_signature", title: "Chữ ký sai", note: "Trợ lý phải từ chối (401)", on: true, off: false },
];

// Only the sending of messages is spoiled: a fault for "one call" is not to be used up by a
// look at the profile.
const PATH = "message";

export class Faults {
  constructor(pane, attempt) {
    Object.assign(this, { attempt, active: [], options: {}, signature: "" });
    const ways = [["1", "Một lần"], ["3", "Ba lần"], ["", "Tới khi tắt"]];
    this.times = h("select", { id: "fault-times" }, ways.map(([value, title]) => h("option", { value }, title)));
    this.code = h("input", { id: "fault-code", type: "number", value: "-213", required: true });
    this.switches = new Map();
    const form = h("form", { class: "inline-form", onsubmit: (event) => this.#custom(event) },
      h("label", { for: "fault-code" }, "Mã lỗi tuỳ chọn"), this.code, h("button", { type: "submit", class: "quiet" }, "Bật"));
    pane.append(
      h("div", { class: "pane-tools" }, h("label", { for: "fault-times" }, "Xảy ra"), this.times,
        h("button", { type: "button", class: "quiet", id: "faults-clear", onclick: () => this.clear() }, "Tắt tất cả")),
      h("h3", {}, "Khi trợ lý gửi tin"), h("ul", { class: "switches" }, FAULTS.map((fault) => this.#switch(fault, () => this.#fault(fault)))), form,
      h("h3", {}, "Khi Zalo gọi webhook"), h("ul", { class: "switches" }, WEBHOOK_SWITCHES.map((item) => this.#switch(item, () => this.#webhook(item)))),
      h("h3", {}, "Gửi ngay một sự kiện"), h("div", { class: "button-row" },
        this.#inject("unknown_event", "Sự kiện lạ"), this.#inject("test_ping", "Ping thử"), this.#inject("foreign_oa", "Tài khoản lạ")));
  }

  async refresh() {
    const [faults, webhook] = await Promise.all([api.get("/faults"), api.get("/webhook")]);
    this.active = faults.faults.filter((fault) => fault.times === null || fault.used < fault.times);
    this.options = webhook.options ?? {};
    this.enabled = webhook.enabled;
    this.#paint();
  }

  /** True while anything is switched on: then the poller looks here too. */
  get any() {
    return this.active.length > 0 || this.enabled === false || WEBHOOK_SWITCHES.some((item) => this.#webhookOn(item));
  }

  async clear() {
    await this.attempt(async () => {
      await api.remove("/faults");
      await api.post("/webhook", { enabled: true, ...Object.fromEntries(WEBHOOK_SWITCHES.map((item) => [item.key, item.off])) });
    });
    await this.refresh();
  }

  #switch(item, toggle) {
    const button = h("button", { type: "button", role: "switch", class: "switch", "aria-checked": "false", id: `switch-${item.key}`, onclick: toggle },
      h("span", { class: "switch-text" }, h("strong", {}, item.title), h("small", {}, item.note)), h("span", { class: "knob", "aria-hidden": "true" }));
    this.switches.set(item.key, button);
    return h("li", {}, button);
  }

  #inject(kind, title) {
    return h("button", { type: "button", class: "quiet", onclick: () => this.attempt(() => api.post("/webhook/inject", { kind })) }, title);
  }

  async #fault(fault) {
    const on = this.active.filter((active) => active.kind === fault.key);
    await this.attempt(() => on.length
      ? Promise.all(on.map((active) => api.remove(`/faults/${encodeURIComponent(active.id)}`)))
      : api.post("/faults", { ...fault.body, path: PATH, times: this.#times() }));
    await this.refresh();
  }

  async #custom(event) {
    event.preventDefault();
    await this.attempt(() => api.post("/faults", { kind: "error", code: Number(this.code.value), path: PATH, times: this.#times() }));
    await this.refresh();
  }

  async #webhook(item) {
    await this.attempt(() => api.post("/webhook", { [item.key]: this.#webhookOn(item) ? item.off : item.on }));
    await this.refresh();
  }

  #times() {
    return this.times.value ? Number(this.times.value) : null;
  }

  #webhookOn(item) {
    return Boolean(this.options[item.key]);
  }

  #paint() {
    const kinds = new Set(this.active.map((fault) => fault.kind));
    for (const fault of FAULTS) this.switches.get(fault.key).setAttribute("aria-checked", String(kinds.has(fault.key)));
    for (const item of WEBHOOK_SWITCHES) this.switches.get(item.key).setAttribute("aria-checked", String(this.#webhookOn(item)));
    this.#banner();
  }

  #banner() {
    const titles = Object.fromEntries(FAULTS.map((fault) => [fault.key, fault.title]));
    const named = this.active.map((fault) => (titles[fault.kind] ?? `${words.fault(fault.kind)} ${fault.code}`) +
      (fault.times === null ? "" : ` (còn ${fault.times - fault.used} lần)`));
    const webhook = WEBHOOK_SWITCHES.filter((item) => this.#webhookOn(item)).map((item) => item.title);
    const closed = this.enabled === false ? ["webhook đã bị ngắt vì trả lời hỏng nhiều lần"] : [];
    const text = [...named, ...webhook, ...closed].join(", ");
    if (text === this.signature) return;
    this.signature = text;
    byId("fault-banner")?.remove();
    if (!text) return;
    byId("banners").append(h("div", { class: "banner warn", id: "fault-banner" }, h("span", {}, `Đang giả sự cố: ${text}`),
      h("button", { type: "button", onclick: () => this.clear() }, "Tắt")));
  }
}
