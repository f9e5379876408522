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
#: Addresses. They don't show what the text around them is about.
_ADDRESS: Final = re.compile(r"""(?:https?|ftp):[^\s<>"']++|\bwww\.[^\s<>"']++""", re.IGNORECASE)

_TERMS: Final = """
    algorithm angular ansible apache api apl array assert async backend bash bitmap boolean breakpoint bug bytecode
    bytes cache callback checksum cli clojure closure cmake cobol codec compile compiler compiles concurrency config
    constructor coroutine cors cpu cron css csv daemon database deadlock debian debug debugger deploy deployment
    deserialize dll dns docker dotnet emacs encoding endpoint endpoints enum erlang firefox fortran framework
    frontend gateway gcc git github gitlab golang gradle graphql gui haskell header headers heroku hostname html
    http https iis immutable indexes integer ipv4 ipv6 iterator javascript jit jquery json jvm kernel kotlin kubectl
    kubernetes lambda laravel ldap linux localhost logs macos makefile mariadb markdown matlab maven memcached
    microservice middleware mongodb msbuild mutex mysql namespace netbeans nginx npm nuget numpy oauth opcode
    optimizer oracle overflow parameter parser parsers php pip pointer postgres postgresql powershell prolog python
    queries query queue raspberry rebase recursion redis refactor refactoring regex regexp repository rfc runtime
    scheduler schema sdk semaphore sha256 singleton socket sql sqlite ssh stacktrace stdout struct subclass subnet
    svn symfony syntax syslog tcp terraform thread threads timeout timestamp tls tomcat typescript ubuntu udp
    unicode unix uri urllib userland utf utf8 variables vb vim virtualenv vm vue wcf webassembly webpack winforms
    workaround wpf xhtml xml xpath xslt yaml
"""
#: Words of programming that advertisements seldom have.
TERMS: Final = frozenset(_TERMS.split())
#: The fewest different words of programming, and of the post, that show what a text is about.
_ENOUGH_TERMS: Final = 2
_ENOUGH_OF_TOPIC: Final = 4
#: The fewest letters of a word of the post that counts. Shorter words occur in any text.
_LONG: Final = 6
#: The most characters of a post that are read.
_MOST: Final = 100_000


def is_on_subject(cased: str, words: Iterable[str], topic: str = "") -> bool:
    """Return whether a text has code, two words of programming, or four of the longer words of ``topic``.

    :param cased: the text with its upper and lower case.
    :param words: its words in lower case, without those of addresses.
    """
    known = set(words)
    if len(TERMS & known) >= _ENOUGH_TERMS or (topic and len(_long_words(topic) & known) >= _ENOUGH_OF_TOPIC):
        return True
    return _CODE.search(_ADDRESS.sub(" ", cased)) is not None


@lru_cache(maxsize=8)  # comments on one post have the same topic
def _long_words(topic: str) -> frozenset[str]:
    return frozenset(word for word in words_of(folded_case(topic[:_MOST])) if len(word) >= _LONG)
