"""Client settings and what their values refer to: `${env:NAME}`, `${file:PATH}`, `${file:PATH:KEY}`, and
`NAME_command = PROGRAM ARGUMENTS`.

The first three are spelled as Kafka's own EnvVarConfigProvider and FileConfigProvider (KIP-297) are; without a key a
file's whole content is meant, less the newline at its end.
"""

import os
import re
from collections.abc import Mapping
from typing import NamedTuple

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.folders import MOST_BYTES_OF_TEXT, read_file, read_text
from kafka_tools.settings import properties
from kafka_tools.settings.properties import NAMING_FILES

REFERENCE = re.compile(r"\$\{(env|file):((?:(?!\$\{)[^}])*)\}")
"""Ends at the next `${`, so that `${env:${env:…` without a brace takes linear time."""

UNSENDABLE = re.compile("[\\0\\ud800-\\udfff]")
COMMAND_SUFFIX = "_command"
COMMAND_SECONDS = 60.0
FOREIGN = frozenset(
    (
        "offset.store.path",
        "plugin.library.paths",
        "sasl.kerberos.keytab",
        "sasl.kerberos.kinit.cmd",
        "sasl.oauthbearer.metadata.authentication.type",
        "ssl.engine.id",
        "ssl.engine.location",
        "ssl.providers",
    )
)
"""Settings that load code, run a program or show who this machine is (Azure's metadata service): never a repository's.
"""

BLANK = "".join(map(chr, range(33)))
"""What java.lang.String.trim removes; Kafka trims every value (ConfigDef.parseType 3.9.1)."""


class Setting(NamedTuple):
    """One client setting by Java's or librdkafka's name, as it was written, and where; `file` is "" without one."""

    name: str
    value: str
    source: str
    file: str = ""

    def __repr__(self) -> str:
        return f"Setting({self.name!r}, {self.source!r})"


class Access(NamedTuple):
    """What settings may use of the user's, by who named the cluster.

    `folder`: they came with a repository in that folder, so only its files, no variable of the environment and no
    program ("": all that the user may). `kafka_opts`: KAFKA_OPTS may say who logs in.
    """

    folder: str = ""
    kafka_opts: bool = True

    def path(self, name: str, path: str) -> str:
        """Return the file to open for the setting `name`. Raises KafkaToolError for one outside of the folder, and for
        what is no path.

        Links are followed before the comparison; a relative path is meant from the folder.
        """
        _text(name, path)
        if not self.folder:
            return os.path.expanduser(path)
        # The link's end counts: a repository may hold a link to ~/.ssh, and `..` after it.
        real = os.path.realpath(os.path.join(self.folder, os.path.expanduser(path)))
        if not real.startswith(f"{self.folder}{os.sep}"):
            raise self.refused(name, "names a file outside of its folder")
        return real

    def refused(self, name: str, what: str) -> KafkaToolError:
        """Return the failure of a setting that a repository's file may not have."""
        return KafkaToolError(
            f"{name} {what}: a file that comes with a repository may not ({self.folder})",
            "`ktools context add` makes a context of your own, which may.",
        )


OWN = Access()
"""What the user's own settings may use: everything."""


def commands_run(settings: Mapping[str, str], access: Access = OWN) -> dict[str, str]:
    """Return the settings with what the programs in `NAME_command` print as the value of NAME.

    A value that NAME has itself goes first, and nothing is run. Raises KafkaToolError.
    """
    found = {name: value for name, value in settings.items() if not name.endswith(COMMAND_SUFFIX)}
    for name, command in settings.items():
        own = name.removesuffix(COMMAND_SUFFIX)
        # Who gives a password by hand does not want the program, which may ask at another terminal, to run as well.
        if own != name and own not in settings:
            if access.folder:
                raise access.refused(name, "would run a program")
            found[own] = printed(name, command)
    return found


