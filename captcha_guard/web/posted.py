"""What came with a POST: the host's fields, our fields, and the submission in our words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from .protection import USUAL_FIELDS, Protection
from .refusal import STATUSES, Refusal

TOKEN = "captcha_token"  # noqa: S105 - the name of a form field
ANSWER = "captcha_answer"
PASS = "captcha_pass"  # noqa: S105 - the name of a form field
OURS = (TOKEN, ANSWER, PASS)

#: Octets. A JSON body above this is not read (Flask itself caps forms by MAX_FORM_MEMORY_SIZE).
LARGEST_JSON = 500_000

FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


class PostedError(Exception):
    """A POST that can't be read; ``refusal`` says why, ``values`` holds what could be read of the host's fields."""

    def __init__(self, refusal: Refusal, values: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal
        self.values = values


@dataclass(frozen=True, slots=True)
class Posted:
    """The readable content of one POST.

    ``values`` are the host's own fields in their order, ``ours`` the captcha fields, ``parts`` author, e-mail, URL and
    body in our words, ``honeypot`` what came in the field that nobody sees, ``files`` the names of file fields.
    """

    values: tuple[tuple[str, str], ...]
    ours: Mapping[str, str]
    parts: Mapping[str, str]
    honeypot: str = ""
    files: tuple[str, ...] = ()


NOTHING = Posted((), dict.fromkeys(OURS, ""), {})


def read(request: Request, protection: Protection, honeypot: str) -> Posted:
    """Read a form or JSON POST; raises ``PostedError`` with 400, 413 or 415 when it can't be read."""
    if request.is_json:
        files: tuple[str, ...] = ()
        pairs = _json_pairs(request, protection, honeypot)
    else:
        pairs, files = _form_pairs(request)
    values = tuple((name, value) for name, value in pairs if name not in (*OURS, honeypot))
    try:
        ours = {name: _single(pairs, name) for name in (*OURS, honeypot)}
        parts = {word: _part(pairs, word, protection) for word in USUAL_FIELDS}
    except PostedError as error:
        raise PostedError(error.refusal, values) from error
    return Posted(values, ours, parts, ours.pop(honeypot), files)


def _form_pairs(request: Request) -> tuple[list[tuple[str, str]], tuple[str, ...]]:
    try:
        form, files = request.form, request.files
    except RequestEntityTooLarge as error:
        raise PostedError(Refusal.because("too_large")) from error
    except HTTPException as error:
        raise _malformed("the form could not be read") from error
    if not form and not files:
        if request.mimetype and request.mimetype not in FORMS:
            raise _unsupported("A form or JSON is needed", request.mimetype)
        raise _malformed("nothing readable was sent")
    return list(form.items(multi=True)), tuple(name for name, file in files.items() if file.filename)


def read_json(request: Request) -> dict[str, Any]:
    """Return the JSON object that was posted; raises ``PostedError`` with 400, 413 or 415 when there is none."""
    if not request.is_json:
        raise _unsupported("JSON is needed", request.mimetype)
    request.max_content_length = min(LARGEST_JSON, request.max_content_length or LARGEST_JSON)
    try:
        document: Any = request.get_json()
    except RequestEntityTooLarge as error:
        raise PostedError(Refusal.because("too_large")) from error
    except (HTTPException, RecursionError) as error:
        raise _malformed("this is not JSON") from error
    if not isinstance(document, dict):
        raise _malformed("a JSON object is needed")
    return document


def _json_pairs(request: Request, protection: Protection, honeypot: str) -> list[tuple[str, str]]:
    document = read_json(request)
    texts = {*OURS, honeypot}
    for word, usual in USUAL_FIELDS.items():
        texts.update([protection.fields[word]] if word in protection.fields else usual)
    for name, value in document.items():
        if name in texts and value is not None and not isinstance(value, str):
            raise _malformed(f"the field {name[:40]!r} must be a text")
        if isinstance(value, str) and not _is_unicode(name + value):
            raise _malformed(f"the field {name[:40]!r} holds half a character, a lone surrogate")
    return [(name, value) for name, value in document.items() if isinstance(value, str)]


def _is_unicode(text: str) -> bool:
    """Say whether ``text`` can be written down at all: databases refuse what can't, as a fault of the server."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _single(pairs: list[tuple[str, str]], name: str) -> str:
    found = [value for key, value in pairs if key == name]
    if len(found) > 1:
        raise _malformed(f"the field {name!r} came {len(found)} times")
    return found[0] if found else ""


def _part(pairs: list[tuple[str, str]], word: str, protection: Protection) -> str:
    if word in protection.fields:
        name = protection.fields[word]
        found = [value for key, value in pairs if key == name]
        if not found and word == "body":
            raise _malformed(f"the field {name!r} is missing")
        return "\n".join(found)
    for name in USUAL_FIELDS[word]:
        found = [value for key, value in pairs if key == name]
        if found:
            return "\n".join(found)
    return ""


def _unsupported(wanted: str, mimetype: str) -> PostedError:
    what = f"{wanted}, not {mimetype[:80] or 'a body without a type'}."
    return PostedError(Refusal("unsupported", what, STATUSES["unsupported"]))


def _malformed(what: str) -> PostedError:
    return PostedError(Refusal("malformed", f"The form was damaged on its way: {what}.", STATUSES["malformed"]))
