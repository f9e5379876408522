"""``flask captcha-guard``: commands for a site's owner.

Flask finds the group by its entry point, so an application doesn't need to register it. The site serves none of it.
"""

from __future__ import annotations

from typing import Any

import click
from flask.cli import AppGroup

from ..errors import CaptchaGuardError
from .bans import bans
from .decisions import export_decisions, import_decisions
from .doctor import doctor
from .explain import explain
from .learning import filter_stats, retrain, tidy
from .limits import limits
from .preview import preview
from .purge import purge
from .statistics import statistics
from .strength import strength
from .teach import teach
from .tune import tune

__all__ = ["group"]


class _Group(AppGroup):
    def invoke(self, ctx: click.Context) -> Any:
        """Run a command. An error of this package is printed as one sentence, without a traceback."""
        try:
            return super().invoke(ctx)
        except CaptchaGuardError as error:
            raise click.ClickException(str(error)) from error


group = _Group(
    "captcha-guard",
    help="See, tune and attack this site's security codes. Teach its filter and explain verdicts. Check its set-up.",
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
    statistics,
    bans,
    export_decisions,
    import_decisions,
):
    group.add_command(command)
