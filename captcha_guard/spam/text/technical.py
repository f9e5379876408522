"""Signs that a text is about programming or about the subject of the post."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from .normalised import folded_case, words_of

#: Names, operators, options, paths and versions as they occur in code. "iPhone", "YouTube" and prices don't match.
_CODE: Final = re.compile(
    r"""\b[a-z]{2,30}[A-Z][A-Za-z]\w*            # camelCase
    | \b[a-zA-Z]\w{0,40}_\w+                     # snake_case
    | \b[a-zA-Z]\w{1,40}(?:\.\w{1,40})?\(\)      # a call
    | \b\w{1,40}\.(?:bat|c|cfg|conf|config|cpp|cs|csproj|css|csv|dll|exe|go|h|htaccess|ini|java|js|json|jsx|kt|md|php
        |ps1|py|rb|rs|scss|sh|sql|toml|ts|tsx|vue|xaml|xml|yaml|yml)\b
    | (?<!\w)\.NET\b | \b[CF]\# | \bC\+\+ | \b0x[0-9a-fA-F]{2,} | (?<!\S)--[a-z]{2,}
    | (?<![\w:/.])/(?:[\w.-]{1,40}/){2} | \b[A-Z]:\\ | \b[A-Z][A-Z_]{3,40}=
    | [=!]== | => | ->\w | :: | && | \|\| | `[^`\n]{2,200}`
    | \b\d{1,4}\.\d{1,4}\.\d{1,5}\b""",
    re.VERBOSE,
)
#: Addresses, which say nothing about the text around them.
_ADDRESS: Final = re.compile(r"""(?:https?|ftp):[^\s<>"']++|\bwww\.[^\s<>"']++""", re.IGNORECASE)

_TERMS: Final = """
    algorithm angular ansible apache api array assembly async bash bitmap branch browser bug bytecode bytes cache
    callback cli clojure closure cmake compile compiler compiles concurrency config constructor container coroutine
    cpu cron css csv daemon database deadlock debian debug debugger dependency deserialize dns docker dotnet driver
    elixir emacs enum erlang exception firefox flask framework function gcc git github gitlab golang gradle graphql
    gui hash haskell heap html http https iis immutable inheritance instance integer interface interpreter
    javascript jit jquery json jvm kafka kernel kotlin kubernetes lambda laravel latency ldap linter linux lisp
    localhost loop macos mariadb markdown maven memcached memory microservice middleware migration mongodb mutex
    mysql namespace nginx node npm nuget numpy oauth object opcode optimizer oracle parameter parser pip plugin
    pointer postgres postgresql powershell python queue rails raspberry recursion redis refactor refactoring regex
    regexp registry rest rfc ruby runtime rust safari scala scheduler schema script scripts selenium semaphore shell
    singleton socket spring sql sqlite ssh stack stacktrace string struct subclass svn symfony syntax tcp template
    terraform thread threads timeout timestamp tls tomcat transaction typescript ubuntu udp unicode unix urllib utf
    variable vim virtualenv vm vue webassembly webpack windows workaround xml xslt yaml
"""
#: Words of programming that advertisements seldom have.
TERMS: Final = frozenset(_TERMS.split())
#: So many different words of programming, or of the post, show what a text is about.
_ENOUGH_TERMS: Final = 2
_ENOUGH_OF_TOPIC: Final = 4
#: Letters. Shorter words of the post occur in any text.
_LONG: Final = 6
_MOST: Final = 100_000


def is_on_subject(cased: str, words: Iterable[str], topic: str = "") -> bool:
    """Return whether a text has code, two words of programming, or four of the longer words of ``topic``.

    :param cased: the text with its upper and lower case.
    :param words: its words in lower case, without those of addresses.
    """
    said = set(words)
    if len(TERMS & said) >= _ENOUGH_TERMS or (topic and len(_long_words(topic) & said) >= _ENOUGH_OF_TOPIC):
        return True
    return _CODE.search(_ADDRESS.sub(" ", cased)) is not None


@lru_cache(maxsize=8)  # the comments on one post come with the same topic
def _long_words(topic: str) -> frozenset[str]:
    return frozenset(word for word in words_of(folded_case(topic[:_MOST])) if len(word) >= _LONG)
