"""What a host application can listen to; the sender is always the Flask application.

Each signal carries keyword arguments, named beside it. None carries an answer or an address.
"""

from __future__ import annotations

from blinker import Namespace

_signals = Namespace()

#: A challenge was handed out. ``scope`` (str), ``kind`` (str), ``difficulty`` (str).
challenge_issued = _signals.signal("challenge-issued")

#: A challenge was solved. ``scope`` (str), ``kind`` (str), ``seconds`` (int, from issue to answer).
challenge_solved = _signals.signal("challenge-solved")

#: A challenge was not solved. ``scope`` (str), ``reason`` (slug, as in findings).
challenge_failed = _signals.signal("challenge-failed")

#: A submission was judged. ``submission`` (Submission), ``verdict`` (Verdict).
submission_judged = _signals.signal("submission-judged")

#: A comment that was set aside 30 days ago was rescued by nobody; it counts as spam now. ``id`` (str, its verdict's).
#: Sent by ``guard.tidy()``, mostly outside of requests; while a receiver raises, it is sent again the next time.
aside_expired = _signals.signal("aside-expired")

#: A service answered at last about a comment that was judged without it. ``id`` (str, its verdict's),
#: ``service`` (str), ``finding`` (Finding, or None where it takes the comment for good). Sent by ``guard.tidy()``.
service_answered = _signals.signal("service-answered")

#: The counters' store began to fail, as one process found out. ``error`` (str). Mostly sent within a request.
store_unavailable = _signals.signal("store-unavailable")

#: The counters' store answers again. No arguments.
store_available = _signals.signal("store-available")
