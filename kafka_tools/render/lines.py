"""Lines of styled text: what tables and matrices are made of before anything paints them."""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from kafka_tools.render.views import Level, Mark

Span = tuple[str, str]
"""Text and its style: "", or names of `paint.SGR` joined by "+"."""

Line = Sequence[Span]

FACT_SEPARATOR = " · "

TITLE, DIM, RISK, BROKEN = "title", "dim", "risk", "broken"
OF_LEVEL = {Level.QUIET: "", Level.RISK: RISK, Level.BROKEN: BROKEN}


@lru_cache(maxsize=1 << 14)
def width(text: str) -> int:
    """Return how many columns of a terminal `text` takes."""
    if text.isascii():
        return len(text)
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def line_width(line: Line) -> int:
    """Return how many columns the line takes."""
    return sum(width(text) for text, _ in line)


def safe(text: str) -> str:
    """Return text from a cluster so that a terminal shows it and does nothing else: what is not printable escaped."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape", "surrogatepass").decode()
        for character in text
    )


def marked(mark: Mark, quiet: str = "") -> Span:
    """Return a mark's words in the style of its level."""
    return safe(mark.words), OF_LEVEL[mark.level] or quiet


def padded(line: Line, columns: int, right: bool = False) -> Line:
    """Return the line with blanks up to so many columns, before it where it is to stand right."""
    missing = columns - line_width(line)
    if missing <= 0:
        return line
    blanks = (" " * missing, "")
    return [blanks, *line] if right else [*line, blanks]


def folded(line: Line, columns: int) -> list[Line]:
    """Return the line in lines of at most so many columns, broken at blanks, within a word only where it must be."""
    lines: list[list[Span]] = [[]]
    used = 0
    for word, style in _words(line, columns):
        gap = " " if lines[-1] else ""
        if gap and used + 1 + width(word) > columns:
            lines.append([])
            gap, used = "", 0
        lines[-1].append((gap + word, style))
        used += width(gap + word)
    return list(lines)


def _words(line: Line, columns: int) -> Iterator[Span]:
    for text, style in line:
        for word in text.split():
            yield from ((piece, style) for piece in _pieces(word, max(columns, 2)))


def _pieces(word: str, columns: int) -> Iterator[str]:
    piece = ""
    for character in word:
        if width(piece + character) > columns:
            yield piece
            piece = ""
        piece += character
    yield piece


def joined(facts: Iterable[str], indent: str, start: int, columns: int | None, separator: str = FACT_SEPARATOR) -> str:
    """Return the facts in a row that starts at column `start`, with a new line (`indent`) where one would not fit."""
    text, column = "", start
    for number, fact in enumerate(facts):
        gap = separator if number else ""
        if columns is not None and column + width(gap + fact) > columns and column > width(indent):
            text, column, gap = f"{text}\n{indent}", width(indent), ""
        text += gap + fact
        column += width(gap + fact)
    return text


def sentences(text: str, style: str, columns: int | None) -> Iterator[Line]:
    """Yield the text in lines that fit, broken between facts rather than within one."""
    for line in joined(text.split(FACT_SEPARATOR), "", 0, columns).split("\n"):
        yield from [[(line, style)]] if columns is None else folded([(line, style)], columns)
