// The cast: who holds the phone, and which official account the chat is with.

import { byId, h, paintAvatar } from "./dom.js";
import * as words from "./words.js";

/** Age and note; a note that tells the age already is not preceded by it. */
function about({ age, note = "" }) {
  const told = !age || note.startsWith(`${age} tuổi`);
  return [told ? "" : `${age} tuổi`, note].filter(Boolean).join(" · ");
}

const unread = (person) =>
  Object.values(person.accounts ?? {}).reduce((sum, account) => sum + (account.unread ?? 0), 0);

/** The list of people; drawn again only when something in it changed. */
export function showPeople(people, current, choose) {
  const list = byId("people-list");
  const key = JSON.stringify([current, people.map((person) => [person.key, person.display_name, about(person), person.role, unread(person)])]);
  if (list.dataset.drawn === key) return;
  list.dataset.drawn = key;
  const focused = document.activeElement?.dataset?.person;
  list.replaceChildren(...people.map((person) => row(person, person.key === current, choose)));
  if (focused) list.querySelector(`[data-person="${CSS.escape(focused)}"]`)?.focus();
}

function row(person, isCurrent, choose) {
  const count = isCurrent ? 0 : unread(person);
  return h("li", {}, h("button", { type: "button", class: "person", "data-person": person.key, "aria-current": isCurrent ? "true" : null, onclick: () => choose(person.key) },
    paintAvatar(h("span", { class: "avatar", "aria-hidden": "true" }), person.display_name, person.key),
    h("span", { class: "person-text" }, h("strong", {}, person.display_name), words.ROLES[person.role] ? h("em", {}, words.ROLES[person.role]) : null, h("small", {}, about(person))),
    count ? h("span", { class: "unread" }, String(count), h("span", { class: "hidden-text" }, " tin chưa đọc")) : null));
}

/** The account chooser above the chat; hidden while there is only one. */
export function showAccounts(accounts, person, current) {
  const select = byId("account");
  const follows = (account) => person.accounts?.[account.oa_id]?.follows;
  const groups = [["Đang quan tâm", accounts.filter(follows)], ["Chưa quan tâm", accounts.filter((account) => !follows(account))]];
  const key = JSON.stringify(groups.map(([, members]) => members.map(({ oa_id, name }) => [oa_id, name])));
  if (select.dataset.drawn !== key) {
    select.dataset.drawn = key;
    select.replaceChildren(...groups.filter(([, members]) => members.length).map(([label, members]) =>
      h("optgroup", { label }, members.map((account) => h("option", { value: account.oa_id }, account.name)))));
  }
  select.value = current;
  byId("account-row").hidden = accounts.length < 2;
}

/** Head of the chat: name and kind of the account, the window, who holds the phone. */
export function showHead(account, person) {
  const relation = person.accounts?.[account.oa_id] ?? {};
  const [title, explained] = words.WINDOWS[relation.window] ?? ["", ""];
  byId("oa-name").textContent = account.name;
  byId("oa-kind").textContent = words.KINDS[account.kind] ?? "";
  const badge = byId("window-badge");
  badge.textContent = title;
  badge.title = explained;
  badge.dataset.window = relation.window ?? "";
  badge.hidden = !title;
  byId("follow-row").hidden = Boolean(relation.follows);
  byId("me-name").textContent = person.display_name;
  paintAvatar(byId("me-avatar"), person.display_name, person.key);
  document.title = `${person.display_name} – ${account.name} – Điện thoại mô phỏng`;
}
