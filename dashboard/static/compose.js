"use strict";
// Shows beside the form what is being written.
for (const field of document.querySelectorAll("[data-preview]")) {
  const place = document.getElementById(field.dataset.preview);
  field.addEventListener("input", () => { place.textContent = field.value; });
}
// Counts anew whom the chosen audience takes in; the button is for who has no scripts.
const counted = document.querySelector("[data-count]");
if (counted) {
  const form = counted.closest("form");
  const audience = form.querySelector("fieldset");
  document.querySelector("[data-without-script]").hidden = true;
  let asked = 0;
  audience.addEventListener("change", async () => {
    const number = ++asked;
    const said = new FormData(form);
    said.delete("picture"); // nothing to count in it
    const answer = await fetch(counted.dataset.count, { method: "POST", body: said, headers: { "X-Part": "1" }, redirect: "error" }).catch(() => null);
    if (number !== asked || !answer || answer.status !== 200) return; // an older answer, or none
    counted.textContent = (await answer.text()).trim();
  });
}
