"""Reads a POST: the host's fields, our own fields, and the parts of the comment."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import urlsplit

from flask import Request, current_app
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from ...challenge.token import LONGEST
from ...messages import Message, message, message_n
from ...spam.text.invisible import without_unseen
from ..protection import USUAL_FIELDS, Protection
from .entry import Entry, Place, file_entries, form_entries, json_entries, query_entries
from .refusal import Refusal
from .roles import assign_roles, is_ignored, is_token_field
from .sizes import LARGEST_BODY, MOST_FIELDS, URLENCODED, cap_size, largest_text

if TYPE_CHECKING:
    from werkzeug.datastructures import FileStorage, MultiDict

TOKEN = "captcha_token"  # noqa: S105 - the name of a form field
ANSWER = "captcha_answer"
PASS = "captcha_pass"  # noqa: S105 - the name of a form field

#: The button that sends a comment to the moderator without a code.
NO_CODE = "captcha_no_code"

OURS = (TOKEN, ANSWER, PASS, NO_CODE)

#: Headers that can replace our fields. JSON that isn't an object needs them.
HEADERS = {TOKEN: "Captcha-Token", ANSWER: "Captcha-Answer", PASS: "Captcha-Pass", NO_CODE: "Captcha-No-Code"}

#: The parts of a request that can hold our own fields.
BODY = (Place.FORM, Place.JSON)

#: The most characters of our own fields that are kept. What is cut off was too long for a token and for an answer, and
#: still is. So our pages don't repeat it.
LONGEST_OWN: Final = LONGEST + 1

MULTIPART = "multipart/form-data"

FORMS = (URLENCODED, MULTIPART)

_NOT_UNICODE: Final = message(
    "The form was damaged on its way: the field '%(field)s' holds half a character, a lone surrogate."
)
_NOT_TEXT: Final = message("The form was damaged on its way: the field '%(field)s' must be a text.")
# Translators: in "A form or JSON is needed, not a body without a type."
_NO_TYPE: Final = message("a body without a type")


class PostedError(Exception):
    """A POST can't be read. ``refusal`` says why, and ``posted`` holds the host's fields that could be read."""

    def __init__(self, refusal: Refusal, posted: Posted | None = None) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal
        self.posted = posted or NOTHING


class Upload(NamedTuple):
    """The part of a multipart form that a file field sent. ``chosen`` is false if the field was left empty.

    ``kind`` is the content type according to the browser.
    """

    name: str
    kind: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Posted:
    """The content of one POST.

    - ``values``: the host's own form fields, in order.
    - ``ours``: the captcha fields.
    - ``parts``: author, email, URL and body. ``roles`` are the names of the fields that they came from.
    - ``honeypot``: the text in the hidden field.
    - ``files``: the parts that file fields sent, without content. ``multipart``: whether the form could have any.
    - ``other`` and ``private``: all further texts, see ``Submission``.
    - ``site``: the host that serves the form; "" if only the client names it.
    - ``has_body``: false if no field looks like a comment's body.
    - ``whole``: a digest of the contents of all host fields. It includes numbers in JSON and ignored fields, but no
      tokens and no space around words.
    """

    values: tuple[tuple[str, str], ...]
    ours: Mapping[str, str]
    parts: Mapping[str, str]
    honeypot: str = ""
    files: tuple[Upload, ...] = ()
    multipart: bool = False
    other: tuple[str, ...] = ()
    private: tuple[str, ...] = ()
    roles: frozenset[str] = frozenset()
    site: str = ""
    has_body: bool = True
    whole: str = ""

    @property
    def without_code(self) -> bool:
        """Whether the visitor asked to send the comment to the moderator without a code."""
        return is_ticked(self.ours[NO_CODE])


def is_ticked(value: str) -> bool:
    """Whether the value of a checkbox, or a JSON field in its place, means yes."""
    return value.strip().lower() not in ("", "0", "false")


NOTHING = Posted((), dict.fromkeys(OURS, ""), dict.fromkeys(USUAL_FIELDS, ""))


def read(request: Request, protection: Protection, honeypot: str) -> Posted:
    """Read a form or JSON POST with its query string.

    Raises ``PostedError`` with the status 400, 413 or 415 if it can't be read.
    """
    reserved = (*OURS, honeypot)
    files: tuple[Upload, ...] = ()
    try:
        cap_size(request)
        if request.is_json:
            document = None if _is_empty(request) else _document(request)
            entries = json_entries(document, protection.ignore)
            found = _members(document, reserved)
        else:
            form, uploads = _form(request)
            entries = form_entries(form.items(multi=True)) + file_entries(uploads) + _forced_json(request, protection)
            found = {name: form.getlist(name) for name in reserved}
            files = tuple(
                Upload(name or "", file.mimetype, bool(file.filename)) for name, file in uploads.items(multi=True)
            )
        entries = [entry for entry in entries if entry.place not in BODY or entry.name not in reserved]
        first = {name: values[0] if values else "" for name, values in found.items()}
        ours = {name: (first[name] or request.headers.get(HEADERS[name], ""))[:LONGEST_OWN] for name in OURS}
        host_entries = entries + query_entries(request.args)
        posted = _posted(request, protection, host_entries, ours=ours, honeypot=first[honeypot], files=files)
        if request.is_json:
            posted = replace(posted, whole=posted.whole + _digest(_written(document, reserved)))
    except RequestEntityTooLarge as error:
        raise PostedError(Refusal.because("too_large")) from error
    for name, values in found.items():
        if len(values) > 1:
            raise _malformed(_repeated(name, len(values)), posted)
    return posted


def read_json(request: Request) -> dict[str, Any]:
    """Return the JSON object that was posted. Raises ``PostedError`` with 400, 413 or 415 if there isn't one."""
    if not request.is_json:
        raise _unsupported(message("JSON is needed, not %(type)s."), request.mimetype)
    try:
        document = _document(request)
    except RequestEntityTooLarge as error:
        raise PostedError(Refusal.because("too_large")) from error
    if not isinstance(document, dict):
        raise _malformed(message("The form was damaged on its way: a JSON object is needed."))
    return document


