// The side panel: tabs by the WAI-ARIA pattern, and which of them is in front.

import { byId } from "./dom.js";

const NAMES = ["webhook", "api", "faults", "account", "clock"];

export class Panel {
  /** `panes`: {name: object with refresh()}; `changed(name)` hears which tab is in front. */
  constructor(panes, changed) {
    Object.assign(this, { panes, changed, current: "webhook" });
    for (const name of NAMES) {
      byId(`tab-${name}`).addEventListener("click", () => this.show(name));
      byId(`tab-${name}`).addEventListener("keydown", (event) => this.#key(event, name));
    }
  }

  show(name) {
    if (!NAMES.includes(name)) return;
    this.current = name;
    for (const other of NAMES) {
      const front = other === name;
      byId(`tab-${other}`).setAttribute("aria-selected", String(front));
      byId(`tab-${other}`).tabIndex = front ? 0 : -1;
      byId(`pane-${other}`).hidden = !front;
    }
    this.changed(name);
    this.refresh();
  }

  /** Fetches what the tab in front shows; the others wait until they are looked at. */
  refresh() {
    return this.panes[this.current].refresh();
  }

  #key(event, name) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const ends = { Home: NAMES[0], End: NAMES.at(-1) }[event.key];
    const next = ends ?? (step && NAMES[(NAMES.indexOf(name) + step + NAMES.length) % NAMES.length]);
    if (!next) return;
    event.preventDefault();
    this.show(next);
    byId(`tab-${next}`).focus();
  }
}
