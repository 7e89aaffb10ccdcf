"""NAME=VALUE options of the streaming tools, read as Apache's CommandLineUtils.parseKeyValueArgs does (3.9)."""

from collections.abc import Iterable
from typing import Self

from kafka_tools.console.notes import note
from kafka_tools.errors import UsageError

TEXT_SERDES = ("StringDeserializer", "ByteArrayDeserializer", "BytesDeserializer")
"""Deserializers of org.apache.kafka.common.serialization whose text is the record's bytes."""


class Properties:
    """The pairs of one option; each is taken by the one who knows it, and what is left is told."""

    def __init__(self, option: str, values: dict[str, str]) -> None:
        self._option = option
        self._values = values

    @classmethod
    def parse(cls, pairs: Iterable[str], option: str) -> Self:
        """Read `NAME=VALUE` pairs; the last of a name wins, and a name alone has an empty value."""
        return cls(option, {name: value for name, _, value in (pair.partition("=") for pair in pairs)})

    def text(self, name: str) -> str | None:
        """Take the value of `name`, or None."""
        return self._values.pop(name, None)

    def flag(self, name: str, default: bool) -> bool:
        """Take a truth value: `true` in any case, with blanks around it; everything else is false."""
        value = self.text(name)
        return default if value is None else value.strip().lower() == "true"

    def content(self, name: str, default: bytes) -> bytes:
        """Take a text as the bytes it was on the command line."""
        value = self.text(name)
        return default if value is None else value.encode(errors="surrogateescape")

    def check_text_serde(self, name: str) -> None:
        """Take a deserializer's class. Raises UsageError for one that would print other bytes than the record has."""
        value = self.text(name)
        if value is not None and value.rpartition(".")[2] not in TEXT_SERDES:
            raise UsageError(f"{self._option} {name}={value} is not there: records are printed as the bytes they are")

    def refuse_rest(self) -> None:
        """Raise UsageError for what nobody took."""
        for name in self._values:
            raise UsageError(f"{self._option} {name} is not known")

    def mention_rest(self) -> None:
        """Tell of what nobody took: Apache's tools accept any name here, and ignore it."""
        for name in self._values:
            note(f"ktools: {self._option} {name} has no effect: it is not known")
