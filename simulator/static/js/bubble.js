// Draws one message: text with its numbered choices, media, cards, buttons, quote.

import { ownAddress } from "./api.js";
import { drawing, h, icon } from "./dom.js";
import { readLinks, readText } from "./menu.js";
import * as words from "./words.js";

export const STICKERS = {
  9001: "Xin chào", 9002: "Cảm ơn", 9003: "Tuyệt vời", 9004: "Cười",
  9005: "Buồn", 9006: "Hỏi", 9007: "Xong rồi", 9008: "Hoa sen",
};

const CHIP_LETTERS = 14; // longer ones would wrap in half a bubble: a row each

const outward = { target: "_blank", rel: "noopener noreferrer" };
const shownLink = (url, ...inside) => {
  const href = ownAddress(url);
  return href ? h("a", { href, ...outward }, ...inside) : h("span", {}, ...inside);
};

function linked(text) {
  return readLinks(text).map((part) => (part.url ? shownLink(part.url, part.text) : part.text));
}

/** Text of a message. While `live`, its numbered choices are buttons that call `choose`. */
export function textBody(bubble, live, choose) {
  if (!live) return h("div", { class: "words" }, h("p", {}, linked(bubble.text)));
  const choice = ({ number, label }) =>
    h("button", { type: "button", class: "choice", onclick: () => choose(number) },
      h("b", {}, number), h("span", { class: "hidden-text" }, ". "), h("span", {}, label));
  const shape = ({ kind, options }) => (options.some(({ label }) => label.length > CHIP_LETTERS) ? "list" : kind);
  const parts = readText(bubble.text).map((segment) =>
    segment.kind === "text" ? h("p", {}, linked(segment.text)) : h("div", { class: shape(segment) }, segment.options.map(choice)));
  return h("div", { class: "words" }, parts);
}

export const hasChoices = (bubble) =>
  Boolean(bubble.text) && readText(bubble.text).some((segment) => segment.kind !== "text");

function picture(attachment, alt) {
  const address = ownAddress(attachment.url ?? attachment.thumbnail ?? "");
  const missing = () => h("span", { class: "no-picture" }, icon("image"), "Không tải được ảnh");
  if (!address) return missing();
  const image = h("img", { src: address, alt, decoding: "async", onerror: () => image.replaceWith(missing()) });
  return h("a", { class: "picture", href: address, ...outward }, image);
}

function card(iconName, title, ...lines) {
  return h("div", { class: "card" }, h("span", { class: "card-icon" }, icon(iconName)),
    h("div", { class: "card-text" }, h("strong", {}, title), lines.filter(Boolean).map((line) => h("span", {}, line))));
}

function host(url) {
  try { return new URL(url).host; } catch { return url; }
}

const ATTACHMENTS = {
  image: (item) => picture(item, item.description || "Ảnh"),
  gif: (item) => picture(item, item.description || "Ảnh động"),
  sticker: (item) => h("span", { class: "sticker", role: "img", "aria-label": `Hình dán: ${STICKERS[item.id] ?? "khác"}` },
    drawing("stickers", STICKERS[item.id] ? `s${item.id}` : "unknown", "sticker-drawing")),
  file: (item) => shownLink(item.url, card("file", item.name || "Tệp", [item.type, words.fileSize(item.size)].filter(Boolean).join(" · "))),
  audio: (item) => h("audio", { controls: true, preload: "none", src: ownAddress(item.url ?? ""), "aria-label": "Ghi âm" }),
  video: (item) => h("video", { controls: true, preload: "metadata", src: ownAddress(item.url ?? ""), "aria-label": "Video" }),
  location: (item) => card("pin", "Vị trí", `${item.latitude}, ${item.longitude}`),
  business_card: (item) => card("card", item.name || "Danh thiếp", item.phone),
  link: (item) => shownLink(item.url, card("link", item.description || item.name || host(item.url), host(item.url))),
  article: (item) => shownLink(item.url, card("file", item.name || item.description || "Bài viết", item.url && host(item.url))),
};

function attachments(bubble) {
  return (bubble.attachments ?? []).map((item) => {
    const draw = ATTACHMENTS[item.kind] ?? (() => card("file", item.name || item.kind));
    const drawn = draw(item);
    if (drawn.tagName === "A" && drawn.querySelector(".card")) drawn.classList.add("card-link");
    return drawn;
  });
}

function elements(bubble, actions) {
  return (bubble.elements ?? []).map((element, index) => {
    const inside = [
      h("span", { class: "element-text" }, h("strong", {}, element.title ?? ""), element.subtitle ? h("span", {}, element.subtitle) : null),
    ];
    const address = element.image_url && ownAddress(element.image_url);
    if (address) inside.push(h("img", { src: address, alt: "", onerror: (event) => event.target.remove() }));
    const press = bubble.kind === "request_user_info" ? () => actions.share(bubble) : () => actions.press(bubble, { element: index });
    const can = bubble.kind === "request_user_info" || element.default_action;
    return can ? h("button", { type: "button", class: "element", onclick: press }, inside) : h("div", { class: "element" }, inside);
  });
}

function buttons(bubble, actions) {
  const list = (bubble.buttons ?? []).map((button, index) =>
    h("button", { type: "button", class: "oa-button", onclick: () => actions.press(bubble, { button: index }) },
      button.type === "oa.open.url" ? icon("link") : null, button.type === "oa.open.phone" ? icon("phone") : null,
      h("span", {}, button.title)));
  if (bubble.kind === "request_user_info") {
    list.push(h("button", { type: "button", class: "oa-button", onclick: () => actions.share(bubble) }, "Chia sẻ thông tin"));
  }
  return list.length ? h("div", { class: "oa-buttons" }, list) : null;
}

function quote(bubble, actions) {
  if (!bubble.quote) return null;
  const who = bubble.quote.from === "person" ? "Bạn" : "Đơn vị";
  return h("button", { type: "button", class: "quote", onclick: () => actions.jump(bubble.quote.message_id) },
    h("strong", {}, who), h("span", { class: "hidden-text" }, " đã viết: "), h("span", {}, words.brief(bubble.quote)));
}

/** The inside of a bubble without its time line. `actions`: press, share, jump, choose. */
export function drawBubble(bubble, live, actions) {
  const media = attachments(bubble);
  // A picture or sticker alone stands without the white box, as on the phone.
  const bare = ["image", "gif", "sticker"].includes(bubble.kind) && !bubble.text && !bubble.quote && !bubble.buttons?.length;
  const repeated = ["location", "business_card"].includes(bubble.kind); // the card says it all
  const text = bubble.text && !repeated ? textBody(bubble, live, actions.choose) : null;
  return h("div", { class: bare ? "bubble bare" : "bubble" }, quote(bubble, actions), media, text, elements(bubble, actions), buttons(bubble, actions));
}
