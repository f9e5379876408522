"""``flask captcha-guard``: what the owner of a site can see and try before the spammers do.

Flask finds the group by its entry point, so no application has to register it, and none serves any of it.
"""

from __future__ import annotations

from typing import Any

import click
from flask.cli import AppGroup

from ..errors import CaptchaGuardError
from .decisions import export_decisions, import_decisions
from .doctor import doctor
from .explain import explain
from .learning import filter_stats, retrain, tidy
from .limits import limits
from .preview import preview
from .purge import purge
from .strength import strength
from .teach import teach
from .tune import tune

__all__ = ["group"]


class _Group(AppGroup):
    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; what this package refuses is told in its own sentence, without a traceback."""
        try:
            return super().invoke(ctx)
        except CaptchaGuardError as error:
            raise click.ClickException(str(error)) from error


group = _Group(
    "captcha-guard",
    help="This site's security codes: see, tune, attack them. Its filter: teach it, ask why. A doctor for its set-up.",
)
for command in (
    doctor,
    preview,
    tune,
    strength,
    teach,
    explain,
    filter_stats,
    retrain,
    tidy,
    purge,
    limits,
    export_decisions,
    import_decisions,
):
    group.add_command(command)
