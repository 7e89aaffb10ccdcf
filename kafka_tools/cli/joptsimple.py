"""joptsimple's rules for a command line, as Apache's tools use it (joptsimple 5.0, `OptionParser(false)`)."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from kafka_tools.errors import KafkaToolError, UsageError, nearest


class Option(NamedTuple):
    """One option of a tool: its spellings, the first of which names it, and what `--help` says of it.

    Without a `metavar` it is a flag. `multiple` gathers the values of a repeated option; `bare` is the value of one
    that is given without any; `read` turns the option's name and text into its value. `completes` is for the shell's
    completion: the words that the value may be, or a kind of names (kafka_tools.completion.values); without it `read`
    and `metavar` tell. A name without dashes makes it no option but a word of the command line (`nonOptions`).
    """

    names: tuple[str, ...]
    help: str
    metavar: str = ""
    multiple: bool = False
    bare: str | None = None
    read: Callable[[str, str], Any] | None = None
    completes: str | tuple[str, ...] = ""

    @property
    def is_word(self) -> bool:
        """Whether it is a word of the command line and no option."""
        return not self.names[0].startswith("-")

    @property
    def key(self) -> str:
        """The option's name in what `parse` returns: `replication_factor` for `--replication-factor`."""
        return self.names[0].lstrip("-").replace("-", "_")

    @property
    def absent(self) -> Any:
        """What `parse` returns where the option is not given."""
        if self.multiple:
            return ()
        return None if self.metavar else False


def parse(options: Sequence[Option], args: Sequence[str]) -> dict[str, Any]:
    """Return the value of every option, by its key.

    `-list` and `--list=true` mean `--list`, a value may begin with a dash, what is not an option is ignored unless one
    of `options` is a word, and nothing is abbreviated. Raises UsageError and KafkaToolError in joptsimple's words.
    """
    values = {option.key: option.absent for option in options}
    seen: set[str] = set()
    for option, text in _given(options, args):
        if option.metavar and not option.multiple and option.key in seen:
            raise KafkaToolError(f"Found multiple arguments for option {_name(option)}, but you asked for only one")
        seen.add(option.key)
        value = option.read(_name(option), text) if option.read else text
        if not option.metavar:
            values[option.key] = True
        else:
            values[option.key] = (*values[option.key], value) if option.multiple else value
    return values


def _given(options: Sequence[Option], args: Sequence[str]) -> Iterator[tuple[Option, str]]:
    """Yield each option that is given, with its text."""
    by_name = {name.lstrip("-"): option for option in options if not option.is_word for name in option.names}
    words = [option for option in options if option.is_word]
    tokens = list(reversed(args))
    only_words = False
    while tokens:
        token = tokens.pop()
        if only_words or not token.startswith("-") or token == "-":
            if words:
                yield words[0] if words[0].multiple else words.pop(0), token
            continue
        if token == "--":
            only_words = True
            continue
        name, _, attached = token.lstrip("-").partition("=")
        option = by_name.get(name)
        if option is None:
            near = nearest(name, by_name)
            raise UsageError(f"{name} is not a recognized option", f"Did you mean --{near[0]}?" if near else "")
        yield option, attached if attached or not option.metavar else _next(option, tokens)


def _next(option: Option, tokens: list[str]) -> str:
    """Take the value that follows the option; `tokens` are what is left, the next one last."""
    if option.bare is not None and not (tokens and not tokens[-1].startswith("-")):
        return option.bare
    if not tokens:
        raise UsageError(f"Option {_name(option)} requires an argument")
    return tokens.pop()


def _name(option: Option) -> str:
    return option.names[0].lstrip("-")


def integer(option: str, text: str) -> int:
    """Read a whole number of Java's `int`, 32 bits. Raises KafkaToolError where `Integer.valueOf` refuses."""
    return _whole(option, text, 1 << 31)


def long(option: str, text: str) -> int:
    """Read a whole number of Java's `long`, 64 bits. Raises KafkaToolError where `Long.valueOf` refuses."""
    return _whole(option, text, 1 << 63)


def _whole(option: str, text: str, limit: int) -> int:
    digits = text.removeprefix("-") if text.startswith("-") else text.removeprefix("+")
    if digits.isdecimal() and digits.isascii() and len(digits) < 5000 and -limit <= int(text) < limit:
        return int(text)
    raise KafkaToolError(f"Cannot parse argument '{text}' of option {option}")


class OneOf:
    """The reader of an option that takes one of a few words; it raises UsageError that lists them."""

    def __init__(self, words: tuple[str, ...]) -> None:
        self.words = words

    def __call__(self, option: str, text: str) -> str:
        """Return the text if it is one of the words."""
        if text in self.words:
            return text
        raise UsageError(f"--{option} cannot be '{text}'", f"Choose from: {', '.join(self.words)}")


def one_of(*words: str) -> OneOf:
    """Return the reader of an option that takes one of these words."""
    return OneOf(words)
