// Keyboard shortcuts for the queue. Every page of the desk works without this script.
"use strict";

(() => {
  const KEPT = "desk-shortcuts-off";
  const cases = () => [...document.querySelectorAll(".case")];
  const current = () => document.activeElement?.closest(".case");
  const help = document.getElementById("help");
  const box = document.getElementById("shortcuts-on");

  const focusCase = (one) => {
    if (!one) return;
    one.focus({ preventScroll: true });
    one.scrollIntoView({ block: "start" });
  };

  const step = (by) => {
    const all = cases();
    const at = all.indexOf(current());
    focusCase(at < 0 ? all[by > 0 ? 0 : all.length - 1] : all[at + by]);
  };

  const press = (name) => {
    const one = current() ?? document.querySelector(".case.alone");
    one?.querySelector(`button[name="${name}"]`)?.click();
  };

  const actions = {
    j: () => step(1),
    k: () => step(-1),
    a: () => press("approve"),
    s: () => press("spam"),
    d: () => press("delete"),
    u: () => document.querySelector('button[data-key="u"]')?.click(),
    x: () => current()?.querySelector('input[type="checkbox"]')?.click(),
    "?": () => {
      if (!help) return;
      help.open = !help.open;
      if (help.open) help.querySelector("summary").focus();
    },
  };

  const FIELDS = "input:not([type=checkbox]), textarea, select, [contenteditable]";
  const isTyping = (target) => target instanceof Element && target.closest(FIELDS) !== null;

  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target instanceof Element && event.target.matches("input[type=checkbox]")) {
      event.preventDefault(); // it would send the form
      return;
    }
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    if (event.repeat && !"jk".includes(event.key)) return;
    if (isTyping(event.target) || (box && !box.checked) || !Object.hasOwn(actions, event.key)) return;
    event.preventDefault();
    actions[event.key]();
  });

  if (box) {
    box.closest(".shortcuts").hidden = false;
    try {
      box.checked = localStorage.getItem(KEPT) === null;
      box.addEventListener("change", () => (box.checked ? localStorage.removeItem(KEPT) : localStorage.setItem(KEPT, "1")));
    } catch {
      // The browser keeps nothing for this site, so the choice lasts as long as the page.
    }
  }

  const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
  if (target && target.matches(".case")) focusCase(target);
})();
