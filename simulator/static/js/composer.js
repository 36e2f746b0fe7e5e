// Where the person writes: text, quote, stickers, attachments.

import { STICKERS } from "./bubble.js";
import { ask } from "./dialogs.js";
import { byId, drawing, h, icon, popup } from "./dom.js";
import { SAMPLES } from "./samples.js";
import * as words from "./words.js";

const TALLEST_PX = 140; // five lines, then the field scrolls

export class Composer {
  /** `send(body, again)` says something, `upload(blob, name, kind)` sends a file; both resolve to
      true when it went out. */
  constructor({ send, upload }) {
    Object.assign(this, { send, upload, field: byId("message"), quoted: null });
    byId("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    this.field.addEventListener("keydown", (event) => {
      // While a Vietnamese input method composes, Enter belongs to it.
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.submit();
    });
    this.field.addEventListener("input", () => this.#fit());
    this.field.addEventListener("paste", (event) => this.#paste(event));
    byId("quoting-drop").addEventListener("click", () => this.dropQuote());
    byId("file-input").addEventListener("change", (event) => this.#chosen(event.target));
    this.stickers = popup(byId("sticker-open"), byId("sticker-tray"));
    this.extras = popup(byId("attach-open"), byId("attach-tray"));
    byId("sticker-tray").append(...Object.entries(STICKERS).map(([id, name]) => this.#sticker(id, name)));
    byId("attach-tray").append(...this.#attachments());
  }

  quote(bubble) {
    this.quoted = bubble.message_id;
    byId("quoting-who").textContent = bubble.from === "person" ? "Trả lời tin của bạn" : "Trả lời đơn vị";
    byId("quoting-words").textContent = words.brief(bubble);
    byId("quoting").hidden = false;
    this.field.focus();
  }

  /** True when there was a quote to drop. */
  dropQuote() {
    const had = this.quoted !== null;
    this.quoted = null;
    byId("quoting").hidden = true;
    if (had) this.field.focus();
    return had;
  }

  clear() {
    this.field.value = "";
    this.quoted = null;
    byId("quoting").hidden = true;
    this.#fit();
  }

  /** Sends what is written; on failure it stays, and "Thử lại" comes here again. */
  async submit() {
    const text = this.field.value.trim();
    if (!text || this.busy) return;
    this.busy = true; // Enter pressed twice is still one message
    const sent = await this.send(this.quoted ? { text, quote: this.quoted } : { text }, () => this.submit());
    this.busy = false;
    if (sent) this.clear();
  }

  #fit() {
    this.field.style.height = "auto";
    this.field.style.height = `${Math.min(this.field.scrollHeight, TALLEST_PX)}px`;
    byId("send").classList.toggle("ready", Boolean(this.field.value.trim()));
  }

  #paste(event) {
    const file = [...event.clipboardData.files][0];
    if (!file) return;
    event.preventDefault();
    this.upload(file, file.name || "anh.png", file.type.startsWith("image/") ? "image" : null);
  }

  async #chosen(input) {
    const file = input.files[0];
    if (file) await this.upload(file, file.name, input.dataset.kind || null);
    input.value = "";
  }

  #choose(kind, accept) {
    const input = byId("file-input");
    input.accept = accept;
    input.dataset.kind = kind;
    input.click();
  }

  #sticker(id, name) {
    const send = () => {
      this.stickers.close();
      this.send({ sticker: id });
    };
    return h("button", { type: "button", class: "sticker-choice", "aria-label": name, onclick: send }, drawing("stickers", `s${id}`, "sticker-drawing"));
  }

  #attachments() {
    const own = [
      ["image", "Ảnh", () => this.#choose("", "image/*")],
      ["file", "Tệp", () => this.#choose("", "")],
      ["voice", "Ghi âm", () => this.#choose("audio", "audio/*")],
      ["pin", "Vị trí", () => this.#location()],
      ["card", "Danh thiếp", () => this.#card()],
      ["link", "Liên kết", () => this.#link()],
    ];
    const samples = SAMPLES.map((sample) => [sample.icon, sample.title, async () => this.upload(await sample.make(), sample.name, sample.kind)]);
    return [...own, ...samples].map(([picture, title, run]) =>
      h("button", { type: "button", class: "attach-choice", onclick: () => { this.extras.close(); run(); } }, icon(picture), h("span", {}, title)));
  }

  async #location() {
    const answer = await ask({
      title: "Gửi vị trí", ok: "Gửi",
      fields: [
        { name: "latitude", label: "Vĩ độ", value: "21.0285" },
        { name: "longitude", label: "Kinh độ", value: "105.8542" },
      ],
    });
    if (answer) this.send({ location: answer });
  }

  async #card() {
    const answer = await ask({
      title: "Gửi danh thiếp", ok: "Gửi",
      fields: [
        { name: "name", label: "Họ tên", value: "Trần Văn Minh" },
        { name: "phone", label: "Số điện thoại", value: "0900000001", type: "tel" },
      ],
    });
    if (answer) this.send({ business_card: answer });
  }

  async #link() {
    const answer = await ask({
      title: "Gửi liên kết", ok: "Gửi",
      fields: [
        { name: "url", label: "Địa chỉ", value: "https://dichvucong.gov.vn", type: "url" },
        { name: "description", label: "Tiêu đề", value: "Cổng Dịch vụ công quốc gia", required: false },
      ],
    });
    if (answer) this.send({ link: answer });
  }
}
