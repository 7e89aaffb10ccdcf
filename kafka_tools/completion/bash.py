"""A command line as bash hands it over, and as it wants its end replaced.

Programmable completion (bash 3.2 to 5) gives a line as it was typed, with its quotes. Readline replaces only what
follows the last unquoted character of COMP_WORDBREAKS, or an open quote, and takes what it is given as it is.
"""

from typing import NamedTuple

BLANK = " \t\n"
OPERATORS = "<>|&;()"
SPECIAL = frozenset(" \t\"'\\$`!&*()[]{}|;<>?")
"""What bash gives a meaning to anywhere in a word."""

SPECIAL_FIRST = "~#"
IN_DOUBLE_QUOTES = '"$`\\'


class Line(NamedTuple):
    """The words before the cursor without their quotes, and the one at the cursor as far as it is typed: bash keeps its
    first `kept` characters. `quote` is the quote that is open there; `is_redirect`: it is the file of a redirection."""

    words: tuple[str, ...]
    current: str
    kept: int
    quote: str = ""
    is_redirect: bool = False


class _Reader:
    """Reads a line one character after the other."""

    def __init__(self, breaks: str) -> None:
        self.breaks = breaks
        self.words: list[str] = []
        self.current = ""
        self.is_word = False
        self.kept = self.kept_before_quote = 0
        self.quote = ""
        self.is_escaped = False
        self.is_redirect = False

    def read(self, char: str) -> None:
        if self.is_escaped:
            self._escaped(char)
        elif char == "\\" and self.quote != "'":
            self.is_escaped = self.is_word = True
        elif self.quote:
            self._quoted(char)
        elif char in "\"'":
            self.quote, self.is_word = char, True
            self.kept_before_quote, self.kept = self.kept, len(self.current)
        elif char in BLANK or char in OPERATORS:
            self._end(char)
        else:
            self._plain(char)

    def _escaped(self, char: str) -> None:
        self.is_escaped = False
        self.current += f"\\{char}" if self.quote and char not in IN_DOUBLE_QUOTES else char

    def _quoted(self, char: str) -> None:
        if char == self.quote:
            self.quote, self.kept = "", self.kept_before_quote
        else:
            self.current += char

    def _plain(self, char: str) -> None:
        self.current += char
        self.is_word = True
        if char in self.breaks:
            self.kept = len(self.current)

    def _end(self, char: str) -> None:
        if self.is_word and not self.is_redirect:
            self.words.append(self.current)
        if self.is_word or char in OPERATORS:
            self.is_redirect = char in "<>"
        self.current, self.is_word, self.kept = "", False, 0


def parse(line: str, breaks: str) -> Line:
    """Read a line up to the cursor; `breaks` is COMP_WORDBREAKS."""
    reader = _Reader(breaks)
    for char in line:
        reader.read(char)
    return Line(tuple(reader.words), reader.current, reader.kept, reader.quote, reader.is_redirect)


def replacement(word: str, line: Line) -> str:
    """Return what to put where bash begins to replace, so that the word at the cursor becomes `word`.

    Readline itself closes an open quote.
    """
    rest = word[line.kept :]
    if line.quote == "'":
        return rest.replace("'", "'\\''")
    if line.quote:
        return "".join(_in_double_quotes(char) for char in rest)
    first = 0 if line.kept else 1
    return "".join(
        f"\\{char}" if char in SPECIAL or (position < first and char in SPECIAL_FIRST) else char
        for position, char in enumerate(rest)
    )


def _in_double_quotes(char: str) -> str:
    if char == "!":  # the history's, which a backslash does not stop there
        return "\"'!'\""
    return f"\\{char}" if char in IN_DOUBLE_QUOTES else char
