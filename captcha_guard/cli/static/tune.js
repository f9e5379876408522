"use strict";
// The server renders the whole page for any state of the form. This script requests it while a slider moves and replaces
// the parts of the page. Without the script, the buttons do the same.

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

async function draw(asked) {
  wanted = asked;
  if (busy) return;
  busy = true;
  try {
    while (wanted !== null) {
      const next = wanted;
      wanted = null;
      await show(next);
    }
  } catch {
    notice.textContent = "No answer: the command has ended. Start it again and reload this page.";
  } finally {
    busy = false;
  }
}

async function show(asked) {
  const response = await fetch(`/?${asked}`);
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
  if (!reading && readings.childElementCount) readingNotice.textContent = "Read of earlier settings:";
  // While a slider is moving, this answer is older than its position.
  if (wanted === null) settle(page);
}

// Takes one to three minutes; the sliders can be used meanwhile.
async function read(asked) {
  if (reading) return;
  reading = true;
  readings.replaceChildren();
  readingNotice.textContent = "The programs are reading. This takes one to three minutes.";
  try {
    const response = await fetch(`/?${asked}`);
    const text = await response.text();
    if (response.ok) {
      const page = new DOMParser().parseFromString(text, "text/html");
      readings.replaceChildren(...document.importNode(page.getElementById("readings"), true).childNodes);
    }
    const now = new URLSearchParams(asked);
    now.delete("read");
    readingNotice.textContent = response.ok ? (now.toString() === query() ? "" : "Read of earlier settings:") : text;
  } catch {
    readingNotice.textContent = "No answer: the command has ended. Start it again and reload this page.";
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
    tell(here);
  }
  history.replaceState(null, "", `/?${query()}`);
}

function tell(field) {
  const shown = document.getElementById(`${field.id}-value`);
  if (shown) shown.textContent = field.value;
}

form.addEventListener("input", (event) => {
  if (!event.target.name) return;
  tell(event.target);
  if (event.target.validity.valid) draw(query());
});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const asked = query(event.submitter);
  if (event.submitter?.name === "read") read(asked);
  else draw(asked);
});

copy.hidden = !navigator.clipboard;
copy.addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText(document.getElementById("config").textContent);
    notice.textContent = "Copied.";
  } catch {
    getSelection().selectAllChildren(document.getElementById("config"));
    notice.textContent = "The browser does not let me copy; the lines are selected.";
  }
});
