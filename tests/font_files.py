"""Makes font files with one defect from sound ones (OpenType 1.9, tables cmap and glyf)."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

Tables = dict[str, bytes]


class Part(NamedTuple):
    """A glyph of the font as part of another: factors on its width and height, and an offset in font units."""

    glyph: str
    across: float = 1.0
    down: float = 1.0
    right: int = 0
    up: int = 0


def remade(font: bytes, *, without: str = "", composed: Mapping[str, Sequence[Part]] | None = None) -> bytes:
    """Return the TrueType ``font`` without some glyphs, and with others composed from its own glyphs."""
    tables = _tables(font)
    ids = _glyph_ids(tables["cmap"])
    shapes = _shapes(tables)
    for parts in (composed or {}).values():
        shapes.append(b"".join(_composite(parts, ids)))
    first_new = len(shapes) - len(composed or {})
    shown = ids | {glyph: first_new + number for number, glyph in enumerate(composed or {})}
    tables["cmap"] = _cmap({glyph: number for glyph, number in shown.items() if glyph not in without})
    tables["glyf"] = b"".join(shapes)
    ends = [sum(map(len, shapes[:number])) for number in range(len(shapes) + 1)]
    tables["loca"] = struct.pack(f">{len(ends)}I", *ends)
    tables["head"] = tables["head"][:50] + struct.pack(">h", 1) + tables["head"][52:]  # offsets of 32 bits
    tables["maxp"] = tables["maxp"][:4] + struct.pack(">H", len(shapes)) + tables["maxp"][6:]
    tables["hmtx"] += struct.pack(">h", 0) * len(composed or {})
    return _assembled(tables)


def _tables(font: bytes) -> Tables:
    (count,) = struct.unpack_from(">H", font, 4)
    entries = [struct.unpack_from(">4s3I", font, 12 + 16 * number) for number in range(count)]
    return {tag.decode(): font[start : start + size] for tag, _, start, size in entries}


def _assembled(tables: Tables) -> bytes:
    start, entries, body = 12 + 16 * len(tables), b"", b""
    for tag, table in sorted(tables.items()):
        entries += struct.pack(">4s3I", tag.encode(), 0, start + len(body), len(table))
        body += table + b"\0" * (-len(table) % 4)
    return struct.pack(">I4H", 0x00010000, len(tables), 0, 0, 0) + entries + body


def _glyph_ids(cmap: bytes) -> dict[str, int]:
    """Return the number of each glyph of A-Z and 0-9, read from the first subtable, which has format 4."""
    (start,) = struct.unpack_from(">I", cmap, 8)
    (segments,) = struct.unpack_from(">H", cmap, start + 6)
    ids = {}
    for at in range(0, segments, 2):
        (last,) = struct.unpack_from(">H", cmap, start + 14 + at)
        (first,) = struct.unpack_from(">H", cmap, start + 16 + segments + at)
        (delta,) = struct.unpack_from(">H", cmap, start + 16 + 2 * segments + at)
        offset_at = start + 16 + 3 * segments + at
        (offset,) = struct.unpack_from(">H", cmap, offset_at)
        for code in range(first, min(last, 0xFFFE) + 1):
            found = struct.unpack_from(">H", cmap, offset_at + offset + 2 * (code - first))[0] if offset else code
            ids[chr(code)] = (found + delta) % 0x10000
    return ids


def _cmap(ids: Mapping[str, int]) -> bytes:
    groups = [struct.pack(">3I", ord(glyph), ord(glyph), number) for glyph, number in sorted(ids.items())]
    subtable = struct.pack(">2H3I", 12, 0, 16 + 12 * len(groups), 0, len(groups)) + b"".join(groups)
    return struct.pack(">2H2HI", 0, 1, 3, 10, 12) + subtable


def _shapes(tables: Tables) -> list[bytes]:
    (count,) = struct.unpack_from(">H", tables["maxp"], 4)
    (wide,) = struct.unpack_from(">h", tables["head"], 50)
    numbers = struct.unpack_from(f">{count + 1}{'I' if wide else 'H'}", tables["loca"])
    ends = [number * (1 if wide else 2) for number in numbers]
    padded = [tables["glyf"][start:end] for start, end in pairwise(ends)]
    return [shape + b"\0" * (-len(shape) % 4) for shape in padded]


def _composite(parts: Sequence[Part], ids: Mapping[str, int]) -> list[bytes]:
    """Return the bytes of a composite glyph: offsets are words in font units, and each part has two scales."""
    data = [struct.pack(">5h", -1, 0, 0, 1000, 1000)]
    for number, part in enumerate(parts, start=1):
        flags = 0x1 | 0x2 | 0x40 | (0x20 if number < len(parts) else 0)
        scales = (round(part.across * 0x4000), round(part.down * 0x4000))
        data.append(struct.pack(">2H4h", flags, ids[part.glyph], part.right, part.up, *scales))
    return [*data, b"\0" * (-sum(map(len, data)) % 4)]
