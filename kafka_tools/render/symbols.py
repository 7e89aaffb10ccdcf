"""The symbols of a picture, what they mean, and what stands for them in ASCII."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum

from kafka_tools.model.health import Role
from kafka_tools.render.lines import BROKEN, DIM, RISK, TITLE, Line, joined

SYMBOLS: dict[Enum, str] = {Role.LEADER: "★", Role.IN_SYNC: "●", Role.OUT_OF_SYNC: "✗", Role.BROKER_DOWN: "◌"}
STYLES: dict[Enum, str] = {Role.LEADER: TITLE, Role.IN_SYNC: "", Role.OUT_OF_SYNC: RISK, Role.BROKER_DOWN: BROKEN}
IN_ASCII = {"★": "*", "●": "o", "✗": "x", "◌": "-", "·": ".", "→": ">", "…": "...", "▌": "|"}
"""What stands for a symbol where stdout's encoding lacks it."""


@dataclass(slots=True)
class Seen:
    """What the legend has to explain: the signs that were shown, flags, and whether replicas stood in their order."""

    signs: set[Enum] = field(default_factory=set)
    flags: dict[str, None] = field(default_factory=dict)
    in_order: bool = False

    def legend(self, columns: int | None) -> Iterator[Line]:
        """Yield the lines that explain what was shown; none where there were no symbols."""
        if not self.signs:
            return
        yield []
        yield from ([(f"! {flag}", DIM)] for flag in self.flags)
        words = [f"{SYMBOLS[sign]} {sign.value}" for sign in SYMBOLS if sign in self.signs]
        words += ["first replica = preferred leader"] if self.in_order else []
        yield from ([(line, DIM)] for line in joined(words, "", 0, columns, "  ").split("\n"))
