"""What changed between two pictures: a bar before each line that is new, and its new words reversed."""

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import pairwise

from kafka_tools.render.lines import Line, Span
from kafka_tools.render.terminal import unpainted

BAR, NO_BAR = ("▌ ", "risk"), ("  ", "")
GUTTER = 2
"""How many columns stand before each line."""


def without_marks(lines: Sequence[Line]) -> list[Line]:
    """Return the lines behind an empty gutter."""
    return [[NO_BAR, *line] for line in lines]


def marked_changes(before: Sequence[Line], now: Sequence[Line]) -> tuple[list[Line], int]:
    """Return the lines of the newer picture with what is new in them marked, and how many lines are new."""
    old, new = [_words(line) for line in before], [_words(line) for line in now]
    marked: list[Line] = []
    changed = 0
    for kind, start, end, new_start, new_end in SequenceMatcher(None, old, new).get_opcodes():
        lines = now[new_start:new_end]
        if kind == "equal":
            marked += without_marks(lines)
        elif end - start == new_end - new_start:
            pairs = zip(lines, old[start:end], strict=True)
            marked += [[BAR, *_reversed(line, _new_parts(was, line))] for line, was in pairs]
        else:
            marked += [[BAR, *line] for line in lines]
        changed += 0 if kind == "equal" else len(lines)
    return marked, changed


def _words(line: Line) -> tuple[str, ...]:
    """Return the words of a line: where they stand does not matter."""
    return tuple(unpainted(line).split())


def _new_parts(before: Sequence[str], now: Line) -> list[tuple[int, int]]:
    """Return where the words of a line stand that were not there before: from which character to which."""
    parts: list[tuple[int, int]] = []
    words = list(re.finditer(r"\S+", unpainted(now)))
    matcher = SequenceMatcher(None, before, [word[0] for word in words], autojunk=False)
    for kind, _, _, start, end in matcher.get_opcodes():
        for word in words[start:end] if kind != "equal" else ():
            follows = parts and parts[-1][1] == word.start() - 1
            parts.append((parts.pop()[0] if follows else word.start(), word.end()))
    return parts


def _reversed(line: Line, parts: Sequence[tuple[int, int]]) -> Iterator[Span]:
    """Yield the line with these parts of its text reversed."""
    position = 0
    for piece, style in line:
        cuts = {min(max(cut - position, 0), len(piece)) for part in parts for cut in part}
        for first, last in pairwise(sorted({0, len(piece), *cuts})):
            new = any(start <= position + first < end for start, end in parts)
            yield piece[first:last], f"{style}+changed".lstrip("+") if new else style
        position += len(piece)
