// Puts the page together: who and where (kept in the address), the polling, the actions.

import * as api from "./api.js";
import { AccountPane } from "./account.js";
import { ChatLog } from "./chat.js";
import { ClockPane } from "./clock.js";
import { Composer } from "./composer.js";
import { ask } from "./dialogs.js";
import { byId, h, popup } from "./dom.js";
import { Faults } from "./faults.js";
import { Drawer, escape, textSizes } from "./layout.js";
import { CALLS, TrafficLog, WEBHOOKS } from "./logs.js";
import { Panel } from "./panel.js";
import { showAccounts, showHead, showPeople } from "./people.js";

const POLL_MS = 500;
const EAGER_POLL_MS = 250; // for EAGER_MS after something was sent
const EAGER_MS = 5000;
const HIDDEN_POLL_MS = 3000;
const RETRY_MS = 3000;
const TYPING_MS = 3000; // the bot answers within moments, or not at all
const FIRST_BUBBLES = 200;
const MORE_BUBBLES = 500;

const EXAMPLES = [
  "Làm giấy khai sinh cho con cần những gì?",
  "dang ky ket hon mat bao nhieu tien",
  "Quyết định 749/QĐ-TTg nói về gì?",
];

const here = { people: [], accounts: [], person: null, oa: null, seq: null, chatSeq: null, limit: FIRST_BUBBLES, visit: 0, seenUpTo: null, eagerUntil: 0 };
const address = new URLSearchParams(location.search);
let timer = null;
let polling = false;
let again = false;
let typingTimer = null;
let retry = null;

const person = () => here.people.find((one) => one.key === here.person);
const account = () => here.accounts.find((one) => one.oa_id === here.oa);
const path = (action) => api.chatPath(here.oa, here.person, ...(action ? [action] : []));
const scope = () => ({ oa: here.oa, person: here.person, account: account(), attempt });

const chat = new ChatLog({ choose: (number) => say({ text: number }), example: (text) => say({ text }), examples: EXAMPLES, older, press, share, quote: (bubble) => composer.quote(bubble), react });
const composer = new Composer({ send: say, upload });
const faults = new Faults(byId("pane-faults"), attempt);
const clock = new ClockPane(byId("pane-clock"), attempt);
const panel = new Panel({
  webhook: new TrafficLog(byId("pane-webhook"), WEBHOOKS, scope),
  api: new TrafficLog(byId("pane-api"), CALLS, scope),
  faults, clock,
  account: new AccountPane(byId("pane-account"), scope, loadCast),
}, rememberPanel);
const peopleDrawer = new Drawer("people");
const panelDrawer = new Drawer("panel", () => guarded(() => panel.refresh()));

// ── Talking to the control API ────────────────────────────────────────────────────────

/** Runs a deed of the tester; a refusal becomes one quiet line with "Thử lại". */
async function attempt(deed, again = () => attempt(deed)) {
  try {
    await deed();
    hush();
    hurry();
    return true;
  } catch (error) {
    complain(error, again, true);
    return false;
  }
}

async function guarded(load) {
  try {
    await load();
    return true;
  } catch (error) {
    complain(error, () => guarded(load));
    return false;
  }
}

/** A lost connection heals itself; a deed that failed stays told until done or dismissed. */
function complain(error, again, isDeed = false) {
  if (!(error instanceof api.ControlError)) console.error(error);
  const notice = byId("notice");
  const unreachable = error.status === 0;
  if (!isDeed && unreachable && !notice.hidden && notice.dataset.lost === "false") return;
  retry = again;
  const lost = isDeed ? "Chưa làm được: mất liên lạc với máy mô phỏng." : "Mất liên lạc với máy mô phỏng, đang tự thử lại.";
  const text = unreachable ? lost : `Máy mô phỏng không nhận (${error.status ?? "lỗi trang"}).`;
  const detail = unreachable ? null : h("small", { lang: "en" }, error.message);
  notice.replaceChildren(h("span", {}, text, " ", detail ?? ""), h("button", { type: "button", onclick: () => retry?.() }, "Thử lại"),
    h("button", { type: "button", "aria-label": "Đóng thông báo", onclick: hush }, "✕"));
  notice.dataset.lost = String(unreachable && !isDeed);
  notice.hidden = false;
}

function hush() {
  byId("notice").hidden = true;
}

function tell(text) {
  byId("notice").replaceChildren(h("span", {}, text), h("button", { type: "button", "aria-label": "Đóng thông báo", onclick: hush }, "✕"));
  byId("notice").dataset.lost = "false";
  byId("notice").hidden = false;
}

// ── Loading and polling ───────────────────────────────────────────────────────────────

