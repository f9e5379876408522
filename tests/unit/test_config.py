"""Settings: every wrong one is refused at start-up, with its name, its value and the fix."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from captcha_guard.challenge.answer import ALPHABET
from captcha_guard.config.settings import Settings, read
from captcha_guard.config.validators import BUNDLED, PREFIX
from captcha_guard.errors import ConfigError

GOOD = "f4c2b6e1d09a4f7c8b3e5d6a1c2f9e80"


def test_an_empty_configuration_gives_the_defaults() -> None:
    assert read({}) == Settings()
    assert read({"SECRET_KEY": GOOD, "DEBUG": True}) == Settings()


def test_the_default_alphabet_is_the_one_answers_are_tested_with() -> None:
    assert Settings().alphabet == ALPHABET


def test_values_are_checked_and_returned_in_one_form() -> None:
    settings = read(
        {
            f"{PREFIX}MODE": "suspicious",
            f"{PREFIX}SIZE": [300, 150],
            f"{PREFIX}LENGTH": 6,
            f"{PREFIX}TTL": 60,
            f"{PREFIX}STYLE_SEED": "spring of the year 26",
            f"{PREFIX}THRESHOLDS": {"challenge": 10, "hold": 20, "aside": 101},
        }
    )
    assert (settings.mode, settings.size, settings.length, settings.ttl) == ("suspicious", (300, 150), (6, 6), 60)
    assert settings.style_seed == b"spring of the year 26"
    assert settings.thresholds["aside"] == 101


@pytest.mark.parametrize(
    ("given", "read_as"),
    [
        (("#1d3557", "#f1faee"), ((29, 53, 87), (241, 250, 238))),
        (["#0AF", "#FfFfFf"], ((0, 170, 255), (255, 255, 255))),
        (None, None),
    ],
)
def test_colours_are_two_in_short_or_long_hex(given: object, read_as: object) -> None:
    assert read({f"{PREFIX}COLOURS": given}).colours == read_as


@pytest.mark.parametrize(
    ("given", "read_as"),
    [
        ("", ()), ([], ()), ("/srv/blog/fonts", (Path("/srv/blog/fonts"),)), (Path("fonts"), (Path("fonts"),)),
        ("bundled", (BUNDLED,)), (Path("bundled"), (Path("bundled"),)), ("./bundled", (Path("bundled"),)),
        (["bundled", Path("/srv/fonts")], (BUNDLED, Path("/srv/fonts"))), (("a", "b"), (Path("a"), Path("b"))),
    ],
)  # fmt: skip
def test_fonts_are_a_folder_or_several_and_the_word_bundled(given: object, read_as: object) -> None:
    fonts = read({f"{PREFIX}FONTS": given}).fonts
    assert fonts == read_as
    assert [type(entry) for entry in fonts] == [str if entry == BUNDLED else type(Path()) for entry in fonts]


def test_the_judges_settings_are_returned_in_one_form() -> None:
    settings = read(
        {
            f"{PREFIX}SHADOW": True,
            f"{PREFIX}WEIGHTS": {"flattery": 0},
            f"{PREFIX}DISALLOWED_WORDS": ["cheap pills", Path("more.txt")],
            f"{PREFIX}MODERATED_WORDS": "lists/words.txt",
            f"{PREFIX}SCRIPTS": ["Latin", "Greek"],
        }
    )
    assert settings.shadow == ("*",)
    assert settings.weights == {"flattery": 0}
    assert settings.disallowed_words == ("cheap pills", Path("more.txt"))
    assert settings.moderated_words == (Path("lists/words.txt"),)
    assert settings.scripts == ("Latin", "Greek")
    assert read({f"{PREFIX}SHADOW": False, f"{PREFIX}MODERATED_WORDS": ""}) == Settings()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("MODE", "allways"), ("MODE", None), ("MODE", ["always"]),
        ("DIFFICULTY", None), ("DIFFICULTY", 3),
        ("STYLE_SEED", 5), ("STYLE_SEED", "spring"), ("STYLE_ROTATION", -1), ("STYLE_ROTATION", 4000),
        ("FONTS", None), ("FONTS", 7), ("FONTS", b"/srv/fonts"), ("FONTS", ["/srv/fonts", ""]),
        ("FONTS", [["bundled"]]), ("FONTS", "/srv/\0fonts"), ("FONTS", {"bundled"}), ("FONTS", [True]),
        ("SIZE", (1, 1)), ("SIZE", "240x80"), ("SIZE", (240,)), ("SIZE", (240.0, 120)), ("SIZE", (9999, 120)),
        ("SIZE", (199, 100)), ("SIZE", (200, 99)), ("SIZE", (240, 80)), ("SIZE", (481, 240)), ("SIZE", (480, 241)),
        ("SIZE", 240),
        ("COLOURS", "#123"), ("COLOURS", ("#123",)), ("COLOURS", ("#123", "white")), ("COLOURS", ("#12", "#fff")),
        ("COLOURS", ("123456", "#fff")), ("COLOURS", ("#123\n", "#fff")), ("COLOURS", (0x123456, 0xFFFFFF)),
        ("COLOURS", ("#123", "#fff", "#456")), ("COLOURS", ("#12345\u0661", "#fff")), ("COLOURS", ()),
        ("LENGTH", 3), ("LENGTH", (6, 5)), ("LENGTH", (5, 9)), ("LENGTH", "5"), ("LENGTH", True),
        ("ALPHABET", "ABC"), ("ALPHABET", "AABCDEFGHJKLMN"), ("ALPHABET", "abcdefghijklmnop"), ("ALPHABET", 7),
        ("TTL", 59), ("TTL", 3601), ("TTL", "900"), ("TTL", 60.5), ("TTL", True),
        ("MIN_SECONDS", -1), ("MIN_SECONDS", 61), ("MIN_SECONDS", "3"),
        ("STORAGE_URI", "counters.db"), ("STORAGE_URI", None),
        ("COMMENT_LIMITS", ""), ("COMMENT_LIMITS", 5), ("WRONG_LIMITS", " "),
        ("MAX_LINKS", -1), ("MAX_LINKS", 1.5),
        ("THRESHOLDS", {"hold": 3}), ("THRESHOLDS", {"challenge": 9, "hold": 5, "aside": 90}), ("THRESHOLDS", 60),
        ("WEIGHTS", {"links": -1}), ("WEIGHTS", {"links": 101}), ("WEIGHTS", {"links": True}), ("WEIGHTS", [1]),
        ("WEIGHTS", {1: 2}), ("SHADOW", "flattery"), ("SHADOW", None), ("SHADOW", [1]),
        ("DISALLOWED_WORDS", 7), ("DISALLOWED_WORDS", [b"x"]), ("MODERATED_WORDS", "a\0b"),
        ("MODERATED_WORDS", {"a"}),
        ("DISALLOWED_MESSAGE", ""), ("DISALLOWED_MESSAGE", "x" * 501), ("WORD_FIELDS", ["comment"]),
        ("WORD_FIELDS", "body"),
        ("DISPOSABLE_DOMAINS", 1), ("SCRIPTS", ["Klingon"]), ("SCRIPTS", "Latin"), ("FIRST_COMMENT", "reject"),
        ("TRUST_AFTER", -1), ("TRUST_AFTER", 1.5), ("OLD_POST", -1), ("OLD_POST", "365"),
        ("LEARNING", "yes"), ("LEARNING", True), ("DATABASE_URI", "learned.sqlite3"), ("DATABASE_URI", None),
        ("LEARNING_BANDS", (0.97, 0.10)), ("LEARNING_BANDS", (0.1,)), ("LEARNING_BANDS", 0.5),
        ("LEARNING_BANDS", (0.1, 1.1)), ("LEARNING_BANDS", (False, True)), ("LEARNING_BANDS", (0.5, 0.5)),
        ("LOG", "xml"), ("LOG", True),
        ("URL_PREFIX", ""), ("URL_PREFIX", "captcha"), ("URL_PREFIX", "/a/"), ("URL_PREFIX", "/<x>"),
        ("AKISMET_BLOG", "blog.example"), ("AKISMET_BLOG", "https://"), ("AKISMET_BLOG", "https://me@blog.example"),
        ("AKISMET_DISCARD", "yes"), ("STOPFORUMSPAM", 1), ("SERVICE_TIMEOUT", 0), ("SERVICE_TIMEOUT", 11),
    ],
)  # fmt: skip
def test_a_wrong_value_is_refused_with_its_name_and_what_is_allowed(key: str, value: object) -> None:
    with pytest.raises(ConfigError) as caught:
        read({PREFIX + key: value})
    message = str(caught.value)
    assert message.startswith(f"{PREFIX}{key} is {value!r}; allowed: ")


@pytest.mark.parametrize(
    ("alphabet", "alike"),
    [
        ("0OQD1ILJS5Z2", "(0OQD, 1ILJ, S5, Z2), which leaves 4"),
        ("0OQD1IL|S5Z2", "(0OQD, 1IL|, S5, Z2), which leaves 4"),
        ("HKNX2345689CDF", "(HKNX), which leaves 11"),
        ("23456789CDF", "at least 12"),
    ],
)
def test_an_alphabet_needs_twelve_symbols_that_readers_can_distinguish(alphabet: str, alike: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read({f"{PREFIX}ALPHABET": alphabet})
    assert alike in str(caught.value)


@pytest.mark.parametrize("alphabet", ["HK2345689CDFRT", "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", "2345689CDFHM"])
def test_look_alikes_in_an_alphabet_of_twelve_or_more_symbols_are_allowed(alphabet: str) -> None:
    assert read({f"{PREFIX}ALPHABET": alphabet}).alphabet == alphabet


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("DIFICULTY", "DIFFICULTY"), ("MAXLINKS", "MAX_LINKS"), ("ttl", "TTL"), ("STORAGE", "STORAGE_URI")],
)
def test_an_unknown_key_is_refused_with_the_nearest_right_one(typed: str, meant: str) -> None:
    with pytest.raises(ConfigError, match=rf"did you mean {PREFIX}{meant}\?"):
        read({PREFIX + typed: 1})


def test_a_key_that_resembles_no_setting_is_refused_too() -> None:
    with pytest.raises(ConfigError, match=r"the page Configuration of the documentation lists them all"):
        read({f"{PREFIX}XYZZY": 1})


@pytest.mark.parametrize(
    "typed",
    ["CAPTCHA_GAURD_MODE", "CAPTCHA_GARD_MODE", "CAPTCHAGUARD_MODE", "CAPTHA_GUARD_MODE", "CAPTCHA_GUAARD_MODE",
     "captcha_guard_mode",
     "FLASK_CAPTCHA_GUARD_MODE", "Captcha-Guard-Mode",
     "CAPTCHA_GUARDMODE", "KAPTCHA_GUARD_MODE", "CAPTCHA-GUARD_MODE", "CAPTCHA_GAURD_MOED"],
)  # fmt: skip
def test_a_key_with_a_misspelt_prefix_is_refused_with_the_right_prefix(typed: str) -> None:
    with pytest.raises(ConfigError, match=rf"^{typed} isn't a setting .* did you mean {PREFIX}MODE\?$"):
        read({typed: "off"})


@pytest.mark.parametrize(
    "other",
    ["CAPTCHA_LENGTH", "CAPTCHA_WIDTH", "CAPTCHA_GREETING", "CAPTCHA_GRADES", "RECAPTCHA_PUBLIC_KEY", "GUARD_MODE", "",
     "CAPTCHA_GUARDIAN_KEY", "HCAPTCHA_GUARD_SITEKEY", "CAPTCHA_GUARD"],
)  # fmt: skip
def test_keys_of_other_extensions_are_left_alone(other: str) -> None:
    assert read({other: 1}) == Settings()


@pytest.mark.parametrize(
    ("key", "value"),
    [("STOPFORUMSPAM", "True"), ("COLOURS", "None"), ("SIZE", "(240, 120)"), ("SHADOW", "true"),
     ("TRUSTED_ORIGINS", "['https://a.example']"), ("THRESHOLDS", "{'hold': 60}"), ("LOCALES", '["de"]'),
     ("DISALLOWED_WORDS", "['casino']"), ("FONTS", "['a']"), ("MODE", "None")],
)  # fmt: skip
def test_a_text_that_looks_like_another_type_is_refused_with_the_syntax_of_environment_variables(
    key: str, value: str
) -> None:
    with pytest.raises(
        ConfigError, match=r"In an environment variable, write JSON: true, null, \[240, 120\]"
    ) as caught:
        read({PREFIX + key: value})
    assert "Write [" not in str(caught.value)


@pytest.mark.parametrize(("key", "value"), [("AKISMET_KEY", 123456789012), ("STYLE_SEED", 1e30)])
def test_digits_for_a_text_are_refused_with_the_way_to_write_them(key: str, value: object) -> None:
    with pytest.raises(ConfigError, match="Flask reads digits in an environment variable as a number"):
        read({PREFIX + key: value})


def test_origins_in_one_text_are_refused_with_the_list_of_them() -> None:
    with pytest.raises(ConfigError, match=r"Write \['https://a\.example', 'https://b\.example'\]"):
        read({f"{PREFIX}TRUSTED_ORIGINS": "https://a.example, https://b.example"})


@pytest.mark.parametrize("given", ["*", "https://a.example, *", "https://a.example/ http", "a.example"])
def test_no_list_of_origins_is_suggested_that_would_be_refused(given: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read({f"{PREFIX}TRUSTED_ORIGINS": given})
    assert "Write" not in str(caught.value)


def test_large_bounds_are_written_out() -> None:
    with pytest.raises(ConfigError, match="a whole number from 0 to 1000000"):
        read({f"{PREFIX}SURGE": None})


def test_every_setting_has_an_explanation_and_a_default_that_passes_its_own_check() -> None:
    for setting in fields(Settings):
        key = setting.metadata["key"]
        assert key.doc.endswith(".")
        default = getattr(Settings(), setting.name)
        assert key.check(setting.name.upper(), default) == default


def test_a_setting_of_an_earlier_release_is_refused_with_the_name_of_the_new_one() -> None:
    with pytest.raises(ConfigError, match=rf"^{PREFIX}LEARNING_URI isn't a setting any more; use {PREFIX}DATABASE_URI"):
        read({PREFIX + "LEARNING_URI": "sqlite:////var/lib/blog/learned.sqlite3"})


@pytest.mark.parametrize("name", ["STORAGE_URI", "DATABASE_URI"])
@pytest.mark.parametrize("uri", ["Redis://:hunter2@db/0", "redis://:hunter2@db/0\n", "Redis://db/0?password=hunter2"])
def test_no_error_shows_the_password_in_an_address(name: str, uri: str) -> None:
    with pytest.raises(ConfigError, match=rf"{PREFIX}{name} is ") as refusal:
        read({PREFIX + name: uri})
    assert "hunter2" not in str(refusal.value)


def test_settings_that_are_printed_show_no_password_of_an_address() -> None:
    settings = read({PREFIX + "STORAGE_URI": "redis://:hunter2@db/0"})
    assert settings.storage_uri == "redis://:hunter2@db/0"
    assert "'redis://***@db/0'" in repr(settings)
    assert "hunter2" not in repr(settings)


@pytest.mark.parametrize(
    ("given", "read_as"),
    [
        ([], ()), (["https://other.example"], ("https://other.example",)),
        (("HTTPS://Other.Example:443",), ("https://other.example",)),
        (["http://[::1]:8000", "http://a.example:80"], ("http://[::1]:8000", "http://a.example")),
        (["capacitor://localhost", "http://a.example:443"], ("capacitor://localhost", "http://a.example:443")),
    ],
)  # fmt: skip
def test_trusted_origins_are_returned_as_browsers_write_them(given: object, read_as: object) -> None:
    assert read({f"{PREFIX}TRUSTED_ORIGINS": given}).trusted_origins == read_as


@pytest.mark.parametrize(
    "given",
    [
        "https://other.example", ["other.example"], ["https://other.example/"], ["https://*.example"], ["*"], ["null"],
        [""], ["https://b\u00fccher.example"], ["https://a.example:99999"], ["https://user@a.example"], ["https://"],
        [None], None,
        ["https://a.example\n"], {"https://a.example"},
    ],
)  # fmt: skip
def test_an_invalid_list_of_origins_is_refused_with_an_example(given: object) -> None:
    with pytest.raises(ConfigError, match=r"CAPTCHA_GUARD_TRUSTED_ORIGINS is .*; allowed: a list of origins such as"):
        read({f"{PREFIX}TRUSTED_ORIGINS": given})


@pytest.mark.parametrize(
    ("given", "fix"),
    [
        ("https://other.example", "['https://other.example']"),
        (["https://other.example/"], "'https://other.example'"),
        (["https://other.example/blog"], "'https://other.example'"),
        ([" https://other.example "], "'https://other.example'"),
    ],
)
def test_an_origin_that_is_nearly_right_is_refused_with_the_right_one(given: object, fix: str) -> None:
    with pytest.raises(ConfigError) as refused:
        read({f"{PREFIX}TRUSTED_ORIGINS": given})
    assert str(refused.value).endswith(f"Write {fix}")
