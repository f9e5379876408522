"""``flask captcha-guard doctor``: whether this site is set up so that the guard can do its work."""

from __future__ import annotations

import json
import traceback
from collections.abc import Iterator

import click
from flask import Flask
from flask.cli import ScriptInfo

from ..doctor.diagnosis import Diagnosis, Moment, Severity
from ..doctor.examination import Result, examine
from ..doctor.fingerprint import fresh_process
from ..doctor.site import Site
from ..doctor.visitors import OverNetwork, Visitor
from ..errors import ConfigError
from ..web.state import NAME, State

#: The code of what the guard itself refuses at start-up, in a sentence of its own.
REFUSED = "CG001"


def _stranger(ctx: click.Context, param: click.Parameter, url: str | None) -> Visitor | None:
    try:
        return OverNetwork(url) if url else None
    except ConfigError as error:
        raise click.BadParameter(str(error), ctx, param) from error


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for machines.")
@click.option(
    "--page", "pages", multiple=True, metavar="PATH", help="Look at this page's form. Can be given several times."
)
@click.option(
    "--url",
    "stranger",
    callback=_stranger,
    metavar="URL",
    help="Ask for pages at this address, with all that stands before the application.",
)
@click.pass_context
def doctor(ctx: click.Context, pages: tuple[str, ...], stranger: Visitor | None, as_json: bool) -> None:  # noqa: FBT001 - click hands it over
    """Look for what would weaken the guard.

    The exit status is 0 where all is well (hints apart), 1 with warnings, 2 with faults. Pages are asked for as a
    visitor without an account would, never posted to. docs/doctor.md lists the codes.
    """
    info = ctx.ensure_object(ScriptInfo)
    try:
        result = _examined(info, info.load_app(), pages, stranger)
    except ConfigError as error:
        result = Result([_refusal(error)])
    except click.ClickException:
        raise
    except Exception:  # the host's module may raise anything, and Python's own status 1 would mean warnings
        traceback.print_exc()
        ctx.exit(Severity.FAULT)
    click.echo(json.dumps(as_object(result), indent=2) if as_json else "\n".join(lines(result)))
    ctx.exit(result.exit_status)


def _examined(info: ScriptInfo, app: Flask, pages: tuple[str, ...], stranger: Visitor | None) -> Result:
    state = app.extensions.get(NAME)
    if not isinstance(state, State):
        raise ConfigError("captcha_guard is not set up for this application: call guard.init_app(app)")
    fresh = None if info.create_app is not None else fresh_process(info.app_import_path)
    return examine(Site(app, state, asked=pages, stranger=stranger, in_fresh_process=fresh), Moment.DOCTOR)


def _refusal(error: ConfigError) -> Diagnosis:
    return Diagnosis(
        REFUSED,
        Severity.FAULT,
        "The guard refuses to start.",
        str(error),
        "Mend that setting, and run this again.",
        refuses=True,
    )


def as_object(result: Result) -> dict[str, object]:
    """Return a result as JSON has it: ``status``, ``found``, ``unchecked``, ``fine``."""
    return {
        "status": result.exit_status,
        "found": [
            {
                "code": one.code,
                "severity": one.severity.name.lower(),
                "title": one.title,
                "found": one.found,
                "fix": one.fix,
            }
            for one in result.diagnoses
        ],
        "unchecked": [{"code": code, "why": why} for code, why in result.unchecked.items()],
        "fine": result.fine,
    }


def lines(result: Result) -> Iterator[str]:
    """Return a result as people read it, the worst first."""
    for one in sorted(result.diagnoses, key=lambda one: -one.severity):
        yield f"{one.severity.name.lower():<8} {one.code}  {one.title}"
        yield f"  found  {one.found}"
        yield f"  fix    {one.fix}"
    for code, why in result.unchecked.items():
        yield f"unknown  {code}  could not be checked: {why}"
    if result.fine:
        yield f"fine     {', '.join(result.fine)}"
