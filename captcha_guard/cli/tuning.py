"""The settings on the tuning page. They are read from a query, shown as controls, and printed as configuration."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import NamedTuple

from ..challenge.difficulty import KNOBS, Difficulty
from ..challenge.drawing.colour import Colour
from ..challenge.image import Appearance
from ..config.setting import Key
from ..config.settings import Settings, read
from ..config.validators import PREFIX
from ..errors import ConfigError

DAY = 86_400  # s

#: Bytes of a random seed, enough that it can't be guessed to draw the site's pictures.
SEED_BYTES = 8

#: The values of the colour inputs on a site without its own colours.
INK, PAPER = (29, 53, 87), (241, 250, 238)


class Control(NamedTuple):
    """One slider: its field, label, range, value and hint."""

    name: str
    label: str
    low: int
    high: int
    value: int
    hint: str


@dataclass(frozen=True, slots=True)
class Tuning:
    """One state of the page.

    ``size`` is in px, ``length`` in symbols, and ``style_rotation`` in days. ``codes`` selects the codes. ``ink`` and
    ``paper`` are the values of the colour inputs. They are used if ``own_colours`` is true.
    """

    difficulty: Difficulty
    size: tuple[int, int]
    length: tuple[int, int]
    style_seed: str
    style_rotation: int
    codes: int = 0
    own_colours: bool = False
    ink: Colour = INK
    paper: Colour = PAPER

    @classmethod
    def of(cls, settings: Settings, difficulty: Difficulty) -> Tuning:
        """Return the first state, with the site's settings. Raises ``ConfigError`` for a seed that isn't UTF-8.

        If the difficulty has a length, the sliders start with it, and the configuration lines set it for the site.
        """
        try:
            seed = settings.style_seed.decode()
        except UnicodeDecodeError:
            raise ConfigError(f"{PREFIX}STYLE_SEED isn't valid UTF-8, so the page can't show it; use a str") from None
        length = difficulty.symbols(settings.length)
        start = cls(replace(difficulty, length=None), settings.size, length, seed, settings.style_rotation)
        if settings.colours is None:
            return start
        return replace(start, own_colours=True, ink=settings.colours[0], paper=settings.colours[1])

    def moved(self, query: Mapping[str, str], new_seed: Callable[[], str]) -> Tuning:
        """Return the state of a submitted form. Values that aren't in the form stay the same.

        Raises ``ConfigError`` for a value out of range.
        """
        if "preset" in query:
            difficulty = Difficulty.named(query["preset"])
        else:
            difficulty = Difficulty(**{name: _whole(query, name, getattr(self.difficulty, name)) for name in KNOBS})
        shortest = _whole(query, "shortest", self.length[0])
        return replace(
            self._coloured(query),
            difficulty=difficulty,
            size=(_whole(query, "width", self.size[0]), _whole(query, "height", self.size[1])),
            length=(shortest, max(shortest, _whole(query, "longest", self.length[1]))),
            style_seed=new_seed() if "reroll" in query else query.get("style_seed", self.style_seed),
            style_rotation=_whole(query, "style_rotation", self.style_rotation),
            codes=_whole(query, "codes", self.codes) + ("other_codes" in query),
        ).checked()

    def checked(self) -> Tuning:
        """Return this state if it is a valid configuration, else raise ``ConfigError`` with the allowed range."""
        read(self._values())
        self.appearance(Appearance())
        return self

    def appearance(self, base: Appearance) -> Appearance:
        """Return the common look of the pictures. ``base`` has the values that aren't on the page."""
        return replace(
            base,
            size=self.size,
            length=self.length,
            style_seed=self.style_seed.encode(),
            rotation=self.style_rotation * DAY,
            colours=(self.ink, self.paper) if self.own_colours else None,
        )

    def knobs(self) -> list[Control]:
        """Return a slider for each knob of a difficulty, in the order of ``KNOBS``."""
        values = asdict(self.difficulty)
        return [
            Control(name, _label(name), knob.low, knob.high, values[name], f"{knob.low} to {knob.high} {knob.unit}")
            for name, knob in KNOBS.items()
        ]

    def measures(self) -> list[Control]:
        """Return the sliders for the pictures' size and the codes' length."""
        least_wide, least_high, most_wide, most_high = _bounds("size")
        shortest, _, _, longest = _bounds("length")
        symbols = f"{shortest} to {longest} symbols; each code has a random length between the two"
        return [
            Control("width", "width", least_wide, most_wide, self.size[0], f"{least_wide} to {most_wide} px"),
            Control("height", "height", least_high, most_high, self.size[1], f"{least_high} to {most_high} px"),
            Control("shortest", "shortest code", shortest, longest, self.length[0], symbols),
            Control("longest", "longest code", shortest, longest, self.length[1], symbols),
        ]

    def rotation(self) -> Control:
        """Return the field for the number of days after which the style changes."""
        low, high = _bounds("style_rotation")
        return Control("style_rotation", "style rotation", low, high, self.style_rotation, "days")

    @property
    def config_lines(self) -> str:
        """The settings as Python code for a configuration file."""
        lines = [f"{name} = {_python(value)}" for name, value in self._values().items()]
        if self.difficulty.name is None:
            lines = ["from captcha_guard import Difficulty", "", *lines]
        return "\n".join(lines) + "\n"

    def _coloured(self, query: Mapping[str, str]) -> Tuning:
        """Return this state with a form's colours. Browsers send these even if the checkbox beside them is empty."""
        if "ink" not in query or "paper" not in query:
            return self
        colours = read({f"{PREFIX}COLOURS": (query["ink"], query["paper"])}).colours
        ink, paper = colours or (self.ink, self.paper)
        return replace(self, own_colours="own_colours" in query, ink=ink, paper=paper)

    def _values(self) -> dict[str, object]:
        values: dict[str, object] = {
            "DIFFICULTY": self.difficulty.name or self.difficulty,
            "SIZE": self.size,
            "LENGTH": self.length,
            "STYLE_SEED": self.style_seed,
            "STYLE_ROTATION": self.style_rotation,
        }
        if self.own_colours:
            values["COLOURS"] = (hexadecimal(self.ink), hexadecimal(self.paper))
        return {PREFIX + name: value for name, value in values.items()}


def hexadecimal(colour: Colour) -> str:
    """Return a colour in the form ``#rrggbb``, which the configuration and colour inputs use."""
    return f"#{bytes(colour).hex()}"


def _whole(query: Mapping[str, str], name: str, default: int) -> int:
    if name not in query:
        return default
    if not re.fullmatch("-?[0-9]{1,6}", query[name]):
        raise ConfigError(f"{name} is {query[name][:20]!r}; a whole number is needed")
    return int(query[name])


def _label(name: str) -> str:
    return name.replace("_", " ")


def _bounds(setting: str) -> list[int]:
    """Return the numbers in the documented range of a setting, the minimum first and the maximum last."""
    key: Key = next(field for field in fields(Settings) if field.name == setting).metadata["key"]
    return [int(digits) for digits in re.findall("[0-9]+", key.allowed)]


def _python(value: object) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, Difficulty):
        knobs = ", ".join(f"{name}={getattr(value, name)}" for name in KNOBS)
        return f"Difficulty(\n{textwrap.indent(textwrap.fill(knobs, 58), '    ')}\n)"
    if isinstance(value, tuple) and all(isinstance(one, str) for one in value):
        return f"({', '.join(map(_python, value))})"
    return repr(value)
