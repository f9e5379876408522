"""What the guard offers a site's moderators: bans, lists of words, statistics, and other settings tried on the past.

``CaptchaGuard`` inherits these methods."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from flask import has_request_context

from .replay.replay import Replay, Replayer, span
from .spam.history import Ban
from .spam.lists.word_list import WordMatch
from .spam.submission import Submission
from .statistics.alerts import Alert, find_alerts
from .statistics.counts import Statistics
from .statistics.reading import read_statistics, seconds_of
from .web.identity import client_here
from .web.state import current_state


class ForModerators:
    """The guard's methods for pages and commands of moderators. Each works in any application context.

    Except :attr:`client`, they raise ``captcha_guard.errors.DatabaseUnavailableError`` if the judge's database can't be
    used, and ``ConfigError`` for arguments that aren't allowed.
    """

    @property
    def client(self) -> str:
        """The key of the client that sent this request, "" outside of a request. It equals ``Submission.client``.

        All clients without a known address have the key ``"shared"``.
        """
        return client_here().key if has_request_context() else ""

    def ban(self, client: str, *, seconds: float, note: str = "") -> Ban:
        """Refuse all comments of a client, given by its key, for up to 366 days from now, and return the ban.

        It replaces an earlier ban of the same client. ``note`` is for moderators, up to 500 characters. The key
        ``"shared"`` can't be banned.
        """
        return current_state().bans.ban(client, seconds=seconds, note=note)

    def unban(self, client: str) -> bool:
        """End a client's ban now. Returns whether the client was banned."""
        return current_state().bans.unban(client)

    def bans(self) -> tuple[Ban, ...]:
        """Return the bans that haven't ended, the newest first."""
        return current_state().bans.all()

    def words(self, name: str) -> tuple[str, ...]:
        """Return the entries of the list ``"disallowed"`` or ``"moderated"`` that :meth:`save_words` has stored."""
        return current_state().words.entries(name)

    def save_words(self, name: str, entries: Iterable[str], *, expected: Iterable[str] | None = None) -> None:
        """Replace the stored list ``"disallowed"`` or ``"moderated"``. It adds to the list in the configuration.

        The list applies at once in this process, and within three seconds in others. Blank lines, lines that begin with
        ``# `` and repetitions aren't stored. Up to 10,000 entries of up to 200 characters are allowed, among them 100
        regular expressions. If an entry isn't allowed, ``ConfigError`` names it, and nothing is saved. The same happens
        if ``expected`` is given, and the stored entries are others because another moderator has saved the list.
        """
        current_state().words.save(name, entries, expected=expected)

    def try_words(self, entries: Iterable[str], submissions: Iterable[Submission]) -> Iterator[WordMatch | None]:
        """Return, for each submission, which of the entries would be found first and in which field, or ``None``.

        Nothing is saved. Raises ``ConfigError`` as :meth:`save_words`, and for a regular expression that is too slow.
        """
        return current_state().words.matches(entries, submissions)

    def replay(
        self,
        since: datetime,
        until: datetime,
        *,
        thresholds: Mapping[str, int] | None = None,
        weights: Mapping[str, int] | None = None,
        comment_limits: str | None = None,
    ) -> Replay:
        """Return what would have happened to the POSTs from ``since`` until before ``until`` under other settings.

        Both are datetimes with a time zone. The guard keeps records of POSTs for 60 days, 100,000 at most.
        ``thresholds`` and ``weights`` replace some or all of the site's present ones, and ``comment_limits`` the
        comment limits. All are checked as in the configuration. Without them, the site's present settings are tried.

        What visitors would have done differently isn't known: one who was refused may have waited, or written again.
        """
        state = current_state()
        replayer = Replayer(state.judge, thresholds=thresholds, weights=weights, comment_limits=comment_limits)
        begin, end = span(since, until)
        earlier = 0 if replayer.limits is None else replayer.limits.longest
        return replayer.replay(state.records.read(begin - earlier, end), begin)

    def statistics(self, since: datetime, until: datetime, *, by: str = "day") -> Statistics:
        """Return what was counted from ``since`` to ``until``: verdicts, codes, limits and refusals.

        Both are datetimes with a time zone. ``by`` is "hour" (kept for 35 days) or "day" (kept for 2 years). The result
        has whole hours or days of UTC. Counts of other processes are in it after at most 5 seconds.

        Raises ``TypeError`` for an argument that isn't a datetime.
        """
        state = current_state()
        state.recorder.write(insist=True)
        return read_statistics(state.database, since, until, by=by, now=state.clock())

    def alerts(self, now: datetime | None = None) -> tuple[Alert, ...]:
        """Return what is unusual in the 24 hours before ``now``, an empty tuple if nothing is.

        The pass rate is compared with the site's last 28 days. A median time to solve below 2 s and replayed codes are
        always unusual. Raises as :meth:`statistics`.
        """
        state = current_state()
        seconds = state.clock() if now is None else seconds_of("now", now)
        state.recorder.write(insist=True)
        found = find_alerts(state.database, seconds)
        return tuple(replace(alert, sentence=state.site_text(alert.sentence)) for alert in found)
