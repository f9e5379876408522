"""``flask captcha-guard limits``: shows the limits of each route and what a client has left, and clears its counts."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil
from typing import Final

import click
from flask.cli import with_appcontext
from limits.storage import MemoryStorage

from ..counters.client import SHARED, SITE, UNKNOWN_CLIENT, WIDE, Client, client_named, client_of
from ..counters.policy import Policy, name_at
from ..counters.storages.memory import LockedMemoryStorage
from ..counters.windows import Charge, WindowStat
from ..counters.without_code import NO_CODE
from ..errors import StoreUnavailableError
from ..web.registry import guarded_routes
from ..web.state import State, current_state

#: A client with all kinds of networks. It is used to list all windows of a policy.
_ANY: Final = Client("any", ((SITE, "any"), (WIDE, "any")))

_NETWORKS: Final = {SITE: ", for its whole /56 (IPv6)", WIDE: ", for its whole /24 or /48"}


@click.command("limits")
@click.option(
    "--key", metavar="ADDRESS", help=f"Show what this client has left; {SHARED}: all clients without an address."
)
@click.option("--clear", is_flag=True, help="Clear the counts of this client and its networks, so they may post again.")
@with_appcontext
def limits(key: str | None, clear: bool) -> None:  # noqa: FBT001 - click passes it
    """List the limits of each route or, with --key, what a client has left.

    The key is an address, or a client's name if CAPTCHA_GUARD_CLIENT_KEY returns names. Used codes stay used.
    """
    if clear and key is None:
        raise click.UsageError("--clear needs the client: --key ADDRESS")
    state = current_state()
    client = _ANY if key is None else client_of_word(state, key, option="--key")
    policies = _policies(state)
    if key is not None and isinstance(state.storage, (MemoryStorage, LockedMemoryStorage)):
        click.echo("With memory:// each process counts separately; this command sees only its own counts.", err=True)
    if clear:
        for policy in policies:
            state.limits.clear(policy, client)
        click.echo(f"Cleared: {key}")
    for policy, uses in policies.items():
        click.echo(f"{policy.name} ({', '.join(uses)})")
        for charge, stat in _windows(state, policy, client, read=key is not None):
            click.echo(f"  {_line(policy, charge, stat)}")


def client_of_word(state: State, word: str, *, option: str) -> Client:
    """Return the client with this key.

    A mistyped address is refused, because it would otherwise mean all clients without an address.
    """
    if word == SHARED:
        return UNKNOWN_CLIENT
    if state.settings.client_key is not None and word.strip():
        return client_named(word, secret=state.secret)
    if (client := client_of(word, secret=state.secret)) == UNKNOWN_CLIENT:
        raise click.BadParameter(
            f"{word!r} isn't an address; {SHARED!r} means all clients without one", param_hint=option
        )
    return client


def _policies(state: State) -> dict[Policy, list[str]]:
    """Return the policies in use, each with the endpoints or the kind of requests to which it applies."""
    found: dict[Policy, list[str]] = {}
    for endpoint, protection in guarded_routes().items():
        found.setdefault(state.limits.policy(protection.limits or "comments"), []).append(endpoint)
    own = {"wrong": "wrong codes", "pictures": "pictures", "challenges": "new codes", NO_CODE: "without a code"}
    return found | {state.limits.policy(name): [what] for name, what in own.items()}


def _windows(state: State, policy: Policy, client: Client, *, read: bool) -> Iterator[tuple[Charge, WindowStat | None]]:
    """Yield the windows of a policy, and if ``read``, how much of each the client has used."""
    if not read:
        for charge in state.limits.windows(policy, client):
            yield charge, None
        return
    stats = state.limits.stats((policy, client))
    if not stats.counted:
        raise StoreUnavailableError("the counters' store can't be used; the log says why")
    yield from stats.stats[policy.name]


def _line(policy: Policy, charge: Charge, stat: WindowStat | None) -> str:
    names = {name_at(policy.name, level): text for level, text in _NETWORKS.items()}
    line = f"{charge.item!r}{names.get(charge.identifiers[-1], '')}"
    if stat is None:
        return line
    left = max(0, charge.item.amount - stat.used)
    wait = "" if left else f", the next one in {max(1, ceil(stat.wait))} s"
    return f"{line}: {left} left{wait}"
