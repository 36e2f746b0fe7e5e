// One key a decision: a accept, r reject, n next, u undo. Never while somebody is writing.
"use strict";

const WRITING = "input:not([type=checkbox]), select, textarea";

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.target.matches(WRITING)) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const button = document.querySelector(`[data-keys] [data-key="${CSS.escape(event.key.toLowerCase())}"]`);
  if (!button) return;
  event.preventDefault();
  const wanted = button.dataset.needs && document.getElementById(`${button.dataset.needs}-chosen`);
  const written = button.dataset.needs && document.getElementById(button.dataset.needs);
  if (wanted && !wanted.value && !written.value.trim()) {
    wanted.focus(); // a rejection says why; r again, or the button, sends it
    return;
  }
  button.click();
});

// From the list of reasons, Enter goes on as the button would.
document.querySelectorAll("[data-keys] select[name=reason_chosen]").forEach((select) => {
  select.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && select.value) {
      event.preventDefault();
      select.form.querySelector("[value=reject]").click();
    }
  });
});
