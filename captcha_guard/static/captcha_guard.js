// Renews codes without reloading the page, also in pages that htmx, Turbo or scripts have built, and fetches the field
// for pages that don't have it. Plain forms work without this script.
"use strict";
(() => {
  const TAG = "captcha-guard";
  const MARGIN = 45; // seconds before expiry at which a code is renewed if the visitor hasn't typed anything
  const TIMEOUT = 15000; // time limit for the server's answer, in milliseconds
  const RETRY = 5000; // milliseconds between two tries to fetch a field
  const DOUBLE_CLICK = 2000; // milliseconds in which the same button sends a form once

  // With the attribute src, the element fetches its field into a <div>. It doesn't change the host's own content, and
  // shows it only if the field can't be fetched.
  class Field extends HTMLElement {
    static formAssociated = true;
    static observedAttributes = ["src", "scope", "lang", "data-known"];

    #internals = this.attachInternals?.();
    #slot = null;
    #expiresAt = Infinity;
    #timer = 0;
    #request = ""; // the request that waits for its answer
    #fetched = ""; // the request that the field came from
    #failedAt = 0;
    #broken = new WeakSet();
    #known = false;

    constructor() {
      super();
      this.addEventListener("click", (event) => this.#renewOnClick(event));
      this.addEventListener("focusin", () => this.expireIfDue());
      this.addEventListener("input", () => this.#validate());
      this.addEventListener("toggle", (event) => this.#play(event.target), true);
      this.addEventListener("error", (event) => this.#replaceMedium(event.target), true);
      this.addEventListener("load", (event) => this.#showPicture(event.target), true);
    }

    // The element with the field's parts, or null.
    get #box() {
      return this.hasAttribute("src") ? this.querySelector(":scope > [slot=field]") : this;
    }

    get #url() {
      const base = this.getAttribute("src");
      return base === null ? this.dataset.url : `${base.replace(/\/+$/, "")}/challenge`;
    }

    get #scope() {
      return this.getAttribute("scope") ?? this.#box?.dataset.scope;
    }

    get input() {
      return this.querySelector(".captcha-guard__input");
    }

    get token() {
      return this.#named("token");
    }

    #named(name) {
      return this.querySelector(`[name="captcha_${name}"]`);
    }

    // The headers for a comment that the host's script sends.
    get headers() {
      const pass = this.#named("pass");
      if (pass !== null) {
        return { "Captcha-Pass": pass.value };
      }
      const typed = (this.input?.value ?? "").normalize("NFKC").replace(/[^ -~]/g, "?"); // a header is ASCII
      return {
        ...(this.token && { "Captcha-Token": this.token.value, "Captcha-Answer": typed }),
        ...(this.#named("no_code")?.checked && { "Captcha-No-Code": "1" }),
      };
    }

    // Show the answer. Returns whether the comment was accepted.
    async settle(response) {
      const isProblem = response.headers.get("Content-Type")?.startsWith("application/problem+json");
      const problem = isProblem ? await response.clone().json() : {};
      const pass = response.headers.get("Captcha-Pass");
      if (pass !== null) {
        this.pass(pass);
      } else if (problem.challenge !== undefined) {
        await this.#ask(problem);
      } else {
        this.clearRefusal();
        if (problem.retry_after === undefined) {
          await (this.token === null ? this.#fetch() : this.renew()); // the code is spent
        }
        this.#announce(problem.detail ?? "");
      }
      return response.ok && pass === null;
    }

    connectedCallback() {
      if (this.hasAttribute("src")) {
        this.#prepare();
        return;
      }
      if (this.input === null) {
        if (this.querySelector("input") === null) {
          console.warn(`${TAG}: the attribute src is missing`);
        }
        return; // the form doesn't ask for a code
      }
      const copied = !this.#known && this.hasAttribute("data-known");
      this.#schedule(this.#known ? (this.#expiresAt - Date.now()) / 1000 : Number(this.dataset.expiresIn));
      this.#known = true;
      this.setAttribute("data-known", "");
      this.#enable();
      // A cached copy of the page (Turbo, htmx) may show a used code.
      if (copied && !document.documentElement.hasAttribute("data-turbo-preview")) {
        this.renew("new-code");
      } else if (!copied) {
        this.querySelectorAll("img").forEach((picture) => {
          if (picture.complete && picture.naturalWidth === 0) {
            this.#replaceMedium(picture);
          }
        });
      }
      // Browsers ignore autofocus if the address has a fragment.
      if (this.input.autofocus && document.activeElement === document.body) {
        this.input.focus();
      }
    }

    disconnectedCallback() {
      window.clearTimeout(this.#timer);
    }

    // If Turbo morphs the page, the element gets a new field, without data-known.
    attributeChangedCallback() {
      window.queueMicrotask(() => {
        if (this.isConnected && !this.hasAttribute("data-known")) {
          this.#known = false;
          this.connectedCallback();
        }
      });
    }

    formResetCallback() {
      this.clearRefusal();
      this.#validate();
    }

    formDisabledCallback() {
      const disabled = this.hasAttribute("disabled");
      this.querySelectorAll("input, button").forEach((control) => (control.disabled = disabled));
      this.#validate();
    }

    #prepare() {
      if (this.#slot === null) {
        this.#slot = document.createElement("slot");
        this.attachShadow({ mode: "open" }).append(this.#slot);
        new MutationObserver(() => this.#slot.name !== "" && this.#prepare()).observe(this, { childList: true });
      }
      if (this.#box !== null && this.#fetched === this.#wanted) {
        this.#schedule((this.#expiresAt - Date.now()) / 1000);
      } else if (this.#request !== this.#wanted && !document.documentElement.hasAttribute("data-turbo-preview")) {
        this.#slot.name = "field";
        this.#fetch();
      }
    }

    get #wanted() {
      return [this.#url, this.#scope, this.lang].join(" ");
    }

    async #fetch(token) {
      const wanted = this.#wanted;
      const [fresh, detail] = await this.#post(wanted, { token, field: true });
      if (fresh === undefined) {
        return false; // another request has followed
      }
      if (fresh !== null) {
        this.#fetched = wanted;
        this.#insert(fresh);
        return true;
      }
      if (detail) {
        console.warn(`${TAG}: ${detail}`);
      }
      this.#failedAt = Date.now();
      if (this.#slot !== null) {
        this.#slot.name = "";
        this.#box?.remove();
      }
      return false;
    }

    retry(wait = RETRY) {
      if (this.#slot?.name === "" && this.#request === "" && Date.now() - this.#failedAt >= wait) {
        this.#prepare();
      }
    }

    #insert(fresh) {
      const template = document.createElement("template");
      template.innerHTML = fresh.field;
      const field = template.content.querySelector(TAG);
      const box = this.hasAttribute("src") ? (this.#box ?? document.createElement("div")) : this;
      [...field.attributes].forEach(({ name, value }) => box.setAttribute(name, value));
      box.replaceChildren(...field.childNodes);
      if (box !== this) {
        box.slot = "field";
        this.append(box);
      }
      this.#known = true;
      this.#schedule(fresh.expires_in);
      this.#enable();
    }

    #enable() {
      this.querySelectorAll("[data-captcha-guard-new]").forEach((button) => (button.hidden = false));
      if (this.hasAttribute("disabled")) {
        this.formDisabledCallback();
      }
      this.#validate();
    }

    // A code is required, unless the comment is sent to the moderator without one.
    #validate() {
      const input = this.input;
      if (input === null) {
        this.#internals?.setValidity({});
        return;
      }
      input.required = !this.#named("no_code")?.checked;
      input.setAttribute("aria-required", input.required);
      const missing = input.willValidate && input.validity.valueMissing;
      this.#internals?.setValidity({ valueMissing: missing }, missing ? input.validationMessage : "", input);
    }

    #schedule(seconds) {
      this.#expiresAt = Date.now() + seconds * 1000;
      const lead = Math.min(MARGIN, seconds / 4) * 1000;
      window.clearTimeout(this.#timer);
      if (!this.isConnected) {
        return; // it is renewed if the element is put back
      }
      this.#timer = window.setTimeout(() => {
        if (!this.input?.value) {
          this.#expire();
        } else {
          this.#timer = window.setTimeout(() => this.#expire(), lead);
        }
      }, seconds * 1000 - lead);
    }

    // A hidden page renews its code when it becomes visible.
    #expire() {
      if (document.hidden) {
        this.#expiresAt = 0;
      } else {
        this.renew("expired");
      }
    }

    // Timers stop while a computer sleeps, so the time is checked as well.
    expireIfDue() {
      if (Date.now() >= this.#expiresAt) {
        this.#expire();
      }
    }

    #text(name) {
      return this.#box?.getAttribute(`data-text-${name}`) ?? "";
    }

    #announce(text) {
      const status = this.querySelector(".captcha-guard__status");
      if (status !== null) {
        status.textContent = text;
      }
    }

    // Show a refusal.
    async #ask({ challenge, detail, reason }) {
      Object.assign(this.#named("no_code") ?? {}, { checked: false });
      if (this.input !== null && this.token !== null) {
        this.#show(challenge);
      } else if (!(await this.#fetch(challenge.token)) || this.input === null) {
        this.#announce(detail);
        return;
      }
      this.clearRefusal();
      const [input, message] = [this.input, document.createElement("p")];
      const isFirst = ["code_missing", "unusual"].includes(reason);
      message.className = `captcha-guard__message${isFirst ? " captcha-guard__message--plain" : ""}`;
      message.id = `${input.id}-message`;
      message.textContent = detail;
      (input.closest(".captcha-guard__row") ?? input).before(message);
      input.setAttribute("aria-describedby", `${message.id} ${input.getAttribute("aria-describedby") ?? ""}`.trim());
      if (reason === "code_wrong") {
        input.setAttribute("aria-invalid", "true");
      }
      this.#announce("");
      input.focus();
    }

    clearRefusal() {
      const message = this.querySelector(".captcha-guard__message");
      if (message && this.input) {
        const described = this.input.getAttribute("aria-describedby") ?? "";
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
      this.querySelectorAll("[data-captcha-guard-media]").forEach((medium) => {
        const address = fresh[medium.dataset.captchaGuardMedia];
        if (address === undefined) {
          return;
        }
        if (medium.localName === "img") {
          this.#box.setAttribute("aria-busy", "true");
          medium.width = fresh.width;
          medium.height = fresh.height;
          medium.srcset = `${fresh.picture_2x} 2x`;
        }
        medium[medium.localName === "a" ? "href" : "src"] = address;
      });
      this.input.value = "";
      this.#validate();
      this.#schedule(fresh.expires_in);
    }

    // After a solved code, the same text doesn't need another one.
    pass(token) {
      window.clearTimeout(this.#timer);
      this.#expiresAt = Infinity;
      this.token.value = token;
      this.token.name = "captcha_pass";
      const kept = "input, .captcha-guard__status, .captcha-guard__extra";
      [...this.#box.children].filter((part) => !part.matches(kept)).forEach((part) => part.remove());
      this.#validate();
      this.#announce(this.#text("accepted"));
    }

    // Returns a challenge, or null and the server's message, or nothing after a newer request.
    async #post(request, body) {
      const language = this.closest("[lang]")?.lang || navigator.language;
      this.#request = request;
      let answer = [null];
      try {
        const response = await fetch(this.#url, {
          method: "POST",
          headers: { "Content-Type": "application/json", Accept: "application/json" },
          body: JSON.stringify({ scope: this.#scope, language, ...body }),
          signal: AbortSignal.timeout?.(TIMEOUT),
        });
        const fresh = await response.json();
        answer = response.ok && fresh.token ? [fresh] : [null, fresh.detail];
      } catch {}
      if (this.#request !== request) {
        return [];
      }
      this.#request = "";
      return answer;
    }

    async renew(reason = "") {
      if (this.#request !== "" || this.token === null) {
        return false;
      }
      const [fresh, detail] = await this.#post("new code", { token: this.token.value });
      if (fresh) {
        this.#show(fresh);
      }
      if (fresh !== undefined) {
        this.#announce(fresh ? this.#text(reason) : detail || this.#text("failed"));
      }
      return Boolean(fresh);
    }

    async #renewOnClick(event) {
      if (event.target.closest("[data-captcha-guard-new]") === null) {
        return;
      }
      event.preventDefault();
      if (await this.renew("new-code")) {
        this.clearRefusal();
        this.input.focus({ preventScroll: true });
      }
    }

    // Opening the part with the sound plays it.
    #play(part) {
      if (part.open) {
        part.querySelector("audio")?.play().catch(() => {});
      }
    }

    #showPicture(medium) {
      this.#broken.delete(medium);
      this.#box?.removeAttribute("aria-busy");
    }

    // A picture or a sound that can't be loaded (such as of a used code) is replaced once.
    #replaceMedium(medium) {
      if (medium.dataset.captchaGuardMedia === undefined) {
        return;
      }
      this.#box.removeAttribute("aria-busy");
      if (this.#broken.has(medium)) {
        this.#announce(this.#text(medium.localName === "img" ? "picture-failed" : "sound-failed"));
      } else {
        this.#broken.add(medium);
        this.renew("new-code");
      }
    }
  }

  // A double click sends the form once.
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

  // Turbo enables the button again before it shows the next page.
  function noteTurbo({ type, target, timeStamp, detail }) {
    if (type === "turbo:submit-start") {
      sent.set(target, { by: detail.formSubmission.submitter ?? null, at: timeStamp });
    } else if (!detail.success) {
      sent.delete(target);
    }
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
    return form !== null ? form.querySelector(TAG) : next?.matches(TAG) ? next : null;
  }

  // Values that aren't posted as form fields are sent in headers.
  function addHeaders(event) {
    const { elt, verb, headers } = event.detail;
    const field = fieldOf(elt);
    if (field?.token && (formOf(elt) === null || verb === "delete")) {
      Object.assign(headers, field.headers);
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

  // Some pages reset their form after every answer.
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
    if (older?.matches(".captcha-guard-answer")) {
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
      const button = form?.querySelector("button:not([type=button], [type=reset]), input[type=submit]");
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
      field.renew();
    } else {
      field.pass(pass);
    }
  }

  if (customElements.get(TAG) === undefined) {
    customElements.define(TAG, Field);
    const each = (action) => document.querySelectorAll(TAG).forEach(action);
    document.addEventListener("visibilitychange", () => each((field) => field.expireIfDue()));
    document.addEventListener("focusin", () => each((field) => field.retry()));
    window.addEventListener("focus", () => each((field) => field.retry()));
    window.addEventListener("online", () => each((field) => field.retry(0)));
    // After the Back button, the code on the page may be used already.
    window.addEventListener("pageshow", (event) => {
      sent = new WeakMap();
      const [entry] = performance.getEntriesByType("navigation");
      if (event.persisted || entry?.type === "back_forward") {
        const isOld = (field) => field.input !== null && (event.persisted || !field.hasAttribute("src"));
        each((field) => isOld(field) && field.renew("new-code"));
      }
    });
    document.addEventListener("submit", sendOnce);
    document.addEventListener("turbo:submit-start", noteTurbo);
    document.addEventListener("turbo:submit-end", noteTurbo);
    document.addEventListener("htmx:configRequest", addHeaders);
    document.addEventListener("htmx:beforeRequest", requestOnce);
    document.addEventListener("htmx:beforeSwap", place);
    document.addEventListener("htmx:afterRequest", finish, true);
  }
})();
