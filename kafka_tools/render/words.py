"""Text in several styles: what stands above and below tables and matrices, and what both are made of."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import groupby

from rich.cells import cell_len, chop_cells
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.segment import Segment
from rich.style import Style
from rich.text import Text

from kafka_tools.model.shown import safe
from kafka_tools.render.terminal import BROKEN, DIM, RISK, SYMBOLS, TITLE
from kafka_tools.render.views import Level, Mark, View

Span = tuple[str, str]
"""Text and the name of its style."""

Words = Sequence[Span]
"""Text in several styles: a cell, or a line."""

LONGEST_WORD = 64
"""A longer word is neither an address nor an id, and may be broken."""

NEW_LINE = Segment.line()

FACT_SEPARATOR = " · "
TITLE_GAP, FACTS_INDENT, GAP = "   ", "  ", "  "
STYLE_OF_LEVEL = {Level.QUIET: "", Level.RISK: RISK, Level.BROKEN: BROKEN}


@dataclass(slots=True)
class Legend:
    """What was shown that has to be explained: signs, flags, and whether replicas stood in their order."""

    signs: set[Enum] = field(default_factory=set)
    # A set that keeps its order: that of a set of texts is another one in each process.
    flags: dict[str, None] = field(default_factory=dict)
    in_order: bool = False

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if not self.signs:
            return
        yield NEW_LINE
        yield from (Trimmed(Text(f"! {safe(flag)}", DIM)) for flag in self.flags)
        words = [f"{SYMBOLS[sign]} {sign.value}" for sign in SYMBOLS if sign in self.signs]
        words += ["first replica = preferred leader"] if self.in_order else []
        yield from (Trimmed(Text(line, DIM)) for line in joined(words, "", 0, options.max_width, GAP).split("\n"))


def headings(view: View, columns: int) -> Iterator[RenderableType]:
    """Yield what stands above: the title and its facts, folded between facts and not within one, and the summary."""
    if view.title:
        title = safe(view.title)
        facts = joined(map(safe, view.facts), FACTS_INDENT, cell_len(title + TITLE_GAP), columns)
        first, *rest = facts.split("\n")
        yield whole(Text.assemble((title, TITLE), TITLE_GAP if first else "", first))
        yield from (Trimmed(Text(line)) for line in rest)
    if view.summary:
        yield from sentences(view.summary, columns, DIM)


def notes(view: View, columns: int, alone: bool = False) -> RenderResult:
    """Yield what stands below, after an empty line unless it stands `alone`."""
    if view.notes and not alone:
        yield NEW_LINE
    for note in view.notes:
        yield from sentences(note, columns)


def sentences(mark: Mark, columns: int, quiet: str = "") -> Iterator[RenderableType]:
    """Yield words with a level in lines, broken between facts rather than within one."""
    words, style = marked(mark, quiet)
    yield from (Trimmed(Text(line, style)) for line in joined(words.split(FACT_SEPARATOR), "", 0, columns).split("\n"))


def whole(text: Text) -> Text:
    """Return the text so that a name longer than the terminal stays in one piece: the terminal wraps it by itself."""
    # rich would write newlines into it, which would be copied with the name.
    text.no_wrap, text.overflow = True, "ignore"
    return text


def joined(facts: Iterable[str], indent: str, start: int, columns: int, separator: str = FACT_SEPARATOR) -> str:
    """Return the facts in a row that starts at column `start`, with a new line (`indent`) where one would not fit."""
    text, column = "", start
    for number, fact in enumerate(facts):
        gap = separator if number else ""
        # A fact that is alone on its line stays there, however long: it would fit on no other.
        if column + cell_len(gap + fact) > columns and column > len(indent):
            text, column, gap = f"{text}\n{indent}", len(indent), ""
        text += gap + fact
        column += cell_len(gap + fact)
    return text


def marked(mark: Mark, quiet: str = "") -> Span:
    """Return a mark's words in the style of its level."""
    return safe(mark.words), STYLE_OF_LEVEL[mark.level] or quiet


def words_width(words: Words) -> int:
    """Return how many columns of the terminal the words take."""
    return sum([text_width(text) for text, _ in words])


def text_width(text: str) -> int:
    """Return how many columns of the terminal the text takes; most is ASCII, for which cell_len takes its time."""
    return len(text) if text.isascii() else cell_len(text)


def longest_word(words: Words) -> int:
    """Return the width of the longest word that must not be broken."""
    return max((min(LONGEST_WORD, cell_len(word)) for text, _ in words for word in text.split()), default=0)


def folded(words: Words, columns: int, longest: int = 0) -> list[Words]:
    """Return the words in lines of at most so many columns, broken at blanks, within a word only where it must be.

    A word of up to `longest` columns stays whole, on a line of its own where it is wider than `columns`.
    """
    lines: list[list[Span]] = [[]]
    used = 0
    for word, style in _pieces(words, max(columns, longest)):
        gap = " " if lines[-1] else ""
        if gap and used + 1 + cell_len(word) > columns:
            lines.append([])
            gap, used = "", 0
        lines[-1].append((gap + word, style))
        used += cell_len(gap + word)
    return list(lines)


def _pieces(words: Words, columns: int) -> Iterator[Span]:
    for text, style in words:
        for word in text.split():
            if cell_len(word) <= columns:
                yield word, style
            else:
                # At least two columns: a CJK letter takes as many, and would not fit into one.
                yield from ((piece, style) for piece in chop_cells(word, max(2, columns)))


class Styles:
    """The styles of a console by their names, and lines of words in them."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._known: dict[str, Style | None] = {"": None}

    def line(self, words: Words) -> Iterator[Segment]:
        """Yield the line without blanks behind it, neighbours of the same style together, and its end."""
        # Blanks at the end would be copied from the screen, and fold where the terminal is narrow.
        kept = list(words)
        while kept and not kept[-1][0].strip():
            kept.pop()
        for style, spans in groupby(kept, lambda span: span[1]):
            yield Segment("".join([text for text, _ in spans]), self[style])
        yield NEW_LINE

    def __getitem__(self, name: str) -> Style | None:
        if name not in self._known:
            self._known[name] = self._console.get_style(name)
        return self._known[name]


class Trimmed:
    """A renderable with blanks before its lines and none behind them."""

    def __init__(self, renderable: RenderableType, indent: int = 0) -> None:
        self._renderable = renderable
        self._indent = indent

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        room = options.update(width=max(1, options.max_width - self._indent))
        for line in console.render_lines(self._renderable, room, pad=False):
            yield Segment(" " * self._indent)
            while line and not line[-1].text.strip():
                line.pop()
            yield from line[:-1]
            if line:
                yield Segment(line[-1].text.rstrip(), line[-1].style)
            yield NEW_LINE
