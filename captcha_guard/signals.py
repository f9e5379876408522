"""Signals for the host application. The sender is always the Flask application.

Each signal has the keyword arguments that its comment names. No signal carries an answer or an address.
"""

from __future__ import annotations

from typing import Final

from blinker import Namespace

_signals = Namespace()

#: The kind of a pass, which proves that a code was solved before.
PASS_KIND: Final = "pass"  # noqa: S105 - the name of a kind

#: A challenge was issued. ``scope`` (str), ``difficulty`` (str), ``shown`` (bool, whether the visitor sees it now).
#: A form that needs no code yet has a challenge that isn't shown.
challenge_issued = _signals.signal("challenge-issued")

#: A challenge was solved. ``scope`` (str), ``kind`` (str, of the code that was typed; ``PASS_KIND`` for a pass),
#: ``seconds`` (int, from issue to answer).
challenge_solved = _signals.signal("challenge-solved")

#: A challenge wasn't solved. ``scope`` (str), ``reason`` (slug, as in findings).
challenge_failed = _signals.signal("challenge-failed")

#: A limit refused a request. ``policy`` (str: "comments", "wrong", "pictures", "challenges" or "no_code").
limit_reached = _signals.signal("limit-reached")

#: A POST was refused, before or after it was judged. Asking for a code doesn't count. ``scope`` (str), ``reason`` (str,
#: as in ``Refusal``).
submission_refused = _signals.signal("submission-refused")

#: A submission was judged. ``submission`` (Submission), ``verdict`` (Verdict).
submission_judged = _signals.signal("submission-judged")

#: A comment was set aside 30 days ago and not rescued, so it counts as spam now. ``id`` (str, its verdict's).
#: Sent by ``guard.tidy()``, usually outside of requests. If a receiver raises an error, it is sent again the next time.
aside_expired = _signals.signal("aside-expired")

#: A comment was published 30 days ago and stayed unmarked, so the filter has learned it as good. ``id`` (str, its
#: verdict's). Sent by ``guard.tidy()``, as ``aside_expired`` is.
unmarked_learned = _signals.signal("unmarked-learned")

#: A service answered late about a comment that was judged without it. ``id`` (str, its verdict's), ``service`` (str),
#: ``finding`` (Finding, or None if the service considers the comment good). Sent by ``guard.tidy()``.
service_answered = _signals.signal("service-answered")

#: The counters' store fails in this process. ``error`` (str). Usually sent within a request.
store_unavailable = _signals.signal("store-unavailable")

#: The counters' store works again. No arguments.
store_available = _signals.signal("store-available")
