// Refreshes the code in place and renews it when it expires. Without this script everything works by plain links and forms.
"use strict";
(() => {
  const MARGIN = 45; // seconds before expiry at which an untouched code is renewed
  const PATIENCE = 15000; // milliseconds for the server to answer
  const DOUBLE_CLICK = 2000; // milliseconds in which the same button sends a form only once
  const FAILED = "No new code could be fetched. Please try again in a moment.";

  function enhance(box) {
    const picture = box.querySelector(".captcha-guard__picture");
    const input = box.querySelector(".captcha-guard__input");
    const token = box.querySelector('input[type="hidden"][name="captcha_token"]');
    const status = box.querySelector(".captcha-guard__status");
    let expiresAt = 0;
    let timer = 0;
    let pending = false;
    let mended = false;

    function plan(seconds) {
      expiresAt = Date.now() + seconds * 1000;
      const lead = Math.min(MARGIN, seconds / 4) * 1000;
      window.clearTimeout(timer);
      timer = window.setTimeout(() => {
        if (input.value === "") {
          expire();
        } else {
          timer = window.setTimeout(expire, lead);
        }
      }, seconds * 1000 - lead);
    }

    // A page that nobody looks at waits until somebody does.
    function expire() {
      if (document.hidden) {
        expiresAt = 0;
      } else {
        renew("The code had expired; here is a new one.");
      }
    }

    // Timers stand still while a computer sleeps; clocks do not.
    function expireIfDue() {
      if (Date.now() >= expiresAt) {
        expire();
      }
    }

    function forgetRefusal() {
      const message = box.querySelector(".captcha-guard__message");
      if (message !== null) {
        input.setAttribute("aria-describedby", input.getAttribute("aria-describedby").replace(message.id, "").trim());
        message.remove();
      }
      input.removeAttribute("aria-invalid");
    }

    function show(fresh) {
      box.setAttribute("aria-busy", "true");
      token.value = fresh.token;
      picture.width = fresh.width;
      picture.height = fresh.height;
      picture.srcset = `${fresh.picture_2x} 2x`;
      picture.src = fresh.picture;
      input.value = "";
      plan(fresh.expires_in);
    }

    async function renew(said) {
      if (pending) {
        return false;
      }
      pending = true;
      try {
        const response = await fetch(box.dataset.url, {
          method: "POST",
          credentials: "same-origin",
          headers: { "Content-Type": "application/json", Accept: "application/json" },
          body: JSON.stringify({ scope: box.dataset.scope, kind: "image", token: token.value }),
          signal: AbortSignal.timeout(PATIENCE),
        });
        const fresh = await response.json();
        if (!response.ok) {
          status.textContent = fresh.detail || FAILED;
          return false;
        }
        show(fresh);
        status.textContent = said;
        return true;
      } catch {
        status.textContent = FAILED;
        return false;
      } finally {
        pending = false;
      }
    }

    async function renewAsAsked(event) {
      event.preventDefault();
      if (await renew("Here is a new code.")) {
        forgetRefusal();
        input.focus();
      }
    }

    // The link that loads the page again becomes a button that does not.
    function makeButton() {
      let control = box.querySelector("[data-captcha-guard-new]");
      if (control.tagName === "A") {
        const button = document.createElement("button");
        button.type = "button";
        button.className = control.className;
        button.textContent = control.textContent;
        control.replaceWith(button);
        control = button;
      }
      control.hidden = false;
      control.addEventListener("click", renewAsAsked);
    }

    // A picture that is gone (used, expired, out of an old copy of the page) is replaced once.
    function mend() {
      box.removeAttribute("aria-busy");
      if (mended) {
        status.textContent = "The picture could not be loaded. Please ask for a new code in a moment.";
      } else {
        mended = true;
        renew("Here is a new code.");
      }
    }

    makeButton();
    picture.addEventListener("error", mend);
    picture.addEventListener("load", () => {
      mended = false;
      box.removeAttribute("aria-busy");
    });
    if (picture.complete && picture.naturalWidth === 0) {
      mend();
    }
    document.addEventListener("visibilitychange", expireIfDue);
    input.addEventListener("focus", expireIfDue);
    // The code on a page that the Back button brings up again may have been used.
    window.addEventListener("pageshow", (event) => {
      const [entry] = performance.getEntriesByType("navigation");
      if (event.persisted || (entry && entry.type === "back_forward")) {
        renew("Here is a new code.");
      }
    });
    plan(Number(box.dataset.expiresIn));
    // Browsers leave the focus alone when the address names a place in the page.
    if (input.autofocus && document.activeElement === document.body) {
      input.focus();
    }
  }

  // A double click sends the form once. A form that a script of the host's sends by itself is left alone.
  function sendOnce(form) {
    let last = null;
    let sentAt = -Infinity;
    form.addEventListener("submit", (event) => {
      if (event.submitter === last && event.timeStamp - sentAt < DOUBLE_CLICK) {
        event.preventDefault();
        return;
      }
      window.setTimeout(() => {
        if (!event.defaultPrevented) {
          [last, sentAt] = [event.submitter, event.timeStamp];
        }
      });
    });
    window.addEventListener("pageshow", () => {
      sentAt = -Infinity;
    });
  }

  const boxes = document.querySelectorAll("[data-captcha-guard]");
  boxes.forEach(enhance);
  new Set([...boxes].map((box) => box.closest("form"))).forEach((form) => form && sendOnce(form));
})();
