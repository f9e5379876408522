"""The errors that the package raises.

Catch :class:`CaptchaGuardError` for all of them, or a single class.
"""

from __future__ import annotations


class CaptchaGuardError(Exception):
    """The base class of all errors of the package."""


class ConfigError(CaptchaGuardError, ValueError):
    """A setting is missing, unknown or out of range. The message says which one, and how to fix it."""


class FontError(ConfigError):
    """A font folder or file can't be used. The message names it."""


class StoreUnavailableError(CaptchaGuardError):
    """The counters' store didn't answer, so nothing was counted."""


class DatabaseUnavailableError(CaptchaGuardError):
    """The judge's database can't be read or written. The message names the file or the server, and the reason."""


class TokenError(CaptchaGuardError):
    """A token isn't valid. ``reason`` is a fixed slug, and ``token`` the string as it was received."""

    reason = "token_invalid"

    def __init__(self, message: str, *, token: str) -> None:
        super().__init__(message)
        self.token = token


class TokenMalformedError(TokenError):
    """The string isn't a token: it's too long, not ASCII, or has an unknown payload."""

    reason = "token_malformed"


class TokenForgedError(TokenError):
    """The signature doesn't match any of the keys."""

    reason = "token_forged"


class TokenExpiredError(TokenError):
    """The token is older than its time to live, or was issued further in the future than clocks may differ."""

    reason = "token_expired"


class TokenScopeError(TokenError):
    """The token was issued for another form."""

    reason = "token_scope"