async function loadCast() {
  const [people, accounts] = await Promise.all([api.get("/people"), api.get("/accounts")]);
  here.people = people.people;
  here.accounts = accounts.accounts;
  showCast();
}

function showCast() {
  showPeople(here.people, here.person, (key) => visit(key));
  if (!person() || !account()) return;
  showAccounts(here.accounts, person(), here.oa);
  showHead(account(), person());
  showMenu();
}

/** Goes to a person's chat with an account: theirs if none is named. */
async function visit(key, oa = null) {
  const next = here.people.find((one) => one.key === key) ?? here.people[0];
  if (!next || !here.accounts.length) return tell("Chưa có nhân vật hoặc tài khoản nào.");
  const followed = here.accounts.find((one) => next.accounts?.[one.oa_id]?.follows);
  const named = here.accounts.find((one) => one.oa_id === oa);
  Object.assign(here, { person: next.key, oa: (named ?? followed ?? here.accounts[0]).oa_id, limit: FIRST_BUBBLES, seenUpTo: null });
  rememberAddress();
  composer.clear();
  hush();
  if (peopleDrawer.isOpen) peopleDrawer.set(false);
  showCast();
  return guarded(() => Promise.all([loadChat(), panel.refresh()]));
}

async function loadChat() {
  const turn = ++here.visit;
  setTyping(false);
  const answer = await api.get(path(), { limit: here.limit });
  if (turn !== here.visit) return;
  here.chatSeq = answer.seq;
  chat.show(account(), answer.bubbles, answer.bubbles.length >= here.limit && here.limit < MORE_BUBBLES);
  markSeen();
}

async function updateChat() {
  const turn = here.visit;
  const answer = await api.get(path(), { since: here.chatSeq });
  if (turn !== here.visit) return;
  if (answer.seq < here.chatSeq) return loadChat();
  here.chatSeq = answer.seq;
  if (chat.merge(answer.bubbles)) setTyping(false);
  markSeen();
}

/** A reset elsewhere leaves no bubble behind that could tell of it. */
async function checkEmptied() {
  if (chat.isEmpty) return;
  const turn = here.visit;
  const answer = await api.get(path(), { limit: 1 });
  if (turn === here.visit && !answer.bubbles.length) await loadChat();
}

function older() {
  here.limit = MORE_BUBBLES;
  return guarded(loadChat);
}

async function poll() {
  if (!here.person) return guarded(start);
  const turn = here.visit;
  const since = here.seq;
  const answer = await api.get("/changes", { since, oa_id: here.oa, chat: here.person });
  clock.take(answer.clock);
  if (turn !== here.visit) return; // the person changed meanwhile; the next poll knows better
  if (byId("notice").dataset.lost === "true") hush();
  const first = since === null;
  if (!first && answer.seq === since && !answer.changed) return;
  const emptied = !first && answer.seq < since;
  here.seq = answer.seq;
  await Promise.all([
    emptied ? loadChat() : answer.chat_changed ? updateChat() : checkEmptied(),
    loadCast(), panel.refresh(),
    (first || faults.any || answer.webhook_enabled === false) && faults.refresh(),
  ]);
}

/** One poll at a time; a tick that comes during one makes the next follow at once. */
async function tick() {
  clearTimeout(timer);
  if (polling) {
    again = true;
    return;
  }
  polling = true;
  again = false;
  let pause = document.hidden ? HIDDEN_POLL_MS : Date.now() < here.eagerUntil ? EAGER_POLL_MS : POLL_MS;
  try {
    await poll();
  } catch (error) {
    complain(error, tick);
    pause = RETRY_MS;
  }
  polling = false;
  clearTimeout(timer);
  timer = setTimeout(tick, again ? 0 : pause);
}

function hurry() {
  here.eagerUntil = Date.now() + EAGER_MS;
  clearTimeout(timer);
  timer = setTimeout(tick, 0);
}

function setTyping(on) {
  clearTimeout(typingTimer);
  chat.setTyping(on);
  if (on) typingTimer = setTimeout(() => chat.setTyping(false), TYPING_MS);
}

/** Looking at the chat is seeing its messages; said once for each newest message. */
async function markSeen() {
  const last = chat.last;
  if (document.hidden || !last || last.message_id === here.seenUpTo) return;
  if (!["oa", "admin"].includes(last.from) || last.state === "seen") return;
  here.seenUpTo = last.message_id;
  await guarded(() => api.post(path("seen")));
}

// ── What the person does ──────────────────────────────────────────────────────────────

async function say(body, again) {
  const sent = await attempt(() => api.post(path("say"), body), again);
  if (sent) setTyping(true);
  return sent;
}

