"use strict";
// Looks every few seconds whether a part of the page has changed; without it: reload.
const EVERY_MS = 8000;
for (const part of document.querySelectorAll("[data-live]")) {
  let seen = "";
  const look = async () => {
    if (document.hidden) return;
    const answer = await fetch(`${part.dataset.live}?seen=${seen}`, { redirect: "error" }).catch(() => null);
    if (!answer || answer.status !== 200) return;
    const held = part.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    part.innerHTML = await answer.text(); // our own server's template, escaped there
    seen = answer.headers.get("X-Digest") || "";
    if (held) part.querySelector(`a[href="${CSS.escape(held)}"]`)?.focus();
    part.dispatchEvent(new CustomEvent("renewed"));
  };
  setInterval(look, EVERY_MS);
  if ("liveAtOnce" in part.dataset) look(); // what the page came without
}
