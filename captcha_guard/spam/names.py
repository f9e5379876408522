"""The words for fields, kinds of spam and languages in the sentences of findings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ..messages import Message, message

#: The fields of a submission.
FIELDS: Final[Mapping[str, str]] = {
    # Translators: the names of a form's fields, in "The field author is 300 characters long".
    "author": message("author"),
    "email": message("email"),
    "url": message("url"),
    "body": message("body"),
    "password": message("password"),
}

#: The languages whose phrases are known.
LANGUAGES: Final[Mapping[str, str]] = {
    # Translators: languages of spam, in "German: Geld leihen".
    "chinese": message("Chinese"),
    "english": message("English"),
    "french": message("French"),
    "german": message("German"),
    "indonesian": message("Indonesian"),
    "portuguese": message("Portuguese"),
    "russian": message("Russian"),
    "spanish": message("Spanish"),
}

#: The kinds of spam. A finding names one with the phrases that were found: "gambling (casino bonus)".
FAMILIES: Final[Mapping[str, str]] = {
    # Translators: the kinds of spam from here on are for moderators, in "gambling (casino bonus)".
    "a word of advertisers": message("a word of advertisers"),
    "applaud this": message("applaud this"),
    "click here": message("click here"),
    "copied news": message("copied news"),
    "easy money": message("easy money"),
    "easy work": message("easy work"),
    "false papers": message("false papers"),
    "file with a password": message("file with a password"),
    "gambling": message("gambling"),
    "gifts": message("gifts"),
    "helpline": message("helpline"),
    "help me": message("help me"),
    "hired hackers": message("hired hackers"),
    "investments": message("investments"),
    "loans": message("loans"),
    "look at this": message("look at this"),
    "look at what is mine": message("look at what is mine"),
    "medicine": message("medicine"),
    "more subscribers": message("more subscribers"),
    "recovered money": message("recovered money"),
    "search engines": message("search engines"),
    "sex": message("sex"),
    "something of mine": message("something of mine"),
    "spells": message("spells"),
    "subscribe to me": message("subscribe to me"),
    "wares": message("wares"),
}


def field_name(field: str) -> str:
    """Return the word for a field. One without a word, such as ``user_agent``, keeps its name."""
    return FIELDS.get(field, field)


def quote(text: str, most: int) -> str:
    """Return the beginning of a text, at most ``most`` characters. A message is returned whole."""
    return text if isinstance(text, Message) else text[:most]
