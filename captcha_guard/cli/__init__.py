"""``flask captcha-guard``: what the owner of a site can see and try before the spammers do.

Flask finds the group by its entry point, so no application has to register it, and none serves any of it.
"""

from __future__ import annotations

from typing import Any

import click
from flask.cli import AppGroup

from ..errors import CaptchaGuardError
from .preview import preview
from .strength import strength
from .tune import tune

__all__ = ["group"]


class _Group(AppGroup):
    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; what this package refuses is told in its own sentence, without a traceback."""
        try:
            return super().invoke(ctx)
        except CaptchaGuardError as error:
            raise click.ClickException(str(error)) from error


group = _Group("captcha-guard", help="Look at this site's security codes, tune them, and attack them.")
group.add_command(preview)
group.add_command(tune)
group.add_command(strength)
