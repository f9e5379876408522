"""Updates the catalogues in captcha_guard/translations/ from the texts in the code: ``python -m tests.catalogues``.

Tags as arguments add languages. Translations of texts that didn't change are kept, new texts get an empty ``msgstr``,
and obsolete ones are removed. Nothing is guessed from similar texts. There are no line numbers, so that a catalogue
only changes with the texts and their files.
"""

from __future__ import annotations

import sys
from io import BytesIO
from pathlib import Path
from typing import Final

from babel.messages import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

import captcha_guard
from captcha_guard.catalogues import available, path_of
from captcha_guard.messages import SOURCE

PACKAGE: Final = Path(captcha_guard.__file__).parent

#: The files with texts: their pattern, the extractor, and the functions that mark texts there.
SOURCES: Final = (
    ("**.py", "python", {"message": None, "message_n": (1, 2)}),
    ("templates/captcha_guard/**.html", "jinja2.ext:babel_extract", {"text": None, "text_n": (1, 2)}),
)

#: Plural forms that are simpler than those of Babel, which have another form for whole millions.
PLURALS: Final = {"es": "nplurals=2; plural=(n != 1);", "fr": "nplurals=2; plural=(n > 1);"}

#: The comment at the top of a new catalogue.
HEADER: Final = """Texts of captcha_guard.
Translated by a program, and not yet checked by a speaker of the language.
"""


def template() -> Catalog:
    """Return every text in the code, without translations, in alphabetical order."""
    found = Catalog(project="captcha_guard", charset="utf-8")
    for pattern, method, keywords in SOURCES:
        extracted = extract_from_dir(
            PACKAGE, [(pattern, method)], keywords=keywords, comment_tags=("Translators:",), strip_comment_tags=True
        )
        for file, line, text, comments, context in extracted:
            found.add(text, locations=[(file, line)], auto_comments=comments, context=context)
    return found


def read(tag: str) -> Catalog:
    """Return a language's catalogue as it is in its file."""
    with path_of(tag).open("rb") as file:
        return read_po(file, locale=tag.replace("-", "_"))


def updated(tag: str, texts: Catalog) -> Catalog:
    """Return a language's catalogue with exactly the texts of the code, and with the translations it has."""
    path = path_of(tag)
    old = read(tag) if path.exists() else Catalog(locale=tag.replace("-", "_"), header_comment=HEADER)
    new = Catalog(locale=tag.replace("-", "_"), header_comment=old.header_comment, charset="utf-8")
    if tag in PLURALS:
        new.mime_headers = [("Plural-Forms", PLURALS[tag])]
    for text in texts:
        if not text.id:
            continue
        known = old.get(text.id, text.context)
        same = known is not None and known.id == text.id
        new.add(
            text.id,
            known.string if known is not None and same else None,
            locations=text.locations,
            auto_comments=text.auto_comments,
            user_comments=known.user_comments if known is not None and same else (),
            flags=text.flags | (known.flags & {"fuzzy"} if known is not None and same else set()),
            context=text.context,
        )
    return new


def written(tag: str, catalog: Catalog) -> bytes:
    """Return a catalogue as its file has it, with a header that doesn't change from one run to the next."""
    body = BytesIO()
    write_po(body, catalog, width=120, include_lineno=False, omit_header=True, sort_output=True)
    header = "".join(f"# {line}\n" for line in catalog.header_comment.strip().removeprefix("# ").splitlines())
    header = header.replace("# # ", "# ")
    fields = (
        ("Language", tag),
        ("MIME-Version", "1.0"),
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Transfer-Encoding", "8bit"),
        ("Plural-Forms", catalog.plural_forms),
    )
    lines = "".join(f'"{name}: {value}\\n"\n' for name, value in fields)
    return f'{header}msgid ""\nmsgstr ""\n{lines}\n'.encode() + body.getvalue()


def update(tags: list[str]) -> None:
    """Write the catalogues of these languages."""
    texts = template()
    for tag in tags:
        path = path_of(tag)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(written(tag, updated(tag, texts)))
        empty = sum(1 for text in read(tag) if text.id and not _is_translated(text.string))
        print(f"{tag}: {len(texts)} texts, {empty} without a translation")


def _is_translated(string: object) -> bool:
    return all(string) if isinstance(string, tuple) else bool(string)


if __name__ == "__main__":
    update(sorted({*available(), *sys.argv[1:]} - {SOURCE}))
