"""Messages: English sentences that can be translated later."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from time import process_time
from typing import cast

import pytest

from captcha_guard.catalogues import Translator, available, closest
from captcha_guard.messages import Message, joined, message, message_n


def test_a_message_is_its_english_sentence() -> None:
    assert message("The name advertises: %(word)s.", word="casino") == "The name advertises: casino."
    assert json.dumps(message("Short & plain")) == '"Short & plain"'


def test_a_number_of_one_takes_the_singular_and_any_other_the_plural() -> None:
    texts = [message_n("%(count)d link", "%(count)d links", count) for count in (0, 1, 2, 1234)]
    assert texts == ["0 links", "1 link", "2 links", "1,234 links"]


def test_a_fraction_is_shown_without_needless_digits() -> None:
    assert message("at least %(least)d s", least=3.0) == "at least 3 s"
    assert message("at least %(least)d s", least=2.5) == "at least 2.5 s"


def test_a_text_without_values_keeps_its_placeholders_and_percent_signs() -> None:
    later = message("Too long. %(why)s")
    assert later == "Too long. %(why)s"
    assert later.filled(why=message("100 % of it.")) == "Too long. 100 % of it."


def test_items_are_joined_by_commas() -> None:
    assert joined(["a"]) == "a"
    assert joined(["a", message("b"), "c"]) == "a, b, c"


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])  # noqa: S301 - our own
def test_copies_keep_their_parts(copied: Callable[[Message], object]) -> None:
    original = message_n("%(count)d link in %(where)s", "%(count)d links in %(where)s", 3, where=message("the text"))
    again = copied(original)
    assert isinstance(again, Message)
    assert (again, again.parts) == (original, original.parts)


def test_a_host_replaces_a_text_and_keeps_its_placeholders() -> None:
    translator = Translator(lambda text, language: f"{language}: %(count)d!" if text.number == 2 else None)
    two, three = (message_n("%(count)d link", "%(count)d links", count) for count in (2, 3))
    assert translator.translate(two, "en") == "en: 2!"
    assert translator.translate(three, "en") == "3 links"


@pytest.mark.parametrize("wrong", ["%(other)s", "100 % of %(count)d", "%(count)"])
def test_a_text_of_the_host_that_cannot_be_filled_in_is_logged_and_not_used(
    wrong: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert Translator(lambda *_: wrong).translate(message("%(count)d links", count=2), "en") == "2 links"
    assert f"localize returned {wrong!r} for '%(count)d links'" in caplog.text


def test_a_failing_function_of_the_host_is_logged_and_not_used(caplog: pytest.LogCaptureFixture) -> None:
    def localize(text: Message, language: str) -> str:
        raise LookupError(language)

    assert Translator(localize).translate(message("Send"), "en") == "Send"
    assert "localize failed for 'Send'" in caplog.text


def test_a_lazy_text_of_the_hosts_is_filled_and_may_fail(caplog: pytest.LogCaptureFixture) -> None:
    class Lazy:
        def __init__(self, words: dict[str, str]) -> None:
            self.words = words

        def __str__(self) -> str:
            return self.words["links"]

    def translator(words: dict[str, str]) -> Translator:
        return Translator(lambda *_: cast("str", Lazy(words)))

    links = message_n("%(count)d link", "%(count)d links", 3)
    assert translator({"links": "%(count)d liens"}).translate(links, "en") == "3 liens"
    assert translator({}).translate(links, "en") == "3 links"
    assert "localize failed for '%(count)d link'" in caplog.text


def test_other_texts_are_not_translated() -> None:
    assert Translator(lambda *_: "replaced").translate("a host's own sentence", "en") == "a host's own sentence"


def test_english_is_always_available() -> None:
    assert available()[0] == "en"


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("de", "de"),
        ("DE_at", "de"),
        ("de-AT-1996", "de"),
        ("pt-BR", "pt-BR"),
        ("pt", None),
        ("zh-Hant-TW", None),
        ("deu", None),
        ("", None),
        ("-", None),
        ("--de", None),
        ("de\0", None),
    ],
)
def test_a_language_with_a_region_gets_the_catalogue_without_it(wanted: str, found: str | None) -> None:
    assert closest(wanted, ("en", "de", "pt-BR")) == found


def test_a_language_of_half_a_megabyte_costs_nothing() -> None:
    start = process_time()
    assert closest("de" + "-x" * 240_000, ("en", "de")) == "de"
    assert process_time() - start < 1
