"""Signs that a text is about programming or about the subject of the post."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import islice
from typing import Final

from .normalised import folded_case, words_of

#: Code, files, paths, versions and messages of programs. One of them shows that a text is about programming.
_STRONG: Final = re.compile(
    r"""\b[a-zA-Z]\w{1,40}(?:\.\w{1,40})?\(\)   # a call
    | \b\w{1,40}\.(?:bat|cfg|conf|config|cpp|csproj|css|csv|dll|exe|htaccess|ini|java|js|json|jsx|php|ps1|py|rb|scss
        |sql|toml|ts|tsx|vue|xaml|xml|yaml|yml)\b
    | (?<!\w)\.NET\b | \b[CF]\#(?!\ ?(?:m|maj|min)) | \bC\+\+ | \b0x[0-9a-fA-F]{2,} | \b[A-Z]:\\ | \b[A-Z][A-Z_]{3,40}=
    | `[^`\n]{2,200}`
    # a version, unlike a date, a telephone number or a price
    | \bv\d{1,4}(?:\.\d{1,5}){1,3}\b
    | \b(?!\d{1,2}\.\d{1,2}\.(?:19|20)?\d\d\b|\d{3}\.\d{3}\.\d{3,4}\b|\d{1,3}(?:\.\d{3}){2}\b)
        \d{1,4}\.\d{1,4}\.\d{1,5}\b
    """,
    re.VERBOSE,
)
#: Messages of programs, and command lines with an address. A text with one needs few words of its own.
_PASTED: Final = re.compile(
    r"""\b[Ff]ailed\ to\ (?:load\ resource|fetch|connect\ to)\b | \bblocked\ by\ CORS\ policy\b
    | \bAccess\ to\ (?:fetch|XMLHttpRequest|font|script)\ at\b | \bnet::ERR_[A-Z]
    | \bE(?:CONNREFUSED|NOTFOUND|TIMEDOUT)\b
    | \bMixed\ Content:\ The\ page\ at\b | \bRefused\ to\ (?:apply|connect|display|execute|frame|load)\b
    | \b[Cc]ould\ not\ resolve\ host\b | \bSSL\ certificate\ problem\b
    | \b40[0134]\ \(?(?:Bad\ Request|Unauthorized|Forbidden|Not\ Found)\b
    | \b50[0234]\ \(?(?:Internal\ Server|Bad\ Gateway|Service\ Unav|Gateway\ Time)
    | \bTraceback\ \(most\ recent | \b[Ff]atal:\ unable\ to\ access\b
    | \bgit\ (?:clone|remote\ add|submodule\ add)\ [^\n]{0,60}(?:https?:|git@|ssh:)
    | (?:^|[\n$`>]\ ?)(?:curl|wget|http)\ [^\n]{0,60}https?: | \b(?:curl|wget)\ --?[a-zA-Z][^\n]{0,60}https?:""",
    re.VERBOSE,
)
#: Names and operators that other texts may have, too: handles, brand names, arrows. "iPhone" and "YouTube" don't match.
_WEAK: Final = re.compile(
    r"""\b[a-z]{2,30}[A-Z][A-Za-z]\w*            # camelCase
    | (?<![\w@])[a-zA-Z]\w{0,40}_\w+              # snake_case
    | \b\w{1,40}\.(?:c|cs|go|h|kt|md|rs|sh)\b
    | (?<!\S)--[a-z]{2,} | (?<![\w:/.])/(?:[\w.-]{1,40}/){2}
    | (?P<operator>[=!]==(?!=) | => | ->(?=\w) | :: | && | \|\|)""",
    re.VERBOSE,
)
#: All operators count as one sign.
_OPERATOR: Final = "=>"
#: Names of networks in camelCase.
_BRANDS: Final = frozenset(("facebook", "instagram", "linkedin", "paypal", "tiktok", "wechat", "whatsapp", "youtube"))
#: Addresses, and code in backticks that has nothing else. They don't show what the text around them is about.
_ADDRESS: Final = r"""(?:(?:https?|ftp):[^\s<>"'`]++|\bwww\.[^\s<>"'`]++)"""
_ADDRESSES: Final = re.compile(rf"(?<!`)(`{{1,3}})[ \t]*(?:{_ADDRESS}[ \t]*)+\1|{_ADDRESS}", re.IGNORECASE)

_TERMS: Final = """
    algorithm ansible api apl array async backend benchmark benchmarking benchmarks bitmap boolean breakpoint
    bytecode bytes callback checksum clang cli clojure cmake cobol codec compile compiler compiles concurrency
    config constructor coroutine cors cpu css csv daemon database deadlock debian debug debugger deploy deserialize
    dll dns docker dotnet emacs encoding endpoint endpoints enum erlang fortran frontend gcc git github gitlab
    golang gradle graphql gui haskell heroku hostname html http https iis immutable indexes ipv4 ipv6 iterator
    javascript jit jq jquery json jvm kernel kotlin kubectl kubernetes lambda laravel ldap linux localhost macos
    makefile malloc mariadb markdown matlab memcached microservice middleware mongodb msbuild mutex mysql namespace
    netbeans nginx npm nuget numpy oauth opcode optimizer parser parsers php postgres postgresql powershell printf
    python queries query rebase recursion redis refactor refactoring regex regexp rfc runtime sdk semaphore sha256
    sql sqlite ssh stacktrace stderr stdout struct subclass subnet svn symfony syntax syslog tcp terraform
    timestamp tls tomcat typescript ubuntu udp unicode unix uri urllib userland utf utf8 vb vim virtualenv wcf
    webassembly webpack winforms wpf xhtml xml xpath xslt yaml
"""
#: Words that have another meaning in everyday English, such as the header and the logs of a roof.
_EVERYDAY: Final = """
    angular apache assert bash bug cache closure cron deployment firefox framework gateway header headers integer
    logs maven oracle overflow parameter pip pointer prolog queue raspberry repository scheduler schema singleton
    socket thread threads timeout variables vm vue workaround
"""
#: Words of programming that advertisements seldom have.
TERMS: Final = frozenset(_TERMS.split())
EVERYDAY_TERMS: Final = frozenset(_EVERYDAY.split())
#: Points of each different word of programming, everyday word, and weak sign. Two words or signs are enough.
_TERM, _EVERYDAY_TERM, _SIGN, _ENOUGH = 2, 1, 2, 4
#: The fewest different words of the post that show what a text is about.
_ENOUGH_OF_TOPIC: Final = 4
#: The fewest letters of a word of the post that counts. Shorter words occur in any text.
_LONG: Final = 6
#: The most characters of a post that are read.
_MOST: Final = 100_000
#: The most signs that are read.
_MOST_SIGNS: Final = 50


def is_on_subject(cased: str, words: Iterable[str], topic: str = "") -> bool:
    """Return whether a text is about programming, or has four of the longer words of ``topic``.

    Code, a file name, a version or a message of a program shows that it is about programming, and so do two different
    words of programming or weaker signs. Everyday words count half.

    :param cased: the text with its upper and lower case.
    :param words: its words in lower case, without those of addresses.
    """
    said = set(words)
    if topic and len(_long_words(topic) & said) >= _ENOUGH_OF_TOPIC:
        return True
    points = _TERM * len(TERMS & said) + _EVERYDAY_TERM * len(EVERYDAY_TERMS & said)
    if points >= _ENOUGH or is_pasted(cased):
        return True
    written = _ADDRESSES.sub(" ", cased)
    found = islice(_WEAK.finditer(written), _MOST_SIGNS)
    signs = {_OPERATOR if match["operator"] else match[0].casefold() for match in found} - TERMS - _BRANDS
    return points + _SIGN * len(signs) >= _ENOUGH or _STRONG.search(written) is not None


def is_pasted(cased: str) -> bool:
    """Return whether a text has a message of a program, or a command line with an address."""
    return _PASTED.search(cased) is not None


@lru_cache(maxsize=8)  # comments on one post have the same topic
def _long_words(topic: str) -> frozenset[str]:
    return frozenset(word for word in words_of(folded_case(topic[:_MOST])) if len(word) >= _LONG)
