"""The error for an optional package that isn't installed."""

from __future__ import annotations


def missing(part: str, package: str, error: ModuleNotFoundError) -> ModuleNotFoundError:
    """Return an error, in place of Python's own, that says which package a part of captcha_guard needs."""
    return ModuleNotFoundError(
        f"{part} needs {package}, which isn't installed: pip install {package}", name=error.name, path=error.path
    )
