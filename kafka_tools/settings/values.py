"""Client settings, asked for one by one."""

import os
import re
from collections.abc import Mapping

from kafka_tools.errors import KafkaToolError
from kafka_tools.settings import properties

REFERENCE = re.compile(r"\$\{(env|file):([^}]*)\}")
COMMAND_SUFFIX = "_command"
COMMAND_SECONDS = 60.0


def commands_run(settings: Mapping[str, str]) -> dict[str, str]:
    """Return the settings with what the programs in `NAME_command` print as the value of NAME.

    A value that NAME has itself goes first, and nothing is run. Raises KafkaToolError.
    """
    found = {name: value for name, value in settings.items() if not name.endswith(COMMAND_SUFFIX)}
    for name, command in settings.items():
        own = name.removesuffix(COMMAND_SUFFIX)
        if own != name and own not in settings:
            found[own] = printed(name, command)
    return found


def printed(name: str, command: str) -> str:
    """Run a program without a shell and return what it prints, less the newline at its end.

    Raises KafkaToolError; its words have the program's name, but not its arguments, which may be secret.
    """
    import shlex
    import subprocess

    try:
        argv = shlex.split(command)
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,  # a tool's own stdin may be records
            stdout=subprocess.PIPE,
            text=True,
            check=False,
            timeout=COMMAND_SECONDS,
        )
    except (ValueError, IndexError, OSError, UnicodeDecodeError, subprocess.TimeoutExpired) as error:
        reason = error.strerror if isinstance(error, OSError) else type(error).__name__
        raise KafkaToolError(f"{name}: the program cannot be run ({reason})") from None
    if done.returncode:
        raise KafkaToolError(f"{name}: {argv[0]} ended with status {done.returncode}")
    return done.stdout.removesuffix("\n")


def resolved(name: str, value: str) -> str:
    """Return a value with its references replaced. Raises KafkaToolError for what is not there."""
    if "${" not in value:
        return value
    return REFERENCE.sub(lambda found: _referenced(name, found[1], found[2]), value)


def _referenced(name: str, kind: str, where: str) -> str:
    if kind == "env":
        if where not in os.environ:
            raise KafkaToolError(f"{name}: the environment has no {where}")
        return os.environ[where]
    try:
        return _content(where)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8, or malformed"
        raise KafkaToolError(f"{name}: cannot read {where}: {reason}") from None
    except KeyError as error:
        raise KafkaToolError(f"{name}: {error.args[0]}") from None


def _content(where: str) -> str:
    """Read PATH, or the KEY of the properties file PATH where `where` is PATH:KEY and names no file itself."""
    path, colon, key = where.rpartition(":")
    if not colon or os.path.exists(where):
        return _read(where).decode().removesuffix("\n").removesuffix("\r")
    pairs = properties.parse(_read(path))
    if key not in pairs:
        raise KeyError(f"{path} has no {key}")
    return pairs[key]


def _read(path: str) -> bytes:
    with open(os.path.expanduser(path), "rb") as file:
        return file.read()


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
