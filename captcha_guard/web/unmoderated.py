"""Warns of settings that hold comments for a moderator, on routes without moderation."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from ..config.settings import Settings
from .protection import Protection

logger = logging.getLogger("captcha_guard")


def warn_of_unmoderated_holds(configured: Settings, guarded: Mapping[str, Protection]) -> None:
    """Log settings that hold comments if, on some guarded routes, a solved code publishes them anyway."""
    settings = _holding(configured)
    routes = sorted(endpoint for endpoint, protection in guarded.items() if not protection.moderated)
    if settings and routes:
        logger.warning(
            "captcha_guard: %s holds comments for a moderator, but a solved code is enough on the guarded routes %s. "
            "If they store comments, store held ones there and set protect(moderated=True), or remove the setting.",
            " and ".join(settings),
            ", ".join(routes),
        )


def _holding(settings: Settings) -> list[str]:
    found = {
        "CAPTCHA_GUARD_MODERATED_WORDS": bool(settings.moderated_words),
        "CAPTCHA_GUARD_FIRST_COMMENT='hold'": settings.first_comment == "hold",
        "CAPTCHA_GUARD_LEARNING='strict'": settings.learning == "strict",
    }
    return [name for name, holds in found.items() if holds]
