"""Lines that a person types at a prompt, and what is printed meanwhile."""

import sys
from collections.abc import Callable, Iterable, Iterator
from typing import TextIO

from kafka_tools.model.shown import encodable, safe


def is_used() -> bool:
    """Say whether a person sits at a terminal, for reading and writing."""
    return bool(sys.stdin and sys.stdin.isatty() and sys.stdout.isatty())


def write(line: str, stream: TextIO) -> None:
    """Print a line; a terminal is sent nothing that acts on it, a program gets it as it is."""
    text = safe(line, kept="\n\t") if stream.isatty() else line
    stream.write(encodable(text, stream.encoding) + "\n")
    stream.flush()


def lines(prompt: Callable[[], str], completions: Callable[[str], Iterable[str]]) -> Iterator[str]:
    """Yield what is typed, line by line, until Ctrl-D; Ctrl-C drops the line that is being typed.

    With the extra `shell` (prompt_toolkit) the lines before can be called back and Tab completes the last word of a
    line by `completions`. Nothing of it is kept: a line may hold a password.
    """
    read = _reader(completions)
    while True:
        try:
            yield read(prompt())
        except KeyboardInterrupt:
            write("", sys.stdout)
        except EOFError:
            return


def _reader(completions: Callable[[str], Iterable[str]]) -> Callable[[str], str]:
    try:
        from prompt_toolkit import PromptSession
        from prompt_toolkit.completion import CompleteEvent, Completer, Completion
        from prompt_toolkit.document import Document
        from prompt_toolkit.patch_stdout import patch_stdout
        from prompt_toolkit.shortcuts import CompleteStyle
    except ImportError:
        return input

    class LastWord(Completer):
        """Completes the last word before the cursor."""

        def get_completions(self, document: Document, _: CompleteEvent) -> Iterator[Completion]:
            line = document.text_before_cursor
            word = line.rpartition(" ")[2]
            for each in completions(line):
                yield Completion(each, start_position=-len(word), display=safe(each))

    # As a shell's Tab: ZooKeeper is asked when it is pressed, not with each letter, and Enter never takes a proposal.
    session: PromptSession[str] = PromptSession(
        completer=LastWord(), complete_style=CompleteStyle.READLINE_LIKE, complete_while_typing=False
    )

    def read(prompt: str) -> str:
        # What watched znodes tell meanwhile is printed above the line that is being typed.
        with patch_stdout():
            return session.prompt(prompt)

    return read