def _document(request: Request) -> object:
    request.max_content_length = min(LARGEST_BODY, request.max_content_length or LARGEST_BODY)
    try:
        document: object = request.get_json()
    except RequestEntityTooLarge:
        raise
    except (HTTPException, RecursionError) as error:
        raise _malformed(message("The form was damaged on its way: this is not JSON.")) from error
    return document


def _forced_json(request: Request, protection: Protection) -> list[Entry]:
    """Return the texts of JSON that was sent as a form. Views read it with ``request.get_json(force=True)``."""
    if request.mimetype != URLENCODED:
        return []
    body = request.get_data().lstrip(b" \t\r\n\xef\xbb\xbf")
    if body[:1] not in (b"{", b"[", b'"'):
        return []
    try:
        return json_entries(json.loads(body), protection.ignore)
    except (ValueError, RecursionError):
        return []


def _form(request: Request) -> tuple[MultiDict[str, str], MultiDict[str, FileStorage]]:
    try:
        form, files = request.form, request.files
    except RequestEntityTooLarge:
        raise
    except HTTPException as error:
        raise _malformed(message("The form was damaged on its way: the form could not be read.")) from error
    if not form and not files and not _is_empty(request):
        if request.mimetype and request.mimetype not in FORMS:
            raise _unsupported(message("A form or JSON is needed, not %(type)s."), request.mimetype)
        raise _malformed(message("The form was damaged on its way: nothing readable was sent."))
    return form, files


def _is_empty(request: Request) -> bool:
    """Return whether a request has no body, such as a button without fields, or a DELETE."""
    try:
        return not request.content_length and not request.get_data()
    except HTTPException:
        return False


def _posted(
    request: Request,
    protection: Protection,
    entries: list[Entry],
    *,
    ours: Mapping[str, str],
    honeypot: str,
    files: tuple[Upload, ...],
) -> Posted:
    """Return the content of a POST: our own fields, and the host's ``entries`` with their roles."""
    if len(entries) > MOST_FIELDS or sum(len(entry.value) for entry in entries) > largest_text(request):
        raise RequestEntityTooLarge
    for entry in entries:
        if not _is_unicode(entry.value):
            raise _malformed(_NOT_UNICODE.filled(field=entry.name[:40]))
    tokens = (current_app.config.get("WTF_CSRF_FIELD_NAME", "csrf_token"),)
    judged = [entry for entry in entries if not is_ignored(entry, protection, tokens)]
    site = _validated_host(request)
    roles = assign_roles(judged, protection, site, request.host)
    return Posted(
        values=tuple([(entry.name, entry.value) for entry in entries if entry.place is Place.FORM]),
        ours=ours,
        parts=roles.parts,
        honeypot=honeypot,
        files=files,
        multipart=request.mimetype == MULTIPART,
        other=roles.other,
        private=roles.private,
        roles=roles.names,
        site=site,
        has_body=roles.has_body or not any(entry.value.strip() for entry in judged),
        whole=_digest("\0".join(sorted(_identifying_texts(entries, tokens)))),
    )


def _identifying_texts(entries: list[Entry], tokens: tuple[str, ...]) -> Iterator[str]:
    """Yield the name and words of each field that isn't one of ``tokens``. Together they identify a POST."""
    for entry in entries:
        if not is_token_field(entry, tokens):
            yield f"{entry.name}={' '.join(without_unseen(entry.value).split())}"


def _written(document: object, reserved: Collection[str]) -> str:
    """Return a JSON document as text, without the captcha's own members."""
    if isinstance(document, dict):
        document = {name: member for name, member in document.items() if name not in reserved}
    return json.dumps(document, sort_keys=True)


def _digest(text: str) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _members(document: object, names: Collection[str]) -> dict[str, list[str]]:
    """Return the texts of a JSON object under ``names``."""
    found: dict[str, list[str]] = {name: [] for name in names}
    if isinstance(document, dict):
        for name in names:
            value = document.get(name)
            if name == NO_CODE and not isinstance(value, str):  # a switch, which JSON clients send as true
                value = "1" if value is True or value == 1 else None
            if value is not None and not isinstance(value, str):
                raise _malformed(_NOT_TEXT.filled(field=name))
            if value is not None:
                found[name].append(value)
    return found


def _validated_host(request: Request) -> str:
    """Return the host that serves this form, without its port. "" if the application doesn't know its hosts."""
    known = request.host if request.trusted_hosts is not None else current_app.config.get("SERVER_NAME")
    return (urlsplit(f"//{known}").hostname or "") if known else ""


def _is_unicode(text: str) -> bool:
    """Return whether ``text`` can be encoded. If not, a database would raise an error, which becomes a 500."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _repeated(field: str, times: int) -> Message:
    return message_n(
        "The form was damaged on its way: the field '%(field)s' came %(count)d time.",
        "The form was damaged on its way: the field '%(field)s' came %(count)d times.",
        times,
        field=field,
    )


def _unsupported(text: Message, mimetype: str) -> PostedError:
    return PostedError(Refusal.saying("unsupported", text.filled(type=mimetype[:80] or _NO_TYPE)))


def _malformed(text: Message, posted: Posted | None = None) -> PostedError:
    return PostedError(Refusal.saying("malformed", text), posted)
