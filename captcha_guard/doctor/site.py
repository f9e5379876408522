"""The site that is checked: its application, its environment, and its page as visitors see it."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from flask import Flask

from ..web.registry import guarded_routes
from ..web.state import State
from .diagnosis import CannotCheckError
from .pages import Page


@dataclass
class Site:
    """The input of the checks.

    ``environ`` and ``argv`` are those of the process. ``mounts`` is Linux's list of mounted file systems. ``url`` is
    the address of a page with a form, or empty. While the site is ``serving``, ``request`` is the WSGI environment of a
    request, and ``multiprocess`` is the server's ``wsgi.multiprocess``.
    """

    app: Flask
    state: State
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    argv: Sequence[str] = field(default_factory=lambda: tuple(sys.argv))
    mounts: Path = Path("/proc/self/mountinfo")
    url: str = ""
    serving: bool = False
    multiprocess: bool = False
    request: Mapping[str, Any] | None = None

    @property
    def page(self) -> Page:
        """The page at ``url``, fetched once.

        :raises CannotCheckError: ``url`` is empty, a script adds the field, or (``NoPageError``) the page has no field.
        """
        if isinstance(self._fetched, CannotCheckError):
            raise self._fetched
        return self._fetched

    @cached_property
    def _fetched(self) -> Page | CannotCheckError:
        if not self.url:
            return CannotCheckError("name a page with a form: --url https://blog.example/posts/hello")
        try:
            return Page.open(self.url, fieldless=self._is_fieldless())
        except CannotCheckError as error:
            return error

    def _is_fieldless(self) -> bool:
        """Return whether a guarded form needs no field, because it asks for a code on a page of its own."""
        with self.app.app_context():
            modes = {route.mode or self.state.settings.mode for route in guarded_routes().values()}
        return "off" in modes
