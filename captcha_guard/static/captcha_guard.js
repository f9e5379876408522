// Refreshes the code in place and renews it when it expires. Without this script everything works by plain links and forms.
"use strict";
(() => {
  const MARGIN = 45; // seconds before expiry at which an untouched code is renewed

  function enhance(box) {
    const picture = box.querySelector(".captcha-guard__picture");
    const input = box.querySelector(".captcha-guard__input");
    const token = box.querySelector('input[type="hidden"][name="captcha_token"]');
    const control = box.querySelector("[data-captcha-guard-new]");
    const status = box.querySelector(".captcha-guard__status");
    const message = box.querySelector(".captcha-guard__message");
    let timer = 0;
    let pending = false;

    function plan(seconds) {
      window.clearTimeout(timer);
      timer = window.setTimeout(() => {
        if (input.value === "") {
          renew(false);
        } else {
          timer = window.setTimeout(() => renew(false), MARGIN * 1000);
        }
      }, Math.max(seconds - MARGIN, 5) * 1000);
    }

    async function renew(asked) {
      if (pending) {
        return;
      }
      pending = true;
      try {
        const response = await fetch(box.dataset.url, {
          method: "POST",
          credentials: "same-origin",
          headers: { "Content-Type": "application/json", Accept: "application/json" },
          body: JSON.stringify({ scope: box.dataset.scope, kind: "image", token: token.value }),
        });
        const fresh = await response.json();
        if (!response.ok) {
          status.textContent = fresh.detail || "No new code could be fetched. Please try again in a moment.";
          return;
        }
        token.value = fresh.token;
        picture.srcset = `${fresh.picture_2x} 2x`;
        picture.src = fresh.picture;
        input.value = "";
        input.removeAttribute("aria-invalid");
        message.textContent = "";
        status.textContent = asked ? "Here is a new code." : "The code had expired; here is a new one.";
        if (asked) {
          input.focus();
        }
        plan(fresh.expires_in);
      } catch {
        status.textContent = "No new code could be fetched. Please try again in a moment.";
      } finally {
        pending = false;
      }
    }

    control.hidden = false;
    control.addEventListener("click", (event) => {
      event.preventDefault();
      renew(true);
    });
    window.addEventListener("pageshow", (event) => {
      const entry = performance.getEntriesByType("navigation")[0];
      if (event.persisted || (entry && entry.type === "back_forward")) {
        renew(false);
      }
    });
    plan(Number(box.dataset.expiresIn));
  }

  document.querySelectorAll("[data-captcha-guard]").forEach(enhance);
})();
