"""Packages that only some parts need: what to install where one is missing."""

from __future__ import annotations


def missing(part: str, package: str, error: ModuleNotFoundError) -> ModuleNotFoundError:
    """Return the error that says which package a part of captcha_guard needs, in place of Python's own."""
    return ModuleNotFoundError(
        f"{part} needs {package}, which isn't installed: pip install {package}", name=error.name, path=error.path
    )
