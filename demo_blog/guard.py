"""The journal's instance of the extension."""

from __future__ import annotations

from captcha_guard import CaptchaGuard

guard = CaptchaGuard()
