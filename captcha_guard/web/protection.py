"""The settings of one guarded route, and the scope of its challenges."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..challenge.difficulty import Difficulty
from ..counters.limits import Policy
from ..errors import ConfigError

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from ..spam.submission import Facts

    OnChallenge = Callable[..., ResponseReturnValue | Awaitable[ResponseReturnValue]]
    FactsCallback = Callable[..., Facts | Awaitable[Facts]]

MODES = ("always", "suspicious", "off")

#: For each part of a submission, the names that hosts usually give its form field. The first one present counts.
USUAL_FIELDS: Mapping[str, tuple[str, ...]] = {
    "author": ("author", "name"),
    "email": ("email", "mail"),
    "url": ("url", "website", "homepage"),
    "body": ("body", "comment", "text", "content", "message"),
}


@dataclass(frozen=True, slots=True)
class Protection:
    """The arguments of ``protect`` for one route. ``None`` means the application's setting.

    ``scope`` is a name, a format string over the view's arguments, or a callable that returns the name. ``None`` means
    the endpoint's name. ``fields`` maps our terms to the names of the host's fields, or in JSON to dotted paths. The
    form's ``prefix`` is put before the usual names. ``ignore`` lists fields that never contain a visitor's text.
    """

    scope: str | Callable[[], str] | None = None
    mode: str | None = None
    difficulty: Difficulty | None = None
    limits: Policy | None = None
    moderated: bool = False
    fields: Mapping[str, str] = field(default_factory=dict)
    ignore: frozenset[str] = frozenset()
    prefix: str = ""
    facts: FactsCallback | None = None
    exempt_when: Callable[[], object] | None = None
    on_challenge: OnChallenge | None = None

    def __post_init__(self) -> None:
        if self.mode is not None and self.mode not in MODES:
            raise ConfigError(f"protect(mode={self.mode!r}): the mode must be one of {', '.join(MODES)}")
        if self.exempt_when is not None and not callable(self.exempt_when):
            raise ConfigError(f"protect(exempt_when={self.exempt_when!r}): pass a function that takes no arguments")
        unknown = sorted(set(self.fields) - set(USUAL_FIELDS))
        if unknown:
            raise ConfigError(f"protect(fields=...) has the key {unknown[0]!r}; allowed: {', '.join(USUAL_FIELDS)}")
        both = sorted(self.ignore & set(self.fields.values()))
        if both:
            raise ConfigError(f"protect(fields=..., ignore=...): {both[0]!r} is in both; remove it from one of them")

    @classmethod
    def from_options(
        cls,
        *,
        difficulty: str | Difficulty | None,
        limits: str | None,
        fields: Mapping[str, str] | None,
        ignore: Collection[str] = (),
        **rest: Any,
    ) -> Protection:
        """Return a protection. Hosts may write a difficulty as a preset's name, and limits as text.

        Raises ``ConfigError`` for a value that isn't allowed.
        """
        if isinstance(ignore, str):
            raise ConfigError(f"protect(ignore={ignore!r}): write the names as a tuple, ignore=({ignore!r},)")
        return cls(
            difficulty=None if difficulty is None else Difficulty.of(difficulty),
            limits=None if limits is None else Policy.parse("comments", limits).apart(),
            fields=dict(fields or {}),
            ignore=frozenset(ignore),
            **rest,
        )

    def names_of(self, term: str) -> tuple[str, ...]:
        """Return the names of the fields that can have the role ``term``, the most likely one first."""
        if term in self.fields:
            return (self.fields[term],)
        names = USUAL_FIELDS[term]
        return tuple(f"{self.prefix}{name}" for name in names) if self.prefix else names

    def scope_for(self, endpoint: str, view_args: Mapping[str, Any]) -> str:
        """Return the name that this route's challenges are bound to, in a request for ``endpoint``.

        Raises ``ConfigError`` when the view's arguments don't fit the format string.
        """
        if self.scope is None:
            return endpoint
        if callable(self.scope):
            return str(self.scope())
        try:
            return self.scope.format_map(view_args)
        except (KeyError, IndexError, AttributeError, ValueError) as error:
            raise ConfigError(
                f"the scope {self.scope!r} can't be filled in from the view's arguments {sorted(view_args)}; "
                "write the scope out: captcha_guard(scope=...)"
            ) from error
