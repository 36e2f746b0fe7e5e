// The raw traffic: webhooks to the bot and calls of the bot, newest first.

import * as api from "./api.js";
import { h } from "./dom.js";
import * as words from "./words.js";

const MOST_ROWS = 200; // older ones stay on the server
const TOKEN = /("(?:\\.|[^"\\])*")(\s*:)?|\b(?:true|false|null)\b|-?\d+(?:\.\d+)?/g;

/** One list; `feed` says where rows come from and how one is summed up. */
export class TrafficLog {
  constructor(pane, feed, scope) {
    Object.assign(this, { feed, scope, seq: null, rows: new Map() });
    this.only = h("input", { type: "checkbox", checked: true, onchange: () => this.restart() });
    this.list = h("ul", { class: "traffic" });
    this.none = h("p", { class: "muted none" }, feed.none);
    pane.append(
      h("div", { class: "pane-tools" }, h("label", { class: "check" }, this.only, "Chỉ người này"),
        h("button", { type: "button", class: "quiet", onclick: () => this.#forget() }, "Xoá nhật ký")),
      this.none, this.list);
  }

  restart() {
    this.seq = null;
    this.rows.clear();
    this.list.replaceChildren();
    return this.refresh();
  }

  async refresh() {
    const { oa, person } = this.scope();
    if (!oa) return;
    const filter = this.only.checked ? { oa_id: oa, person } : {};
    const key = JSON.stringify(filter);
    if (key !== this.key) {
      this.key = key;
      this.seq = null;
      this.rows.clear();
      this.list.replaceChildren();
    }
    const answer = await api.get(this.feed.path, { ...filter, since: this.seq, limit: MOST_ROWS });
    if (key !== this.key) return; // the person changed meanwhile
    if (this.seq !== null && answer.seq < this.seq) return this.restart();
    this.seq = answer.seq;
    for (const row of answer[this.feed.rows]) this.#put(row);
    while (this.list.children.length > MOST_ROWS) {
      this.rows.delete(this.list.lastChild.dataset.key);
      this.list.lastChild.remove();
    }
    this.none.hidden = this.rows.size > 0;
  }

  async #forget() {
    await this.scope().attempt(() => api.remove("/logs"));
    return this.restart();
  }

  #put(row) {
    const key = this.feed.key(row);
    const known = this.rows.get(key);
    const item = this.#item(row, known?.querySelector("details").open);
    item.dataset.key = key;
    if (known) known.replaceWith(item);
    else this.list.prepend(item);
    this.rows.set(key, item);
  }

  #item(row, open = false) {
    const { title, note, bad, status } = this.feed.sum(row);
    const details = h("details", {}, h("summary", {},
      h("span", { class: "when" }, words.seconds(row.at_ms)), h("span", { class: "what" }, title, note ? h("small", {}, note) : null),
      h("span", { class: bad ? "status bad" : "status" }, status), h("span", { class: "ms" }, row.ms === null ? "–" : `${Math.round(row.ms)} ms`)));
    const fill = () => {
      if (details.open && details.children.length === 1) details.append(...this.feed.parts(row).map(section));
    };
    details.addEventListener("toggle", fill);
    details.open = open;
    fill();
    return h("li", {}, details);
  }
}

function section([title, content]) {
  const text = typeof content === "string" ? content : JSON.stringify(content, null, 2);
  return h("div", { class: "raw" }, h("h3", {}, title), h("pre", { tabindex: 0, "aria-label": title }, ...colored(pretty(text))));
}

function pretty(text) {
  try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return text || "(trống)"; }
}

function colored(text) {
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(TOKEN)) {
    const kind = match[2] ? "key" : match[1] ? "string" : "value";
    const token = match[1] ?? match[0];
    parts.push(text.slice(end, match.index), h("span", { class: `json-${kind}` }, token));
    end = match.index + token.length;
  }
  return [...parts, text.slice(end)];
}

const OUTCOMES = { refused: "bị từ chối", timeout: "quá giờ", unreachable: "không gọi được", dropped: "bỏ hẳn" };

export const WEBHOOKS = {
  path: "/webhooks", rows: "deliveries", none: "Chưa có webhook nào. Gửi thử một tin nhắn.",
  key: (row) => `${row.id}/${row.attempt}/${row.seq}`,
  sum: (row) => ({
    title: row.event_name, note: [row.attempt > 1 ? `lần ${row.attempt}` : "", OUTCOMES[row.outcome] ?? ""].filter(Boolean).join(" · "),
    bad: row.outcome !== "ok", status: row.status ?? "–",
  }),
  parts: (row) => [["Thân (nguyên văn)", row.body], ["Header", row.headers], ["Gửi tới", row.url]],
};

export const CALLS = {
  path: "/calls", rows: "calls", none: "Trợ lý chưa gọi API lần nào.",
  key: (row) => String(row.seq),
  sum: (row) => ({
    title: `${row.method} ${row.path}`, note: [row.error ? `lỗi ${row.error}` : "", row.fault ? `sự cố giả lập: ${words.fault(row.fault)}` : ""].filter(Boolean).join(" · "),
    bad: Boolean(row.error || row.fault) || row.status >= 400 || !row.status, status: row.status ?? "–",
  }),
  parts: (row) => [
    ["Trả lời", row.answer], ["Yêu cầu", row.body || row.query], ["Header", row.headers],
  ],
};
