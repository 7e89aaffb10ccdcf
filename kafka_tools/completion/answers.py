"""What a shell's script is told. The first line is what completes: `words`, `files` or `directories`, nothing else for
the latter two. Then a word a line: for bash what to put in; for fish, after a tab, what it means; so for zsh, whose
first line also has the number of characters that the word begins with and the candidates do not."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from kafka_tools.completion.bash import parse, replacement
from kafka_tools.completion.candidates import Completion, complete
from kafka_tools.errors import UsageError

OPEN_ENDS = ("=", ",", ":", "/")
"""A word that ends so goes on: no blank after it."""


def bash(words: Sequence[str]) -> Iterator[str]:
    """Yield the lines for bash, which gives COMP_WORDBREAKS and its line up to the cursor.

    Raises UsageError for anything else: somebody else called.
    """
    if len(words) != 2:
        raise UsageError("bash gives $COMP_WORDBREAKS and its line up to the cursor: two words")
    breaks, text = words
    line = parse(text, breaks)
    completion = Completion("files") if line.is_redirect else _complete(line.words, line.current, explain=False)
    yield completion.kind
    for value, _ in completion.candidates:
        word = completion.before + value
        if word.startswith(line.current):
            yield replacement(word, line) + ("" if line.quote or word.endswith(OPEN_ENDS) else " ")


def zsh(words: Sequence[str]) -> Iterator[str]:
    """Yield the lines for zsh, which gives its words up to the cursor and matches by itself."""
    completion = _complete(words[:-1], words[-1])
    yield f"{completion.kind} {len(completion.before)}"
    yield from _explained(completion, "")


def fish(words: Sequence[str]) -> Iterator[str]:
    """Yield the lines for fish, which gives its words up to the cursor and matches by itself."""
    completion = _complete(words[:-1], words[-1])
    yield completion.kind
    yield from _explained(completion, completion.before)


def _complete(words: Sequence[str], current: str, explain: bool = True) -> Completion:
    found = complete(words, current, explain)
    return found._replace(candidates=tuple(dict.fromkeys(found.candidates)))


def _explained(completion: Completion, before: str) -> Iterable[str]:
    return (f"{before}{value}\t{meaning}" for value, meaning in completion.candidates)


SHELLS: Mapping[str, Callable[[Sequence[str]], Iterator[str]]] = {"bash": bash, "zsh": zsh, "fish": fish}
"""The shells by their names."""
