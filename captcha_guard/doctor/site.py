"""The site under examination: its application, its surroundings, and its pages once they were asked for."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from flask import Flask

from ..web.state import State
from .pages import Visit, visit
from .visitors import InProcess, Visitor


@dataclass
class Site:
    """What the checks look at.

    ``environ`` and ``argv`` are those of the process, ``mounts`` is Linux' list of mounted file systems. ``asked`` are
    the paths to look at, empty for those that are found; who asks is a ``stranger``, or somebody inside the application
    itself. ``in_fresh_process`` returns the secret's fingerprint under a salt as a process of its own makes it, and is
    ``None`` where the application can't be loaded afresh. While the site is ``serving``, ``request`` is the WSGI
    environment of a request, and ``multiprocess`` what its server says of itself.
    """

    app: Flask
    state: State
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    argv: Sequence[str] = field(default_factory=lambda: tuple(sys.argv))
    mounts: Path = Path("/proc/self/mountinfo")
    asked: Sequence[str] = ()
    stranger: Visitor | None = None
    in_fresh_process: Callable[[str], str] | None = None
    serving: bool = False
    multiprocess: bool = False
    request: Mapping[str, Any] | None = None

    @property
    def visitor(self) -> Visitor:
        """Who asks for pages."""
        return self.stranger or InProcess(self.app)

    @cached_property
    def visit(self) -> Visit:
        """The pages that carry a code, asked for once."""
        return visit(self.visitor, self.app, self.asked)
