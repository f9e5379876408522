"""Secrets: one that others know or may guess is refused at start-up, with a command that makes a better one."""

from __future__ import annotations

import pytest

from captcha_guard.config.secret_key import read_secrets
from captcha_guard.errors import ConfigError

GOOD = "f4c2b6e1d09a4f7c8b3e5d6a1c2f9e80"


@pytest.mark.parametrize(
    "secret",
    [None, "", b"", "dev", "short", "x" * 64, "change-me-please-now", "your-secret-key-here", "CHANGE_THIS_SECRET_KEY",
     "supersecretkey1234567", "192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf",
     12345, "abababababababababab"],
)  # fmt: skip
def test_a_missing_short_or_placeholder_secret_is_refused_with_a_command_to_make_one(secret: object) -> None:
    with pytest.raises(ConfigError, match=r"secrets\.token_hex"):
        read_secrets({"SECRET_KEY": secret})


@pytest.mark.parametrize("secret", [12345678901234567890, 1234567890123456.5])
def test_a_secret_of_digits_in_an_environment_variable_is_refused_with_the_reason(secret: object) -> None:
    with pytest.raises(ConfigError, match="Flask reads digits in an environment variable as a number"):
        read_secrets({"SECRET_KEY": secret})


def test_true_is_not_said_to_be_digits() -> None:
    with pytest.raises(ConfigError, match="of type bool; it must"):
        read_secrets({"SECRET_KEY": True})


def test_secrets_come_newest_first_and_fallbacks_are_checked_too() -> None:
    old = GOOD[::-1]
    assert read_secrets({"SECRET_KEY": GOOD, "SECRET_KEY_FALLBACKS": [old]}) == [GOOD.encode(), old.encode()]
    with pytest.raises(ConfigError, match="SECRET_KEY_FALLBACKS"):
        read_secrets({"SECRET_KEY": GOOD, "SECRET_KEY_FALLBACKS": ["dev"]})
    with pytest.raises(ConfigError, match="list"):
        read_secrets({"SECRET_KEY": GOOD, "SECRET_KEY_FALLBACKS": old})
