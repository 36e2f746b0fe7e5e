// The movable clock: it moves the whole demo, the bot's reminders and windows included.

import * as api from "./api.js";
import { byId, h } from "./dom.js";
import * as words from "./words.js";

const HOUR = 3600;
const STEPS = [["+1 giờ", HOUR], ["+1 ngày", 24 * HOUR], ["+3 ngày", 72 * HOUR], ["+8 ngày", 192 * HOUR]];
const NOTICEABLE_SECONDS = 60;

export class ClockPane {
  constructor(pane, attempt) {
    Object.assign(this, { attempt, ahead: 0, offset: 0 });
    this.day = h("p", { class: "big-date" });
    this.hour = h("p", { class: "big-time" });
    this.field = h("input", { id: "clock-set", type: "datetime-local", required: true });
    pane.append(
      h("div", { class: "clock-face" }, this.hour, this.day),
      h("p", { class: "muted" }, "Đồng hồ này dời cả bản dùng thử: tin nhắn, hạn miễn phí, lịch nhắc việc."),
      h("div", { class: "button-row" }, STEPS.map(([title, seconds]) =>
        h("button", { type: "button", class: "quiet", onclick: () => this.#move({ move_seconds: seconds }) }, title)),
      h("button", { type: "button", class: "quiet", onclick: () => this.#move({ set: words.tomorrowMorning(this.now()) }) }, "Tới 8:00 sáng mai"),
      h("button", { type: "button", class: "quiet", onclick: () => this.reset() }, "Đặt lại giờ thật")),
      h("form", { class: "inline-form", onsubmit: (event) => this.#set(event) },
        h("label", { for: "clock-set" }, "Tới lúc"), this.field, h("button", { type: "submit", class: "quiet" }, "Đặt")));
  }

  /** Milliseconds since 1970 on the simulated clock. */
  now() {
    return Date.now() + this.ahead;
  }

  /** Takes the clock of an answer: {now_ms, offset_seconds}. */
  take(clock) {
    if (!clock) return;
    this.ahead = clock.now_ms - Date.now();
    this.offset = clock.offset_seconds;
    this.#paint();
  }

  async refresh() {
    this.take(await api.get("/clock"));
    this.field.value = words.fieldTime(this.now());
  }

  async reset() {
    await this.attempt(async () => this.take(await api.remove("/clock")));
    return this.refresh();
  }

  async #move(body) {
    await this.attempt(async () => this.take(await api.post("/clock", body)));
    return this.refresh();
  }

  #set(event) {
    event.preventDefault();
    return this.#move({ set: `${this.field.value}:00+07:00` });
  }

  #paint() {
    const time = words.time(this.now());
    const date = words.date(this.now());
    const moved = Math.abs(this.offset) >= NOTICEABLE_SECONDS;
    const key = `${time} ${date} ${moved ? this.offset : 0}`;
    if (key === this.painted) return;
    this.painted = key;
    this.hour.textContent = time;
    this.day.textContent = date;
    byId("phone-time").textContent = time;
    byId("panel-clock").textContent = `${time}, ${date}`;
    this.#banner(moved ? `Giờ mô phỏng ${this.offset > 0 ? "nhanh" : "chậm"} ${words.span(this.offset)}: ${time}, ${date}` : "");
  }

  #banner(text) {
    const banner = byId("clock-banner");
    if (!text) return banner?.remove();
    if (banner) return void (banner.firstChild.textContent = text);
    byId("banners").prepend(h("div", { class: "banner", id: "clock-banner" }, h("span", {}, text),
      h("button", { type: "button", onclick: () => this.reset() }, "Đặt lại")));
  }
}
