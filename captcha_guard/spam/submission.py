"""What a visitor posts, in our words, whatever the host's form calls its fields."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """One comment (or letter, or sign-up) as it was posted.

    ``scope`` names the form and, where narrowed, the post. ``client`` is the rate-limit key, never the address in
    clear. ``posted_at`` is in seconds since 1970. ``honeypot`` is what came in the field no person sees;
    ``seconds`` is how long the form was open, ``None`` where nothing tells. ``account`` names the author's confirmed
    account and is set by the host alone, never from what was typed; empty: nobody who is known.
    """

    scope: str
    body: str
    author: str = ""
    email: str = ""
    url: str = ""
    client: str = ""
    user_agent: str = ""
    referrer: str = ""
    posted_at: float = 0.0
    honeypot: str = ""
    seconds: float | None = None
    account: str = ""
