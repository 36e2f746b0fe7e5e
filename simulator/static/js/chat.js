// The message list: keeps bubbles by id, date lines, states, the live menu, the scroll.

import { drawBubble, hasChoices } from "./bubble.js";
import { byId, h, icon, paintAvatar } from "./dom.js";
import * as words from "./words.js";

const MOST_BUBBLES = 500; // a week of demo must not slow the browser down
const NEAR_END_PX = 120;

export class ChatLog {
  /** `actions`: press, share, choose, quote, react, example, older. */
  constructor(actions) {
    this.root = byId("log");
    this.toEnd = byId("to-end");
    this.actions = { ...actions, jump: (id) => this.jump(id) };
    this.entries = new Map();
    this.account = { name: "", oa_id: "" };
    this.typing = h("div", { class: "row from-oa typing", hidden: true },
      h("span", { class: "avatar", "aria-hidden": "true" }),
      h("div", { class: "bubble" }, h("span", { class: "hidden-text" }, "Đang trả lời…"), h("i"), h("i"), h("i")));
    this.stick = true; // the reader is at the end: new messages scroll into view
    this.root.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.root.addEventListener("load", () => this.stick && this.scrollToEnd(), { capture: true }); // a picture grew
    this.root.addEventListener("keydown", (event) => this.#arrow(event));
    this.toEnd.addEventListener("click", () => this.scrollToEnd());
    new ResizeObserver(() => {
      this.height = this.root.clientHeight;
      if (this.stick) this.scrollToEnd();
    }).observe(this.root);
  }

  /** Starts anew with these bubbles; `older` says that the server has more. */
  show(account, bubbles, older) {
    this.root.setAttribute("aria-busy", "true");
    this.account = account;
    this.entries.clear();
    this.typing.hidden = true;
    paintAvatar(this.typing.firstChild, account.name, account.oa_id);
    this.root.replaceChildren(this.typing);
    if (older) this.root.prepend(h("button", { type: "button", class: "quiet older", onclick: this.actions.older }, "Xem tin cũ hơn"));
    for (const bubble of bubbles) this.#put(bubble);
    this.#finish();
    this.scrollToEnd();
    requestAnimationFrame(() => this.root.setAttribute("aria-busy", "false"));
  }

  /** Adds new bubbles and replaces changed ones; true when the account said something. */
  merge(bubbles) {
    const before = this.entries.size;
    const stick = this.stick;
    const fresh = bubbles.filter((bubble) => !this.entries.has(bubble.message_id));
    for (const bubble of bubbles) this.#put(bubble);
    this.#finish();
    const own = fresh.some((bubble) => bubble.from === "person");
    if (this.entries.size > before && (stick || own)) this.scrollToEnd();
    return fresh.some((bubble) => ["oa", "admin"].includes(bubble.from));
  }

  get isEmpty() {
    return this.entries.size === 0;
  }

  get last() {
    return [...this.entries.values()].at(-1)?.bubble ?? null;
  }

  find(messageId) {
    return this.entries.get(messageId)?.bubble ?? null;
  }

  setTyping(on) {
    if (this.typing.hidden !== on) return;
    const stick = this.stick;
    this.typing.hidden = !on;
    if (stick) this.scrollToEnd();
  }

  scrollToEnd() {
    this.stick = true;
    this.toEnd.hidden = true;
    this.root.scrollTop = this.root.scrollHeight;
  }

  jump(messageId) {
    const row = this.entries.get(messageId)?.row;
    if (!row) return;
    row.scrollIntoView({ block: "center" });
    row.classList.add("found");
    setTimeout(() => row.classList.remove("found"), 1500);
  }

  #scrolled() {
    const { scrollHeight, scrollTop, clientHeight } = this.root;
    if (clientHeight !== this.height) return; // the window changed, not the reader's mind
    this.stick = scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
    this.toEnd.hidden = this.stick;
  }

