"""Every error the package raises on its own account.

The tree is shallow on purpose: catch :class:`CaptchaGuardError` for all of them, or the one that is meant.
"""

from __future__ import annotations


class CaptchaGuardError(Exception):
    """The base of every error raised here."""


class ConfigError(CaptchaGuardError, ValueError):
    """A setting is missing, unknown or out of range; the message says which and how to mend it."""


class FontError(ConfigError):
    """A font folder or file can't be used; the message names it."""


class StoreUnavailableError(CaptchaGuardError):
    """The counters' store did not answer, so nothing was counted."""


class DatabaseUnavailableError(CaptchaGuardError):
    """What the judge keeps can't be read or written; the message names the file or the server, and says why."""


class TokenError(CaptchaGuardError):
    """A token is no proof of anything. ``reason`` is a fixed slug, ``token`` the string as it came."""

    reason = "token_invalid"

    def __init__(self, message: str, *, token: str) -> None:
        super().__init__(message)
        self.token = token


class TokenMalformedError(TokenError):
    """The string is not a token: too long, not ASCII, or its payload is not one of ours."""

    reason = "token_malformed"


class TokenForgedError(TokenError):
    """The signature fits none of the keys."""

    reason = "token_forged"


class TokenExpiredError(TokenError):
    """The token is older than its time to live, or issued further in the future than clocks may differ."""

    reason = "token_expired"


class TokenScopeError(TokenError):
    """The token was issued for another form."""

    reason = "token_scope"