def printed(name: str, command: str) -> str:
    """Run a program without a shell and return what it prints, less the newline at its end.

    Raises KafkaToolError; its words have the program's name, but not its arguments, which may be secret.
    """
    import shlex
    import subprocess

    try:
        # No shell: a password with `$` in an argument would be changed, and a repository's text run.
        argv = shlex.split(command)
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,  # a tool's own stdin may be records
            stdout=subprocess.PIPE,
            text=True,
            check=False,
            # A program may ask somebody to touch a key; one that hangs must not hang every command.
            timeout=COMMAND_SECONDS,
        )
    except (ValueError, IndexError, OSError, UnicodeDecodeError, subprocess.TimeoutExpired) as error:
        reason = error.strerror if isinstance(error, OSError) else type(error).__name__
        raise KafkaToolError(f"{name}: the program cannot be run ({reason})") from None
    if done.returncode:
        # What it says on its own stderr has reached the terminal already.
        raise KafkaToolError(f"{name}: {argv[0]} ended with status {done.returncode}")
    return done.stdout.removesuffix("\n")


def resolved(name: str, value: str, access: Access = OWN) -> str:
    """Return a value with its references replaced, and the path of a file as it is to be opened.

    Raises KafkaToolError for what is not there, and for what `access` does not allow.
    """
    if access.folder and value.strip():
        if name in FOREIGN:
            raise access.refused(name, "loads code, runs a program or shows who this machine is")
        # `probe` is librdkafka's word in ssl.ca.location for the system's certificates, no file.
        if name.endswith(NAMING_FILES) and "${" not in value and value != "probe":
            return access.path(name, value.strip(BLANK))
    if "${" not in value:
        return _text(name, value)
    found = _text(name, REFERENCE.sub(lambda match: _referenced(name, match[1], match[2], access), value))
    return access.path(name, found.strip(BLANK)) if access.folder and name.endswith(NAMING_FILES) else found


def _text(name: str, value: str) -> str:
    """Return the value. Raises KafkaToolError for what no client can send: bytes of an argument or a variable that are
    no UTF-8, `\\ud800` of a properties file, and NUL, at which librdkafka would cut the text."""
    if UNSENDABLE.search(value):
        raise KafkaToolError(f"{name}: its value is not UTF-8 text, or has a NUL in it")
    return value


def _referenced(name: str, kind: str, where: str, access: Access) -> str:
    if kind == "env":
        if access.folder:
            raise access.refused(name, "reads a variable of the environment")
        if where not in os.environ:
            raise KafkaToolError(f"{name}: the environment has no {where}")
        return os.environ[where]
    try:
        return _content(name, where, access)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8, malformed or too large"
        raise KafkaToolError(f"{name}: cannot read {where}: {reason}") from None
    except KeyError as error:
        raise KafkaToolError(f"{name}: {error.args[0]}") from None


def _content(name: str, where: str, access: Access) -> str:
    """Read PATH, or the KEY of the properties file PATH where `where` is PATH:KEY and names no file itself."""
    path, colon, key = where.rpartition(":")
    whole = access.path(name, where)
    # A file's own name may have a colon in it: that goes before PATH:KEY.
    if not colon or os.path.exists(whole):
        # One newline, as `echo` and editors add it; a password may end with a second one.
        return read_text(whole).removesuffix("\n").removesuffix("\r")
    pairs = properties.parse(read_file(access.path(name, path), MOST_BYTES_OF_TEXT))
    if key not in pairs:
        raise KeyError(f"{path} has no {key}")
    return pairs[key]


class Values:
    """Client settings, asked for one by one; references in them are replaced, and refused, when they are."""

    def __init__(self, settings: Mapping[str, str], access: Access = OWN) -> None:
        self._settings = settings
        self.access = access

    def text(self, *names: str) -> str:
        """Return the value of the first of `names` that is there and not empty, else ""."""
        for name in names:
            value = resolved(name, self._settings.get(name, ""), self.access).strip(BLANK)
            if value:
                return value
        return ""

    def optional(self, name: str) -> str | None:
        """Return the value of `name`, None where it is not there."""
        return self.text(name) if name in self._settings else None

    def raw(self, name: str) -> str:
        """Return the value of `name` with its references in it, else ""."""
        return self._settings.get(name, "")
