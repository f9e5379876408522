"""The attributes of the input for the code: the guard's own, and those that the host sets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ...errors import ConfigError
from ...messages import message

#: Attributes of the input that decide what is posted. The host can't change them.
OURS = ("name", "type", "value")

# Translators: the label of the input below the picture.
LABEL = message("Enter Security Code")


@dataclass(frozen=True, slots=True)
class InputAttributes:
    """The host's choices for the input: its ``id``, its ``label`` ("" if the host draws one) and more ``attributes``.

    ``described_by`` holds the ids of the host's elements that describe the input. Raises ``ConfigError`` for an
    attribute that only the guard may set.
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
        """Return the input's attributes: the guard's, overridden by the host's.

        Classes and descriptions are joined. True means an attribute without a value; False and None remove it.
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