  #put(bubble) {
    const known = this.entries.get(bubble.message_id);
    const entry = { bubble, row: null, date: known?.date ?? null, live: known?.live ?? false };
    if (known && drawnAlike(known.bubble, bubble)) {
      entry.row = known.row;
    } else {
      entry.row = this.#row(bubble, entry.live);
      if (known) known.row.replaceWith(entry.row);
      else this.#append(entry);
    }
    this.entries.set(bubble.message_id, entry);
    this.#patch(entry);
  }

  #append(entry) {
    const day = words.date(entry.bubble.at_ms);
    const last = this.last;
    if (!last || words.date(last.at_ms) !== day) {
      entry.date = h("div", { class: "date-line" }, h("span", {}, day));
      this.typing.before(entry.date);
    }
    const together = last && !entry.date && last.from === entry.bubble.from;
    entry.row.classList.toggle("follows", Boolean(together));
    this.typing.before(entry.row);
  }

  #row(bubble, live) {
    if (bubble.from === "system" || bubble.kind === "event") {
      return h("div", { class: "row event" }, h("span", {}, words.event(bubble), " · ", words.time(bubble.at_ms)));
    }
    const mine = bubble.from === "person";
    const who = mine ? "Bạn" : bubble.from === "admin" ? "Cán bộ" : this.account.name;
    const avatar = mine ? null : paintAvatar(h("span", { class: "avatar", "aria-hidden": "true" }), who, bubble.from === "admin" ? "admin" : this.account.oa_id);
    const more = h("button", { type: "button", class: "bubble-more", tabindex: -1, "aria-expanded": "false",
      "aria-label": `Trả lời hoặc thả cảm xúc: ${words.brief(bubble).slice(0, 60)}`, onclick: () => this.#toggleActions(bubble.message_id) }, icon("dots"));
    const meta = h("div", { class: "meta" }, bubble.from === "admin" ? h("span", { class: "by-hand" }, "Cán bộ trả lời") : null,
      h("time", { datetime: bubble.at }, words.time(bubble.at_ms)), h("span", { class: "state", "aria-live": "off" }));
    const body = drawBubble(bubble, live, this.actions);
    body.append(meta, h("span", { class: "reactions", "aria-live": "off" }));
    return h("div", { class: `row ${mine ? "from-person" : "from-oa"}`, "data-id": bubble.message_id },
      avatar, h("span", { class: "hidden-text" }, `${who}: `), body, more);
  }

  #patch({ bubble, row }) {
    const box = row.querySelector(".reactions");
    if (!box) return;
    const icons = bubble.reactions ?? [];
    box.hidden = !icons.length;
    box.textContent = icons.map((item) => words.reaction(item.icon)).join(" ");
    if (icons.length) box.setAttribute("aria-label", "Cảm xúc");
    row.classList.toggle("reacted", icons.length > 0);
  }

  #finish() {
    this.#trim();
    const all = [...this.entries.values()];
    this.root.querySelector(".empty")?.remove();
    if (!all.some(({ bubble }) => bubble.from !== "system" && bubble.kind !== "event")) this.typing.before(this.#empty());
    this.#states(all);
    this.#liveMenu(all);
    const buttons = [...this.root.querySelectorAll(".bubble-more")];
    const stop = buttons.find((button) => button === document.activeElement) ?? buttons.at(-1);
    for (const button of buttons) button.tabIndex = button === stop ? 0 : -1;
  }

  #trim() {
    for (const [id, entry] of this.entries) {
      if (this.entries.size <= MOST_BUBBLES) break;
      entry.date?.remove();
      entry.row.remove();
      this.entries.delete(id);
    }
  }

  #empty() {
    return h("section", { class: "empty", "aria-label": "Gợi ý" },
      paintAvatar(h("span", { class: "avatar large", "aria-hidden": "true" }), this.account.name, this.account.oa_id),
      h("h3", {}, this.account.name), h("p", {}, "Chưa có tin nhắn. Anh/chị thử hỏi một câu, có dấu hay không dấu đều được:"),
      this.actions.examples.map((text) => h("button", { type: "button", class: "example", onclick: () => this.actions.example(text) }, text)));
  }

  /** The state stands under the newest own message, and under any that did not arrive. */
  #states(all) {
    const own = all.filter(({ bubble }) => bubble.from === "person" && bubble.kind !== "event");
    for (const entry of own) {
      const shown = entry === own.at(-1) || entry.bubble.state === "sent";
      const state = entry.row.querySelector(".state");
      const text = shown ? words.STATES[entry.bubble.state] ?? "" : "";
      if (state && state.textContent !== text) state.textContent = text;
    }
  }

  /** Only the newest menu after the person's last words can be tapped. */
  #liveMenu(all) {
    const newest = all.findLast(({ bubble }) => ["oa", "admin"].includes(bubble.from) && bubble.text && hasChoices(bubble));
    const answered = all.findLastIndex(({ bubble }) => ["oa", "admin"].includes(bubble.from));
    const spoken = all.slice(0, answered).findLastIndex(({ bubble }) => bubble.from === "person");
    const live = newest && all.indexOf(newest) > spoken ? newest : null;
    for (const entry of all) {
      if (entry.live === (entry === live)) continue;
      entry.live = entry === live;
      const body = entry.row.querySelector(".bubble");
      const fresh = drawBubble(entry.bubble, entry.live, this.actions).querySelector(".words");
      body.setAttribute("aria-live", "off"); // drawn again, not said again
      body.querySelector(".words").replaceWith(fresh);
    }
  }

  #toggleActions(messageId) {
    const { bubble, row } = this.entries.get(messageId);
    const button = row.querySelector(".bubble-more");
    const open = this.root.querySelector(".bubble-actions");
    this.closeActions();
    if (open?.parentElement === row) return;
    const act = (run) => () => {
      this.closeActions();
      run();
    };
    const icons = Object.entries(words.REACTIONS).map(([code, [face, name]]) =>
      h("button", { type: "button", class: "face", "aria-label": name, onclick: act(() => this.actions.react(bubble, code)) }, face));
    row.append(h("div", { class: "bubble-actions", role: "group", "aria-label": "Với tin này", "aria-live": "off" },
      h("button", { type: "button", class: "reply", onclick: act(() => this.actions.quote(bubble)) }, icon("reply"), "Trả lời"), icons));
    button.setAttribute("aria-expanded", "true");
    row.querySelector(".reply").focus();
    row.scrollIntoView({ block: "nearest" });
  }

  /** True when there was something to close. */
  closeActions() {
    const open = this.root.querySelector(".bubble-actions");
    const button = open?.parentElement.querySelector(".bubble-more");
    if (open?.contains(document.activeElement)) button.focus();
    button?.setAttribute("aria-expanded", "false");
    open?.remove();
    return Boolean(open);
  }

  #arrow(event) {
    if (!event.target.classList.contains("bubble-more") || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
    const buttons = [...this.root.querySelectorAll(".bubble-more")];
    const next = buttons[buttons.indexOf(event.target) + (event.key === "ArrowUp" ? -1 : 1)];
    if (!next) return;
    event.preventDefault();
    event.target.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  }
}

/** True when only the state or the reactions differ, which are patched in place. */
function drawnAlike(one, other) {
  const drawn = ({ seq, state, reactions, ...rest }) => JSON.stringify(rest);
  return drawn(one) === drawn(other);
}
