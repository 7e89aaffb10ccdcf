"""What may stand at the cursor."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from kafka_tools.cli import shape as shapes
from kafka_tools.cli.shape import Option
from kafka_tools.completion import values
from kafka_tools.completion.asked import Typed, sensible, typed
from kafka_tools.completion.memory import Candidate
from kafka_tools.shims import apache
from kafka_tools.tools import find, names


class Completion(NamedTuple):
    """What completes a word: `kind` is `words`, or `files` or `directories`, which a shell itself knows best.

    `before` is the beginning of the word that is no part of the candidates: `--topic=` of `--topic=ord`.
    """

    kind: str = "words"
    before: str = ""
    candidates: tuple[Candidate, ...] = ()


NOTHING = Completion()

GROUP_OPTIONS = (
    Option(("--version",), "version", "Show the version and exit."),
    Option(("--debug",), "debug", "Show a traceback if ktools itself fails."),
    Option(("--help",), "help", "Show this message and exit."),
)
"""What `ktools` itself takes, before the tool."""


def complete(words: Sequence[str], current: str, explain: bool) -> Completion:
    """Return what completes `current`, the word at the cursor as far as it is typed, after `words`, the command first.

    Candidates that do not begin with `current` may be among them. `explain`: with their meanings, also where those
    have to be looked up.
    """
    program, *args = words or [""]
    program = program.rpartition("/")[2]
    tool = None if program == "ktools" else apache.scripts(names()).get(program)
    if tool is None:
        position = next((number for number, word in enumerate(args) if not word.startswith("-")), None)
        if position is None:
            return _of_group(args, current, explain)
        tool, args = args[position].removeprefix("kafka-").removesuffix(".sh"), args[position + 1 :]
    if tool == "run-class":
        if not args:
            return _words(values.main_classes())
        tool, args = apache.tool_of(args[0]) or "", args[1:]
    found = find(tool)
    return NOTHING if found is None else _of_tool(typed(shapes.of(found), args), current)


def _of_group(args: Sequence[str], current: str, explain: bool) -> Completion:
    if current.startswith("-"):
        return _words(_options((option for option in GROUP_OPTIONS if not {*option.names} & {*args}), current))
    return _words(values.tools(explain))


def _of_tool(line: Typed, current: str) -> Completion:
    awaiting = line.awaiting
    if line.is_lost:
        return NOTHING
    if awaiting is not None and not (awaiting.bare is not None and current.startswith("-")):
        return _values(awaiting, line, current, "")
    if current.startswith("-") and not line.only_words:
        name, equals, text = current.partition("=")
        option = line.option(name.lstrip("-"))
        if not equals:
            return _words(_options(sensible(line), current))
        return _values(option, line, text, f"{name}=") if option is not None and option.metavar else NOTHING
    if line.shape.commands:
        return _words(Candidate(each.name, each.summary) for each in line.shape.commands)
    if line.next_word is not None:
        return _values(line.next_word, line, current, "")
    return NOTHING if current or line.only_words else _words(_options(sensible(line), current))


def _options(options: Iterable[Option], current: str) -> Iterator[Candidate]:
    """Yield each option by the first of its names that begins as the word does."""
    for option in options:
        name = next((name for name in option.names if name.startswith(current)), option.names[0])
        yield Candidate(name, option.help)


def _values(option: Option, line: Typed, text: str, before: str) -> Completion:
    kind = values.kind(option)
    if kind in values.FILES:
        return Completion(kind, before)
    found = values.words(kind) if isinstance(kind, tuple) else values.of(kind, text, line.given)
    return Completion("words", before, tuple(found))


def _words(candidates: Iterable[Candidate]) -> Completion:
    return Completion(candidates=tuple(candidates))
