// Building elements: text always goes in as text, never as HTML, whatever a message says.

export const byId = (id) => document.getElementById(id);

const STATIC = document.body.dataset.static;

/** h("button", {class: "x", onclick: f}, "Gửi"): one element with attributes and children. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** A drawing out of one of our SVG sheets. */
export function drawing(sheet, name, className) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  const use = document.createElementNS(space, "use");
  svg.setAttribute("class", className);
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `${STATIC}${sheet}.svg#${name}`);
  svg.append(use);
  return svg;
}

export const icon = (name) => drawing("icons", name, "icon");

/** A round avatar with the initials of the last two names, in a colour of its own;
    what stands in brackets is no part of a name. */
export function paintAvatar(element, name, key) {
  const words = name.replace(/\(.*?\)/g, "").replace(/[^\p{L}\p{N} ]/gu, " ").split(" ").filter(Boolean);
  element.textContent = words.slice(-2).map((word) => [...word][0]).join("").toUpperCase() || "?";
  let sum = 0;
  for (const letter of key) sum = (sum * 31 + letter.codePointAt(0)) % 360;
  // 30 % lightness keeps white letters above 4.5:1 on every hue.
  element.style.background = `hsl(${sum} 55% 30%)`;
  return element;
}

/** A button that opens a small popup: Esc and a press elsewhere close it again. */
export function popup(button, box) {
  const set = (open) => {
    box.hidden = !open;
    button.setAttribute("aria-expanded", String(open));
  };
  button.addEventListener("click", () => {
    set(box.hidden);
    if (!box.hidden) box.querySelector("button")?.focus();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || box.hidden) return;
    event.stopImmediatePropagation();
    set(false);
    button.focus();
  });
  document.addEventListener("click", (event) => {
    if (!box.hidden && !box.contains(event.target) && !button.contains(event.target)) set(false);
  });
  return { close: () => set(false) };
}

/** Remembers a small choice of the tester; a browser that keeps nothing still works. */
export const memory = {
  get(key) {
    try { return localStorage.getItem(`simulator.${key}`); } catch { return null; }
  },
  set(key, value) {
    try { localStorage.setItem(`simulator.${key}`, value); } catch { /* nothing is kept */ }
  },
};
