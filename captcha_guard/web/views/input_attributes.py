"""How the input for the code is drawn: the guard's own attributes, and those that a host gives it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ...errors import ConfigError

#: Attributes of the input that decide what is posted.
OURS = ("name", "type", "value")

LABEL = "Enter Security Code"


@dataclass(frozen=True, slots=True)
class InputAttributes:
    """What a host says of the input: its ``id``, its ``label`` ("" where the host draws one) and more ``attributes``.

    ``described_by`` are the ids of the host's elements that describe it. Raises ``ConfigError`` for an attribute that
    is the guard's to set.
    """

    id: str
    label: str = LABEL
    attributes: Mapping[str, object] = field(default_factory=dict)
    described_by: str = ""

    def __post_init__(self) -> None:
        for name in OURS:
            if name in self.attributes:
                raise ConfigError(
                    f"the input for the security code can't have {name}={self.attributes[name]!r}: the guard sets its "
                    f"{', '.join(OURS)}; remove it from render_kw, or from the field's call in the template"
                )

    def over(self, ours: Mapping[str, object]) -> dict[str, str]:
        """Return the input's attributes: the guard's, with the host's in their place where both have one.

        Classes and descriptions are added. True stands for an attribute without a value, False and None for none.
        """
        theirs = dict(self.attributes)
        described = (theirs.pop("aria-describedby", ""), self.described_by, ours.get("aria-describedby", ""))
        classes = (ours.get("class", ""), theirs.pop("class", ""))
        merged = {
            **ours,
            **theirs,
            "class": _joined(classes),
            "aria-describedby": _joined(described),
            "id": self.id,
        }
        return {
            name: "" if value is True else str(value)
            for name, value in merged.items()
            if value is not False and value is not None
        }


def _joined(words: tuple[object, ...]) -> str:
    return " ".join(str(one) for one in words if one)
