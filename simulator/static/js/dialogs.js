// One dialog for every small form and question. Esc and "Thôi" answer null.

import { byId, h } from "./dom.js";

/** ask({title, text, ok, danger, fields}) → {name: value} or null when given up.
    A field is {name, label, value, type, required, choices: [[value, words], …]}. */
export function ask({ title, text = "", ok, danger = false, fields = [] }) {
  const dialog = byId("ask");
  const form = byId("ask-form");
  byId("ask-title").textContent = title;
  byId("ask-text").textContent = text;
  byId("ask-text").hidden = !text;
  byId("ask-fields").replaceChildren(...fields.map(fieldRow));
  byId("ask-ok").textContent = ok;
  byId("ask-ok").classList.toggle("danger", danger);
  byId("ask-cancel").onclick = () => dialog.close("");
  form.onsubmit = (event) => {
    event.preventDefault();
    dialog.close("ok");
  };
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    const closed = () => resolve(dialog.returnValue === "ok" ? Object.fromEntries(new FormData(form)) : null);
    dialog.addEventListener("close", closed, { once: true });
  });
}

function fieldRow({ name, label, value = "", type = "text", required = true, choices }) {
  const id = `ask-${name}`;
  const common = { id, name, required };
  const options = (choices ?? []).map(([key, words]) => h("option", { value: key, selected: key === value }, words));
  const field = choices ? h("select", common, options) : h("input", { ...common, type, value });
  return h("p", { class: "field" }, h("label", { for: id }, label), field);
}
