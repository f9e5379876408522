// Renews codes without reloading the page, also in pages that htmx, Turbo or the host's own scripts have built. Without
// this script, plain links and forms do the same.
"use strict";
(() => {
  const TAG = "captcha-guard";
  const MARGIN = 45; // seconds before expiry at which a code is renewed if the visitor hasn't typed anything
  const TIMEOUT = 15000; // time limit for the server's answer, in milliseconds
  const DOUBLE_CLICK = 2000; // milliseconds during which the same button sends a form only once
  const FAILED = "The server didn't send a new code. Please try again in a moment.";
  const RENEWED = "Here is a new code.";

  // One field. The browser calls connectedCallback whenever it inserts the element: with the page, by a script, as a
  // copy.
  class Field extends HTMLElement {
    #expiresAt = Infinity;
    #timer = 0;
    #pending = false;
    #replaced = false;
    #known = false;

    constructor() {
      super();
      this.addEventListener("click", (event) => this.#renewOnClick(event));
      this.addEventListener("focusin", () => this.expireIfDue());
      this.addEventListener("error", () => this.#replacePicture(), true);
      this.addEventListener("load", () => this.#showPicture(), true);
    }

    get picture() {
      return this.querySelector(".captcha-guard__picture");
    }

    get input() {
      return this.querySelector(".captcha-guard__input");
    }

    get token() {
      return this.querySelector('input[type="hidden"][name="captcha_token"]');
    }

    connectedCallback() {
      if (this.input === null) {
        return; // the form doesn't ask for a code
      }
      const copied = !this.#known && this.hasAttribute("data-known");
      this.#schedule(this.#known ? (this.#expiresAt - Date.now()) / 1000 : Number(this.dataset.expiresIn));
      this.#known = true;
      this.setAttribute("data-known", "");
      this.#makeButton();
      // A cached copy of the page (Turbo, htmx) may show a used code.
      if (copied && !document.documentElement.hasAttribute("data-turbo-preview")) {
        this.renew(RENEWED);
      } else if (!copied && this.picture?.complete && this.picture.naturalWidth === 0) {
        this.#replacePicture();
      }
      // Browsers ignore autofocus if the address has a fragment.
      if (this.input.autofocus && document.activeElement === document.body) {
        this.input.focus();
      }
    }

    disconnectedCallback() {
      window.clearTimeout(this.#timer);
    }

    #schedule(seconds) {
      this.#expiresAt = Date.now() + seconds * 1000;
      const lead = Math.min(MARGIN, seconds / 4) * 1000;
      window.clearTimeout(this.#timer);
      this.#timer = window.setTimeout(() => {
        if (this.input.value === "") {
          this.#expire();
        } else {
          this.#timer = window.setTimeout(() => this.#expire(), lead);
        }
      }, seconds * 1000 - lead);
    }

    // A hidden page renews its code only when it becomes visible.
    #expire() {
      if (document.hidden) {
        this.#expiresAt = 0;
      } else {
        this.renew("The code had expired; here is a new one.");
      }
    }

    // Timers stop while a computer sleeps, so the time is checked as well.
    expireIfDue() {
      if (Date.now() >= this.#expiresAt) {
        this.#expire();
      }
    }

    #announce(text) {
      const status = this.querySelector(".captcha-guard__status");
      if (status !== null) {
        status.textContent = text;
      }
    }

    clearRefusal() {
      const message = this.querySelector(".captcha-guard__message");
      if (message !== null && this.input !== null) {
        const described = this.input.getAttribute("aria-describedby");
        this.input.setAttribute("aria-describedby", described.replace(message.id, "").trim());
      }
      message?.remove();
      this.input?.removeAttribute("aria-invalid");
    }

    #show(fresh) {
      this.token.value = fresh.token;
      if (this.input === null) {
        return;
      }
      if (this.picture !== null) {
        this.setAttribute("aria-busy", "true");
        this.picture.width = fresh.width;
        this.picture.height = fresh.height;
        this.picture.srcset = `${fresh.picture_2x} 2x`;
        this.picture.src = fresh.picture;
      }
      this.input.value = "";
      this.#schedule(fresh.expires_in);
    }

    // After a solved code, the same text doesn't need another one.
    pass(token) {
      this.querySelectorAll(".captcha-guard__frame, .captcha-guard__ask, .captcha-guard__row").forEach((part) => part.remove());
      window.clearTimeout(this.#timer);
      this.#expiresAt = Infinity;
      this.token.value = token;
      this.token.name = "captcha_pass";
      this.querySelector(".captcha-guard__hint")?.remove();
      this.#announce("Security code accepted.");
    }

    async renew(announcement) {
      if (this.#pending || this.token === null) {
        return false;
      }
      this.#pending = true;
      try {
        const response = await fetch(this.dataset.url, {
          method: "POST",
          credentials: "same-origin",
          headers: { "Content-Type": "application/json", Accept: "application/json" },
          body: JSON.stringify({ scope: this.dataset.scope, token: this.token.value }),
          signal: AbortSignal.timeout(TIMEOUT),
        });
        const fresh = await response.json();
        if (!response.ok) {
          this.#announce(fresh.detail || FAILED);
          return false;
        }
        this.#show(fresh);
        this.#announce(announcement);
        return true;
      } catch {
        this.#announce(FAILED);
        return false;
      } finally {
        this.#pending = false;
      }
    }

    async #renewOnClick(event) {
      if (event.target.closest("[data-captcha-guard-new]") === null) {
        return;
      }
      event.preventDefault();
      if (await this.renew(RENEWED)) {
        this.clearRefusal();
        this.input.focus();
      }
    }

    // Replace the link, which reloads the page, with a button that doesn't.
    #makeButton() {
      let control = this.querySelector("[data-captcha-guard-new]");
      if (control.tagName === "A") {
        const button = document.createElement("button");
        button.type = "button";
        button.className = control.className;
        button.textContent = control.textContent;
        button.setAttribute("data-captcha-guard-new", "");
        control.replaceWith(button);
        control = button;
      }
      control.hidden = false;
    }

    #showPicture() {
      this.#replaced = false;
      this.removeAttribute("aria-busy");
    }

    // A picture that can't be loaded (used, expired, from an old copy of the page) is replaced once.
    #replacePicture() {
      this.removeAttribute("aria-busy");
      if (this.#replaced) {
        this.#announce("The picture could not be loaded. Please ask for a new code in a moment.");
      } else {
        this.#replaced = true;
        this.renew(RENEWED);
      }
    }
  }

  // A double click sends the form once. Forms that the host's own scripts submit aren't affected.
  let sent = new WeakMap();

  function isDouble(form, by, now) {
    const last = sent.get(form);
    return last !== undefined && last.by === by && now - last.at < DOUBLE_CLICK;
  }

  function sendOnce(event) {
    const form = event.target;
    if (form.querySelector(TAG) === null) {
      return;
    }
    if (isDouble(form, event.submitter, event.timeStamp)) {
      event.preventDefault();
      return;
    }
    window.setTimeout(() => {
      if (!event.defaultPrevented) {
        sent.set(form, { by: event.submitter, at: event.timeStamp });
      }
    });
  }

  // htmx: a header has the kind of the guard's answer. The form stays in the page with its text.
  const refusalIn = (xhr) => {
    const kind = xhr.getResponseHeader("Captcha-Guard");
    return kind === "spent" ? null : kind;
  };

  function formOf(sender) {
    return sender.matches("button, input, select, textarea") ? sender.form : sender.closest("form");
  }

  // The field in the sender's form. For a sender without a form, the field that an earlier answer put after it.
  function fieldOf(sender) {
    const form = formOf(sender);
    const next = sender.nextElementSibling;
    return form !== null ? form.querySelector(TAG) : next !== null && next.matches(TAG) ? next : null;
  }

  // Values that aren't posted as form fields are sent in headers.
  function addHeaders(event) {
    const { elt, verb, headers } = event.detail;
    const field = fieldOf(elt);
    if (field !== null && field.token !== null && (formOf(elt) === null || verb === "delete")) {
      headers["Captcha-Token"] = field.token.value;
      headers["Captcha-Answer"] = field.input === null ? "" : field.input.value;
    }
  }

  // htmx sends the request of the second click after the answer to the first.
  function requestOnce(event) {
    const { elt, requestConfig } = event.detail;
    const token = elt.tagName === "FORM" ? fieldOf(elt)?.token?.value : undefined;
    if (token === undefined || requestConfig.triggeringEvent?.type !== "submit") {
      return;
    }
    if (isDouble(elt, token, event.timeStamp)) {
      event.preventDefault();
    } else {
      sent.set(elt, { by: token, at: event.timeStamp });
    }
  }

  // Many pages reset their form after every answer. This keeps the text.
  function keepText(form) {
    const hold = (event) => event.preventDefault();
    form.addEventListener("reset", hold);
    window.setTimeout(() => form.removeEventListener("reset", hold));
  }

  function place(event) {
    const swap = event.detail;
    const sender = swap.requestConfig.elt;
    const [form, field] = [formOf(sender), fieldOf(sender)];
    const older = (form || sender).nextElementSibling;
    if (older !== null && older.matches(".captcha-guard-answer")) {
      older.remove();
    }
    const refusal = refusalIn(swap.xhr);
    if (refusal === null) {
      return;
    }
    swap.shouldSwap = true;
    swap.isError = false;
    if (form !== null) {
      keepText(form);
    }
    if (refusal === "code") {
      const button = form && form.querySelector("button:not([type=button], [type=reset]), input[type=submit]");
      swap.selectOverride = TAG;
      swap.target = field || button || form || sender;
      swap.swapOverride = field ? "outerHTML" : button ? "beforebegin" : form ? "beforeend" : "afterend";
    } else if (refusal !== "host") {
      swap.selectOverride = ".captcha-guard-answer";
      swap.target = form || sender;
      swap.swapOverride = "afterend";
    }
  }

  function finish(event) {
    const { elt, xhr, requestConfig } = event.detail;
    const [kind, pass] = ["Captcha-Guard", "Captcha-Pass"].map((name) => xhr.getResponseHeader(name));
    if (refusalIn(xhr) !== null) {
      Object.assign(event.detail, { successful: false, failed: true }); // for pages that reset the form on success
    }
    if (kind === null || kind === "again") {
      sent.delete(elt); // the form may be sent again at once
    }
    const field = fieldOf(elt);
    const posted = requestConfig.parameters.captcha_token || requestConfig.headers["Captcha-Token"];
    if ((kind !== "spent" && kind !== "refused") || !posted || field?.token?.value !== posted) {
      return;
    }
    if (pass === null && formOf(elt) === null) {
      field.remove();
      return;
    }
    field.clearRefusal();
    if (pass === null) {
      field.renew("");
    } else {
      field.pass(pass);
    }
  }

  if (customElements.get(TAG) === undefined) {
    customElements.define(TAG, Field);
    document.addEventListener("visibilitychange", () => {
      document.querySelectorAll(TAG).forEach((field) => field.expireIfDue());
    });
    // After the Back button, the code on the page may be used already.
    window.addEventListener("pageshow", (event) => {
      sent = new WeakMap();
      const [entry] = performance.getEntriesByType("navigation");
      if (event.persisted || (entry && entry.type === "back_forward")) {
        document.querySelectorAll(TAG).forEach((field) => field.picture && field.renew(RENEWED));
      }
    });
    document.addEventListener("submit", sendOnce);
    document.addEventListener("htmx:configRequest", addHeaders);
    document.addEventListener("htmx:beforeRequest", requestOnce);
    document.addEventListener("htmx:beforeSwap", place);
    document.addEventListener("htmx:afterRequest", finish, true);
  }
})();
