"""The journal's instance of the extension."""

from __future__ import annotations

from captcha_guard import CaptchaGuard
from demo_blog.edit_rule import HeldBefore

guard = CaptchaGuard(extra_rules=[HeldBefore()])
