"""How one route is guarded, and what its challenges are bound to."""

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

#: Our word for a part of a submission -> what hosts usually call its form field; the first one present counts.
USUAL_FIELDS: Mapping[str, tuple[str, ...]] = {
    "author": ("author", "name"),
    "email": ("email", "mail"),
    "url": ("url", "website", "homepage"),
    "body": ("body", "comment", "text", "content", "message"),
}


@dataclass(frozen=True, slots=True)
class Protection:
    """What ``protect`` was told for one route; ``None`` means: as configured for the application.

    ``scope`` is a name, a format string over the view's arguments, or a callable that returns the name;
    ``None`` stands for the endpoint's name. ``fields`` maps our terms to the names of the host's fields, in JSON to
    dotted paths; usual names are looked up behind the form's ``prefix``. Fields to ``ignore`` hold no visitor's text.
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
            raise ConfigError(f"protect(mode={self.mode!r}): allowed are {', '.join(MODES)}")
        if self.exempt_when is not None and not callable(self.exempt_when):
            raise ConfigError(f"protect(exempt_when={self.exempt_when!r}): a function without arguments is needed")
        unknown = sorted(set(self.fields) - set(USUAL_FIELDS))
        if unknown:
            raise ConfigError(f"protect(fields=...) names {unknown[0]!r}; our words are {', '.join(USUAL_FIELDS)}")
        both = sorted(self.ignore & set(self.fields.values()))
        if both:
            raise ConfigError(f"protect(fields=..., ignore=...): {both[0]!r} is in both; take it out of one")

    @classmethod
    def told(
        cls,
        *,
        difficulty: str | Difficulty | None,
        limits: str | None,
        fields: Mapping[str, str] | None,
        ignore: Collection[str] = (),
        **rest: Any,
    ) -> Protection:
        """Make a protection from what people write: names of presets and limits as text; raises ``ConfigError``."""
        if isinstance(ignore, str):
            raise ConfigError(f"protect(ignore={ignore!r}): write the names as a tuple, ignore=({ignore!r},)")
        return cls(
            difficulty=None if difficulty is None else Difficulty.of(difficulty),
            limits=None if limits is None else Policy.parse("comments", limits),
            fields=dict(fields or {}),
            ignore=frozenset(ignore),
            **rest,
        )

    def names_of(self, term: str) -> tuple[str, ...]:
        """Return the names of the fields that can have the role ``term``, the likeliest first."""
        if term in self.fields:
            return (self.fields[term],)
        names = USUAL_FIELDS[term]
        return tuple(f"{self.prefix}{name}" for name in names) if self.prefix else names

    def scope_for(self, endpoint: str, view_args: Mapping[str, Any]) -> str:
        """Return the name that challenges of this route are bound to, in a request for ``endpoint``."""
        if self.scope is None:
            return endpoint
        if callable(self.scope):
            return str(self.scope())
        try:
            return self.scope.format_map(view_args)
        except (KeyError, IndexError, AttributeError, ValueError) as error:
            raise ConfigError(
                f"the scope {self.scope!r} can't be filled in from the view's arguments {sorted(view_args)}; "
                "name the scope yourself: captcha_guard(scope=...)"
            ) from error
