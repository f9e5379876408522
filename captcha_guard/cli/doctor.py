"""``flask captcha-guard doctor``: finds settings of this site that would weaken the guard."""

from __future__ import annotations

import json
import traceback
from collections.abc import Iterator
from urllib.parse import urlsplit

import click
from flask import Flask
from flask.cli import ScriptInfo

from ..doctor.diagnosis import Diagnosis, Moment, Severity
from ..doctor.runner import Result, run_checks
from ..doctor.site import Site
from ..errors import ConfigError
from ..web.state import NAME, State

#: The code of a setting that the guard refuses at start-up. The finding is the error's message.
REFUSED = "CG001"


def _page_address(ctx: click.Context, param: click.Parameter, url: str | None) -> str:
    if not url:
        return ""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and "@" not in parts.netloc and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        problem = f"{url!r} isn't the address of a page; write it like https://blog.example/posts/hello"
        raise click.BadParameter(problem, ctx, param)
    return url.partition("#")[0]


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for programs.")
@click.option(
    "--url",
    callback=_page_address,
    metavar="URL",
    help="Fetch this page with a form as a visitor's browser does, with its picture and files.",
)
@click.pass_context
def doctor(ctx: click.Context, url: str, as_json: bool) -> None:  # noqa: FBT001 - click passes it
    """Find settings that would weaken the guard.

    The exit status is 2 if there are faults, 1 if there are warnings, else 0. The command never posts anything.
    The page "The doctor" of the documentation lists the codes.
    """
    info = ctx.ensure_object(ScriptInfo)
    try:
        result = _check(info.load_app(), url)
    except ConfigError as error:
        result = Result([_refusal(error)])
    except click.ClickException:
        raise
    except Exception:  # the host's module may raise any error, and Python's own status 1 would mean warnings
        traceback.print_exc()
        ctx.exit(Severity.FAULT)
    click.echo(json.dumps(as_object(result), indent=2) if as_json else "\n".join(lines(result)))
    ctx.exit(result.exit_status)


def _check(app: Flask, url: str) -> Result:
    state = app.extensions.get(NAME)
    if not isinstance(state, State):
        raise ConfigError("captcha_guard isn't set up for this application: call guard.init_app(app)")
    return run_checks(Site(app, state, url=url), Moment.DOCTOR)


def _refusal(error: ConfigError) -> Diagnosis:
    return Diagnosis(
        REFUSED,
        Severity.FAULT,
        "The guard refuses to start.",
        str(error),
        "Correct this setting, then run the command again.",
        refuses=True,
    )


def as_object(result: Result) -> dict[str, object]:
    """Return a result as a JSON object: ``status``, ``found``, ``unchecked``, ``fine``."""
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
    """Return a result as lines of text, the worst problems first."""
    for one in sorted(result.diagnoses, key=lambda one: -one.severity):
        yield f"{one.severity.name.lower():<8} {one.code}  {one.title}"
        yield f"  found  {one.found}"
        yield f"  fix    {one.fix}"
    for code, why in result.unchecked.items():
        yield f"unknown  {code}  could not be checked: {why}"
    if result.fine:
        yield f"fine     {', '.join(result.fine)}"
