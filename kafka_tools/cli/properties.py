"""NAME=VALUE options of the streaming tools, read as Apache's CommandLineUtils.parseKeyValueArgs does (3.9)."""

from collections.abc import Iterable, Mapping
from typing import Any, Self, TypeVar

from kafka_tools.console.process import note

T = TypeVar("T", bound=Any)


def read_file(path: str | None) -> dict[str, str]:
    """Return what stands in a properties file, nothing without one. Raises KafkaToolError where it cannot be read."""
    if path is None:
        return {}
    from kafka_tools.settings import properties as files

    return files.read(path)


class Properties:
    """The pairs of one option.

    Each reader removes the properties that it understands; the rest are reported as having no effect.
    """

    def __init__(self, option: str, values: dict[str, str]) -> None:
        self._option = option
        self._values = values

    @classmethod
    def parse(cls, pairs: Iterable[str], option: str, base: Mapping[str, str] = {}) -> Self:
        """Read `NAME=VALUE` pairs; the last of a name wins, and a name alone has an empty value.

        `base` holds what stands in a file: the pairs go before it.
        """
        return cls(option, {**base} | {name: value for name, _, value in (pair.partition("=") for pair in pairs)})

    def text(self, name: str) -> str | None:
        """Take the value of `name`, or None."""
        return self._values.pop(name, None)

    def flag(self, name: str, default: bool) -> bool:
        """Take a truth value: `true` in any case, with blanks around it; everything else is false."""
        # Apache's tools say nothing of another word: `yes` would silently mean no (String.equalsIgnoreCase).
        value = self.text(name)
        if value is None:
            return default
        word = value.strip().lower()
        if word not in ("true", "false"):
            note(f"ktools: {self._option} {name} has no effect: it is '{value}', neither true nor false")
        return word == "true"

    def content(self, name: str, default: bytes) -> bytes:
        """Take a text as the bytes it was on the command line."""
        value = self.text(name)
        # Python reads bytes that are no UTF-8 from the command line as lone surrogates; this makes them bytes again.
        return default if value is None else value.encode(errors="surrogateescape")

    def fill(self, default: T, flags: Iterable[str], texts: Iterable[str]) -> T:
        """Take truth values and texts into the fields of a NamedTuple: `print.key` is the field `print_key`."""
        found: dict[str, Any] = {}
        for names, take in ((flags, self.flag), (texts, self.content)):
            for name in names:
                field = name.replace(".", "_")
                found[field] = take(name, getattr(default, field))
        filled: T = default._replace(**found)
        return filled

    def prefixed(self, prefix: str) -> dict[str, str]:
        """Take all names that begin with `prefix`, without it."""
        # A list first: taking a value while the dict is gone through is an error.
        names = [name for name in self._values if name.startswith(prefix) and name != prefix]
        return {name.removeprefix(prefix): self._values.pop(name) for name in names}

    def pairs(self) -> list[str]:
        """Return what nobody took, as NAME=VALUE."""
        return [f"{name}={value}" for name, value in self._values.items()]

    def mention_rest(self) -> None:
        """Tell of what nobody took: Apache's tools accept any name here, and ignore it."""
        for name in self._values:
            note(f"ktools: {self._option} {name} has no effect: it is not known")
