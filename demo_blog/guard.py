"""The journal's instance of the extension."""

from __future__ import annotations

from flask_login import current_user

from captcha_guard import CaptchaGuard
from demo_blog.edit_rule import HeldBefore


def owner_is_here() -> bool:
    """Return whether the owner sent this request. The guard doesn't check the owner's own comments."""
    return current_user.is_authenticated is True


guard = CaptchaGuard(exempt_when=owner_is_here, extra_rules=[HeldBefore()])
