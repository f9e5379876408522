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
