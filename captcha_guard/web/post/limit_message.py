"""The message for a visitor who exceeds a limit: what was counted, how often, in which time, and how long to wait."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ...messages import Message, message, message_n

if TYPE_CHECKING:
    from limits import RateLimitItem

    from ...counters.client import Client
    from ...counters.policy import Policy
    from ..state import State

#: The messages about the requests of a client's network, by policy.
_NETWORK: Final = {
    "comments": message("Many comments came from your network; please wait %(wait)s. Your text is kept."),
    "wrong": message("Many wrong codes came from your network; please wait %(wait)s. Your text is kept."),
    "challenges": message("Many new codes went to your network; please wait %(wait)s."),
    "pictures": message("Many pictures and sounds went to your network; please wait %(wait)s."),
}
_KEPT: Final = frozenset({"comments", "wrong"})


def why_limited(state: State, policy: str | Policy, client: Client, retry_after: int) -> Message:
    """Return the message for a client that a policy has refused. ``retry_after`` is in seconds."""
    asked = state.limits.policy(policy)
    stats = state.limits.stats((asked, client)).stats[asked.name]
    full = [(stat.wait, charge) for charge, stat in stats if stat.used >= charge.item.amount]
    if not full:
        return _at_once(asked.name).filled(wait=waiting_time(retry_after))
    _, charge = max(full, key=lambda one: one[0])
    if charge.identifiers[1] != asked.name:
        return _NETWORK[asked.name].filled(wait=waiting_time(retry_after))
    return _own(asked.name, charge.item, waiting_time(retry_after))


def _at_once(policy: str) -> Message:
    if policy in _KEPT:
        return message("That was too much at once; please wait %(wait)s. Your text is kept.")
    return message("That was too much at once; please wait %(wait)s.")


def _own(policy: str, item: RateLimitItem, wait: Message) -> Message:
    """Return the message about the client's own requests."""
    count, period = item.amount, _period(item.get_expiry())
    # Translators: period is "in the last hour", wait is "5 minutes".
    if policy == "comments" and count == 2:
        return message(
            "You've posted twice %(period)s; please wait %(wait)s. Your text is kept.", period=period, wait=wait
        )
    if policy == "comments":
        return message_n(
            "You've posted once %(period)s; please wait %(wait)s. Your text is kept.",
            "You've posted %(count)d times %(period)s; please wait %(wait)s. Your text is kept.",
            count,
            period=period,
            wait=wait,
        )
    if policy == "wrong":
        return message_n(
            "You've typed %(count)d wrong code %(period)s; please wait %(wait)s. Your text is kept.",
            "You've typed %(count)d wrong codes %(period)s; please wait %(wait)s. Your text is kept.",
            count,
            period=period,
            wait=wait,
        )
    if policy == "challenges":
        return message_n(
            "You've asked for %(count)d new code %(period)s; please wait %(wait)s.",
            "You've asked for %(count)d new codes %(period)s; please wait %(wait)s.",
            count,
            period=period,
            wait=wait,
        )
    return message_n(
        "You've fetched %(count)d picture or sound %(period)s; please wait %(wait)s.",
        "You've fetched %(count)d pictures or sounds %(period)s; please wait %(wait)s.",
        count,
        period=period,
        wait=wait,
    )


def _period(seconds: int) -> Message:
    """Return a length of time in words: in the last minute, in the last 10 minutes, in the last day."""
    if seconds % 86_400 == 0:
        # Translators: a period in "You've posted twice in the last day; please wait 3 hours."
        return message_n("in the last day", "in the last %(count)d days", seconds // 86_400)
    if seconds % 3600 == 0:
        return message_n("in the last hour", "in the last %(count)d hours", seconds // 3600)
    if seconds % 60 == 0:
        return message_n("in the last minute", "in the last %(count)d minutes", seconds // 60)
    return message_n("in the last second", "in the last %(count)d seconds", seconds)


def waiting_time(seconds: int) -> Message:
    """Return a waiting time in words, such as "45 seconds" or "3 hours"."""
    if seconds < 90:
        # Translators: a waiting time, in "please wait 45 seconds".
        return message_n("%(count)d second", "%(count)d seconds", max(seconds, 1))
    minutes = -(-seconds // 60)
    if minutes < 90:
        return message_n("%(count)d minute", "%(count)d minutes", minutes)
    return message_n("%(count)d hour", "%(count)d hours", -(-minutes // 60))
