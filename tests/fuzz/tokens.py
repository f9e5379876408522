"""Mutations of genuine tokens and passes, as an attacker would try them."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from hypothesis import strategies as st

from tests.fuzz.texts import texts

LOOK_ALIKES: Final = str.maketrans("Aae-.1_", "\u0391\u0430\u0435\u2010\uff0e\uff11\uff3f")


@dataclass(frozen=True)
class Step:
    """One change of a token: its name, two numbers that say where and how much, and a text to insert."""

    way: str
    place: int
    much: int
    text: str


Mutation = Sequence[Step]


def mutated(steps: Mutation, genuine: Sequence[str]) -> str:
    """Return the first of the ``genuine`` tokens after these steps. The others lend parts."""
    token = genuine[0]
    for step in steps:
        token = WAYS[step.way](token, step, genuine)[:20_000]
    return token


def same_bytes(token: str, other: str) -> bool:
    """Return whether ``other`` has the signed text of ``token``, and a signature that base64 decodes to the same."""
    signed, _, signature = token.rpartition(".")
    signed_too, _, spelt = other.rpartition(".")
    return signed == signed_too and _decoded(signature) == _decoded(spelt) is not None


def _decoded(part: str) -> bytes | None:
    try:
        return base64.urlsafe_b64decode(part.encode("ascii", "strict") + b"=" * (-len(part) % 4))
    except (ValueError, binascii.Error):
        return None


def _raw(part: str) -> bytes:
    return _decoded(part) or b""


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _part(change: Callable[[str, Step], str]) -> Callable[[str, Step, Sequence[str]], str]:
    """Return a way that changes one of the parts between dots."""

    def way(token: str, step: Step, _: Sequence[str]) -> str:
        parts = token.split(".")
        at = step.place % len(parts)
        parts[at] = change(parts[at], step)
        return ".".join(parts)

    return way


def _spliced(token: str, step: Step, genuine: Sequence[str]) -> str:
    parts, others = token.split("."), genuine[step.much % len(genuine)].split(".")
    at = step.place % len(parts)
    parts[at] = others[at % len(others)]
    return ".".join(parts)


def _payload(token: str, step: Step, _: Sequence[str]) -> str:
    """Change a part of the payload under the old signature."""
    payload, dot, rest = token.partition(".")
    try:
        parts: Any = json.loads(_raw(payload))
    except ValueError:
        return token
    if not isinstance(parts, list) or not parts:
        return token
    odd: list[Any] = [step.text, None, step.much, -1, [], {}, True, 2**70, 1.5, parts[step.much % len(parts)]]
    if step.much % 5 == 0:
        parts.insert(step.place % (len(parts) + 1), odd[step.much % len(odd)])
    elif step.much % 5 == 1:
        del parts[step.place % len(parts)]
    else:
        parts[step.place % len(parts)] = odd[step.much % len(odd)]
    return _encoded(json.dumps(parts).encode()) + dot + rest


def _flipped(part: str, step: Step) -> str:
    data = bytearray(_raw(part) or b"\0")
    data[step.much % len(data)] ^= 1 << step.place % 8
    return _encoded(bytes(data))


Way = Callable[[str, Step, Sequence[str]], str]


def _at(token: str, step: Step) -> int:
    return step.place % (len(token) + 1)


WAYS: Final[dict[str, Way]] = {
    "cut": lambda token, step, _: token[: _at(token, step)],
    "tail": lambda token, step, _: token[_at(token, step) :],
    "insert": lambda token, step, _: token[: _at(token, step)] + step.text + token[_at(token, step) :],
    "overwrite": lambda token, step, _: (
        token[: _at(token, step)] + step.text + token[_at(token, step) + len(step.text) :]
    ),
    "drop": lambda token, step, _: token[: _at(token, step)] + token[_at(token, step) + 1 + step.much % 9 :],
    "last character": lambda token, step, _: token[:-1] + "AQgw_-z9"[step.much % 8],
    "padded": lambda token, step, _: token + "=" * (step.much % 5),
    "twice": lambda token, step, _: token * (2 + step.much % 3),
    "case": lambda token, step, _: token[: _at(token, step)] + token[_at(token, step) :].swapcase(),
    "spaces": lambda token, step, _: (" ", "\t", "\n", "\0", "\u00a0", "\ufeff")[step.much % 6] + token + " ",
    "look-alikes": lambda token, _step, _: token.translate(LOOK_ALIKES),
    "standard base64": lambda token, _step, _: token.replace("-", "+").replace("_", "/"),
    "percent": lambda token, _step, _: "".join(f"%{ord(one):02x}" for one in token if ord(one) < 256),
    "quoted": lambda token, _step, _: quote(token, errors="surrogatepass").replace(".", "%2E"),
    "no signature": lambda token, step, _: token.rpartition(".")[0] + "." * (step.much % 3),
    "order": lambda token, step, _: ".".join(
        sorted(token.split("."), key=lambda one: one[step.much % max(1, len(one)) :])
    ),
    "more dots": lambda token, step, _: token.replace(".", ".." if step.much % 2 else "..."),
    "splice": _spliced,
    "payload": _payload,
    "bit": _part(_flipped),
    "part": _part(lambda _part, step: step.text),
    "encoded again": _part(lambda part, _step: _encoded(part.encode("utf-8", "surrogatepass"))),
    "decoded": _part(lambda part, _step: _raw(part).decode("latin-1")),
    "padded part": _part(lambda part, step: part + "=" * (1 + step.much % 4)),
    "huge part": _part(lambda part, _step: part * 50),
}

STEPS: Final = st.builds(
    Step, st.sampled_from(sorted(WAYS)), st.integers(0, 900), st.integers(0, 255), texts(3, halves=True)
)
MUTATIONS: Final[st.SearchStrategy[Mutation]] = st.lists(STEPS, min_size=1, max_size=3)
