"""Divides long lists into pages."""

from __future__ import annotations

from dataclasses import dataclass

from flask import request


@dataclass(frozen=True)
class Paging:
    """The page ``number`` of a list of ``total`` entries. Numbers that don't exist become the nearest one that does."""

    total: int
    size: int
    asked: int = 1

    @property
    def pages(self) -> int:
        """The number of pages, at least 1."""
        return max(1, -(-self.total // self.size))

    @property
    def number(self) -> int:
        """The number of this page, from 1."""
        return max(1, min(self.asked, self.pages))

    @property
    def offset(self) -> int:
        """The number of entries before this page."""
        return self.size * (self.number - 1)


def asked_page() -> int:
    """Return the number in the query ``?page=``, or 1 if it isn't a number."""
    return request.args.get("page", 1, type=int)