async function upload(blob, name, kind) {
  const form = new FormData();
  form.append("file", blob, name);
  if (kind) form.append("kind", kind);
  const sent = await attempt(() => api.upload(path("upload"), form));
  if (sent) setTyping(true);
}

async function press(bubble, which) {
  let answer = null;
  const done = await attempt(async () => { answer = await api.post(path("press"), { message_id: bubble.message_id, ...which }); });
  if (!done) return;
  const target = answer.open ?? "";
  if (/^https?:/.test(target)) window.open(api.ownAddress(target), "_blank", "noopener");
  else if (target) tell(`Điện thoại sẽ mở: ${target}`);
  else setTyping(true);
}

function react(bubble, icon) {
  return attempt(() => api.post(path("react"), { message_id: bubble.message_id, icon }));
}

async function share() {
  const info = await ask({
    title: "Chia sẻ thông tin", text: `Gửi cho ${account().name}. Đây là dữ liệu thử, đừng nhập thông tin thật.`, ok: "Chia sẻ",
    fields: [
      { name: "name", label: "Họ tên", value: person().display_name },
      { name: "phone", label: "Số điện thoại", value: person().phone ?? "", type: "tel" },
      { name: "user_city", label: "Tỉnh, thành phố", required: false },
      { name: "user_ward", label: "Xã, phường", required: false },
      { name: "user_address", label: "Địa chỉ", required: false },
    ],
  });
  if (info) await attempt(() => api.post(path("submit_info"), info));
}

function showMenu() {
  const relation = person().accounts?.[here.oa] ?? {};
  const item = (title, run, danger) => h("button", { type: "button", class: danger ? "danger" : null, onclick: () => { more.close(); run(); } }, title);
  const key = JSON.stringify([relation.follows, here.person, here.oa]);
  const menu = byId("more-menu");
  if (menu.dataset.drawn === key) return;
  menu.dataset.drawn = key;
  menu.replaceChildren(
    relation.follows ? item("Bỏ quan tâm", () => attempt(() => api.post(path("unfollow")))) : item("Quan tâm", follow),
    item("Bấm nút “Nhắn tin” (chưa viết gì)", () => attempt(() => api.post(path("chatnow")))),
    item("Yêu cầu xoá dữ liệu của tôi", withdraw, true),
    item("Xoá hội thoại…", reset, true));
}

function follow() {
  return attempt(() => api.post(path("follow")));
}

async function withdraw() {
  const sure = await ask({ title: "Yêu cầu xoá dữ liệu?", text: `${account().name} sẽ nhận yêu cầu xoá mọi dữ liệu của ${person().display_name}.`, ok: "Gửi yêu cầu", danger: true });
  if (sure) await attempt(() => api.post(path("withdraw")));
}

async function reset() {
  const sure = await ask({
    title: "Xoá hội thoại?", ok: "Xoá hết", danger: true,
    text: "Xoá hội thoại của mọi nhân vật, nhật ký, sự cố đang giả, và đưa đồng hồ về giờ thật. Nhân vật và tài khoản vẫn còn; những gì trợ lý đã ghi nhớ thì không đổi.",
  });
  if (!sure) return;
  await attempt(async () => {
    await api.post("/reset");
    await Promise.all([loadChat(), faults.refresh()]);
  });
}

async function newPerson() {
  const answer = await ask({
    title: "Thêm người mới", ok: "Thêm", text: "Người này chưa quan tâm và chưa nhắn cho tài khoản nào.",
    fields: [
      { name: "display_name", label: "Họ tên" },
      { name: "age", label: "Tuổi", type: "number", required: false },
      { name: "note", label: "Ghi chú", required: false },
    ],
  });
  if (!answer) return;
  const { age, ...rest } = answer;
  let made = null;
  await attempt(async () => {
    made = await api.post("/people", age ? { ...rest, age: Number(age) } : rest);
    await loadCast();
  });
  if (made) await visit(made.key, here.oa);
}

// ── The address, the start ────────────────────────────────────────────────────────────

function rememberAddress() {
  address.set("as", here.person);
  address.set("oa", here.oa);
  history.replaceState(null, "", `?${address}`);
}

function rememberPanel(name) {
  address.set("panel", name);
  history.replaceState(null, "", `?${address}`);
}

async function start() {
  await loadCast();
  await visit(address.get("as"), address.get("oa"));
}

const more = popup(byId("more"), byId("more-menu"));
byId("account").addEventListener("change", (event) => visit(here.person, event.target.value));
byId("follow").addEventListener("click", follow);
byId("person-new").addEventListener("click", newPerson);
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  markSeen();
  tick();
});
textSizes();
escape(() => chat.closeActions(), () => composer.dropQuote());
if (address.get("panel")) {
  panel.show(address.get("panel"));
  panelDrawer.set(true, false);
}
tick();
