"""Client settings, asked for one by one."""

from collections.abc import Mapping

from kafka_tools.settings.references import resolved

BLANK = "".join(map(chr, range(33)))
"""What java.lang.String.trim removes; Kafka trims every value (ConfigDef.parseType 3.9.1)."""


class Values:
    """Client settings, asked for one by one; references in them are replaced when they are."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        self._settings = settings

    def text(self, *names: str) -> str:
        """Return the value of the first of `names` that is there and not empty, else ""."""
        for name in names:
            value = resolved(name, self._settings.get(name, "")).strip(BLANK)
            if value:
                return value
        return ""

    def optional(self, name: str) -> str | None:
        """Return the value of `name`, None where it is not there."""
        return self.text(name) if name in self._settings else None

    def raw(self, name: str) -> str:
        """Return the value of `name` with its references in it, else ""."""
        return self._settings.get(name, "")
