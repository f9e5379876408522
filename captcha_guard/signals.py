"""Signals for the host application. The sender is always the Flask application.

Each signal has the keyword arguments that its comment names. No signal carries an answer or an address.
"""

from __future__ import annotations

from blinker import Namespace

_signals = Namespace()

#: A challenge was issued. ``scope`` (str), ``difficulty`` (str).
challenge_issued = _signals.signal("challenge-issued")

#: A challenge was solved. ``scope`` (str), ``kind`` (str, of the code that was typed; "pass" for a pass), ``seconds``
#: (int, from issue to answer).
challenge_solved = _signals.signal("challenge-solved")

#: A challenge wasn't solved. ``scope`` (str), ``reason`` (slug, as in findings).
challenge_failed = _signals.signal("challenge-failed")

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
