"""The message for a visitor who exceeds a limit: what was counted, how often, in which time, and how long to wait."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .refusal import wait

if TYPE_CHECKING:
    from limits import RateLimitItem

    from ...counters.client import Client
    from ...counters.policy import Policy
    from ..state import State

#: For each policy, the sentences about the client's own requests and about its network's.
_DONE: Final = {
    "comments": ("You've posted {times} in the last {window}", "Many comments came from your network"),
    "wrong": ("You've typed {count} wrong {codes} in the last {window}", "Many wrong codes came from your network"),
    "challenges": ("You've asked for {count} new {codes} in the last {window}", "Many new codes went to your network"),
    "pictures": ("You've fetched {count} {pictures} in the last {window}", "Many pictures went to your network"),
}
_KEPT: Final = frozenset({"comments", "wrong"})


def why_limited(state: State, policy: str | Policy, client: Client, retry_after: int) -> str:
    """Return the message for a client that a policy has refused. ``retry_after`` is in seconds."""
    asked = state.limits.policy(policy)
    stats = state.limits.stats((asked, client)).stats[asked.name]
    full = [(stat.wait, charge) for charge, stat in stats if stat.used >= charge.item.amount]
    own, network = _DONE[asked.name]
    if not full:
        done = "That was too much at once"
    else:
        _, charge = max(full, key=lambda one: one[0])
        done = _counted(own, charge.item) if charge.identifiers[1] == asked.name else network
    kept = " Your text is kept." if asked.name in _KEPT else ""
    return f"{done}; please wait {wait(retry_after)}.{kept}"


def _counted(sentence: str, item: RateLimitItem) -> str:
    count = item.amount
    times = {1: "once", 2: "twice"}.get(count, f"{count} times")
    some = "" if count == 1 else "s"
    return sentence.format(
        times=times, count=count, window=_window(item.get_expiry()), codes=f"code{some}", pictures=f"picture{some}"
    )


def _window(seconds: int) -> str:
    """Return a length of time in words that fit after "the last": minute, 10 minutes, hour, day."""
    for unit, size in (("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1)):
        if seconds % size == 0:
            return unit if seconds == size else f"{seconds // size} {unit}s"
    raise ValueError(f"{seconds} s is not a whole number of seconds")
