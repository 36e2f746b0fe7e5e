// Drawers of the small screen, the size of the letters, and the Esc key.

import { byId, memory } from "./dom.js";

const WIDE = matchMedia("(min-width: 1200px)"); // the same width as in panel.css

/** A column that is a drawer on small screens: what lies behind it cannot be reached. */
export class Drawer {
  static all = [];

  constructor(name, opened = () => {}) {
    Object.assign(this, { box: byId(name), opener: byId(`${name}-open`), opened, isOpen: false });
    Drawer.all.push(this);
    this.opener.addEventListener("click", () => this.set(true));
    byId(`${name}-close`).addEventListener("click", () => this.set(false));
    WIDE.addEventListener("change", () => this.set(false, false));
    this.set(false, false);
  }

  set(open, moveFocus = true) {
    this.isOpen = open && !WIDE.matches;
    this.box.classList.toggle("open", this.isOpen);
    this.box.inert = !WIDE.matches && !this.isOpen;
    this.opener.setAttribute("aria-expanded", String(this.isOpen));
    const any = Drawer.all.some((drawer) => drawer.isOpen);
    document.querySelector(".stage").inert = any;
    document.querySelector(".skip").inert = any;
    byId("shade").hidden = !any;
    if (moveFocus && !WIDE.matches) (this.isOpen ? this.box.querySelector("button") : this.opener).focus();
    if (this.isOpen) this.opened();
  }
}

const SIZES = [["thường", ""], ["lớn", "large"], ["rất lớn", "larger"]];

export function textSizes() {
  const button = byId("text-size");
  let at = Math.max(0, SIZES.findIndex(([, name]) => name === memory.get("text-size")));
  const apply = () => {
    document.documentElement.dataset.text = SIZES[at][1];
    button.setAttribute("aria-label", `Cỡ chữ: ${SIZES[at][0]}`);
  };
  button.addEventListener("click", () => {
    at = (at + 1) % SIZES.length;
    memory.set("text-size", SIZES[at][1]);
    apply();
  });
  apply();
}

/** Esc closes the topmost thing: `closers` answer true when they had something to close. */
export function escape(...closers) {
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || byId("ask").open) return;
    const open = Drawer.all.find((drawer) => drawer.isOpen);
    if (open) open.set(false);
    else closers.some((close) => close());
  });
  byId("shade").addEventListener("click", () => Drawer.all.find((drawer) => drawer.isOpen)?.set(false));
}
