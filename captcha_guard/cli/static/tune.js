"use strict";
// The server renders the whole page for any state of the form. While a slider moves, this script requests the page and
// replaces its parts. Without the script, the buttons do the same.

const form = document.querySelector("form");
const notice = document.getElementById("status");
const readingNotice = document.getElementById("reading-status");
const readings = document.getElementById("readings");
const copy = document.getElementById("copy");
const DRAWN = ["pictures", "cost", "config", "style_rotation-hint", "presets"];

let wanted = null;
let busy = false;
let reading = false;

function query(button) {
  return new URLSearchParams(new FormData(form, button)).toString();
}

async function draw(requested) {
  wanted = requested;
  if (busy) return;
  busy = true;
  try {
    while (wanted !== null) {
      const next = wanted;
      wanted = null;
      await show(next);
    }
  } catch {
    notice.textContent = "The command has ended. Start it again, then reload this page.";
  } finally {
    busy = false;
  }
}

async function show(requested) {
  const response = await fetch(`/?${requested}`);
  const text = await response.text();
  if (!response.ok) {
    notice.textContent = text;
    return;
  }
  const page = new DOMParser().parseFromString(text, "text/html");
  const parts = DRAWN.map((id) => document.importNode(page.getElementById(id), true));
  const images = parts.flatMap((part) => [...part.querySelectorAll("img")]);
  await Promise.allSettled(images.map((image) => image.decode()));
  if (notice.textContent) notice.textContent = "";
  for (const part of parts) replace(document.getElementById(part.id), part);
  if (!reading && readings.childElementCount) readingNotice.textContent = "Results for earlier settings:";
  // While a slider is moving, this answer is older than its position.
  if (wanted === null) settle(page);
}

// This takes one to three minutes. The sliders still work in the meantime.
async function read(requested) {
  if (reading) return;
  reading = true;
  readings.replaceChildren();
  readingNotice.textContent = "The programs are reading. This takes one to three minutes.";
  try {
    const response = await fetch(`/?${requested}`);
    const text = await response.text();
    if (response.ok) {
      const page = new DOMParser().parseFromString(text, "text/html");
      readings.replaceChildren(...document.importNode(page.getElementById("readings"), true).childNodes);
    } const now = new URLSearchParams(requested); now.delete("read"); readingNotice.textContent = response.ok ?
    (now.toString() === query() ? "" : "Results for earlier settings:") : text;
  } catch {
    readingNotice.textContent = "The command has ended. Start it again, then reload this page.";
  } finally {
    reading = false;
  }
}

function replace(old, fresh) {
  if (old.id === "presets") {
    old.querySelectorAll("button").forEach((button, place) => {
      button.setAttribute("aria-pressed", fresh.children[place].getAttribute("aria-pressed"));
    });
  } else {
    old.replaceChildren(...fresh.childNodes);
  }
}

function settle(page) {
  for (const field of page.querySelectorAll("input[name]")) {
    const here = form.elements[field.name];
    if (here !== document.activeElement && here.value !== field.value) here.value = field.value;
    showValue(here);
  }
  history.replaceState(null, "", `/?${query()}`);
}

function showValue(field) {
  const shown = document.getElementById(`${field.id}-value`);
  if (shown) shown.textContent = field.value;
}

form.addEventListener("input", (event) => {
  if (!event.target.name) return;
  showValue(event.target);
  if (event.target.validity.valid) draw(query());
});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const requested = query(event.submitter);
  if (event.submitter?.name === "read") read(requested);
  else draw(requested);
});

copy.hidden = !navigator.clipboard;
copy.addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText(document.getElementById("config").textContent);
    notice.textContent = "Copied.";
  } catch {
    getSelection().selectAllChildren(document.getElementById("config"));
    notice.textContent = "The browser doesn't allow copying. The lines are selected.";
  }
});
