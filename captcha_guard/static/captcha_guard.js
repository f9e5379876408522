// Renews codes in place, and works in pages that htmx, Turbo or the host's own scripts put together. Without this script
// everything works by plain links and forms.
"use strict";
(() => {
  const TAG = "captcha-guard";
  const MARGIN = 45; // seconds before expiry at which an untouched code is renewed
  const PATIENCE = 15000; // milliseconds for the server to answer
  const DOUBLE_CLICK = 2000; // milliseconds in which the same button sends a form only once
  const FAILED = "No new code could be fetched. Please try again in a moment.";
  const RENEWED = "Here is a new code.";

  // One field. The browser connects it whenever it gets into the page: with the page, by a script, or as a copy.
  class Field extends HTMLElement {
    #expiresAt = Infinity;
    #timer = 0;
    #pending = false;
    #mended = false;
    #known = false;

    constructor() {
      super();
      this.addEventListener("click", (event) => this.#renewAsAsked(event));
      this.addEventListener("focusin", () => this.expireIfDue());
      this.addEventListener("error", () => this.#mend(), true);
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
      if (this.picture === null) {
        return; // no code is asked for
      }
      const copied = !this.#known && this.hasAttribute("data-known");
      this.#plan(this.#known ? (this.#expiresAt - Date.now()) / 1000 : Number(this.dataset.expiresIn));
      this.#known = true;
      this.setAttribute("data-known", "");
      this.#makeButton();
      // A copy of the page that Turbo or htmx has kept shows a code that may have been used.
      if (copied && !document.documentElement.hasAttribute("data-turbo-preview")) {
        this.renew(RENEWED);
      } else if (!copied && this.picture.complete && this.picture.naturalWidth === 0) {
        this.#mend();
      }
      // Browsers leave the focus alone when the address names a place in the page.
      if (this.input.autofocus && document.activeElement === document.body) {
        this.input.focus();
      }
    }

    disconnectedCallback() {
      window.clearTimeout(this.#timer);
    }

    #plan(seconds) {
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

    // A page that nobody looks at waits until somebody does.
    #expire() {
      if (document.hidden) {
        this.#expiresAt = 0;
      } else {
        this.renew("The code had expired; here is a new one.");
      }
    }

    // Timers stand still while a computer sleeps; clocks do not.
    expireIfDue() {
      if (Date.now() >= this.#expiresAt) {
        this.#expire();
      }
    }

    #say(text) {
      const status = this.querySelector(".captcha-guard__status");
      if (status !== null) {
        status.textContent = text;
      }
    }

    forgetRefusal() {
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
      if (this.picture === null) {
        return;
      }
      this.setAttribute("aria-busy", "true");
      this.picture.width = fresh.width;
      this.picture.height = fresh.height;
      this.picture.srcset = `${fresh.picture_2x} 2x`;
      this.picture.src = fresh.picture;
      this.input.value = "";
      this.#plan(fresh.expires_in);
    }

    // A solved code needs no second one for the same text.
    pass(token) {
      this.querySelectorAll(".captcha-guard__frame, .captcha-guard__ask, .captcha-guard__row").forEach((part) => part.remove());
      window.clearTimeout(this.#timer);
      this.#expiresAt = Infinity;
      this.token.value = token;
      this.token.name = "captcha_pass";
      this.querySelector(".captcha-guard__hint")?.remove();
      this.#say("Security code accepted.");
    }

    async renew(said) {
      if (this.#pending || this.token === null) {
        return false;
      }
      this.#pending = true;
      try {
        const response = await fetch(this.dataset.url, {
          method: "POST",
          credentials: "same-origin",
          headers: { "Content-Type": "application/json", Accept: "application/json" },
          body: JSON.stringify({ scope: this.dataset.scope, kind: "image", token: this.token.value }),
          signal: AbortSignal.timeout(PATIENCE),
        });
        const fresh = await response.json();
        if (!response.ok) {
          this.#say(fresh.detail || FAILED);
          return false;
        }
        this.#show(fresh);
        this.#say(said);
        return true;
      } catch {
        this.#say(FAILED);
        return false;
      } finally {
        this.#pending = false;
      }
    }

    async #renewAsAsked(event) {
      if (event.target.closest("[data-captcha-guard-new]") === null) {
        return;
      }
      event.preventDefault();
      if (await this.renew(RENEWED)) {
        this.forgetRefusal();
        this.input.focus();
      }
    }

    // The link that loads the page again becomes a button that does not.
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
      this.#mended = false;
      this.removeAttribute("aria-busy");
    }

    // A picture that is gone (used, expired, out of an old copy of the page) is replaced once.
    #mend() {
      this.removeAttribute("aria-busy");
      if (this.#mended) {
        this.#say("The picture could not be loaded. Please ask for a new code in a moment.");
      } else {
        this.#mended = true;
        this.renew(RENEWED);
      }
    }
  }

  // A double click sends the form once. A form that a script of the host's sends by itself is left alone.
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

  // htmx: the guard's answers say in a header what they are. The form stays in the page with its text.
  const refusalIn = (xhr) => {
    const said = xhr.getResponseHeader("Captcha-Guard");
    return said === "spent" ? null : said;
  };

  function formOf(sender) {
    return sender.matches("button, input, select, textarea") ? sender.form : sender.closest("form");
  }

  // The field in the sender's form, or the one that an earlier answer has put behind a sender without a form.
  function fieldOf(sender) {
    const form = formOf(sender);
    const next = sender.nextElementSibling;
    return form !== null ? form.querySelector(TAG) : next !== null && next.matches(TAG) ? next : null;
  }

  // What isn't posted as a form's field goes in headers.
  function addHeaders(event) {
    const { elt, verb, headers } = event.detail;
    const field = fieldOf(elt);
    if (field !== null && field.token !== null && (formOf(elt) === null || verb === "delete")) {
      headers["Captcha-Token"] = field.token.value;
      headers["Captcha-Answer"] = field.input === null ? "" : field.input.value;
    }
  }

  // htmx sends the second click of a double click when the first has been answered.
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

  // Many pages reset their form after every answer.
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
    const [said, pass] = ["Captcha-Guard", "Captcha-Pass"].map((name) => xhr.getResponseHeader(name));
    if (refusalIn(xhr) !== null) {
      Object.assign(event.detail, { successful: false, failed: true }); // for whom a success resets the form
    }
    if (said === null || said === "again") {
      sent.delete(elt); // to be sent again at once
    }
    const field = fieldOf(elt);
    const posted = requestConfig.parameters.captcha_token || requestConfig.headers["Captcha-Token"];
    if ((said !== "spent" && said !== "refused") || !posted || field?.token?.value !== posted) {
      return;
    }
    if (pass === null && formOf(elt) === null) {
      field.remove();
      return;
    }
    field.forgetRefusal();
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
    // The code on a page that the Back button brings up again may have been used.
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
