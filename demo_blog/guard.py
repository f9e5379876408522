"""What stands between the comment form and the spammers."""

from __future__ import annotations

from captcha_guard import CaptchaGuard

guard = CaptchaGuard()
