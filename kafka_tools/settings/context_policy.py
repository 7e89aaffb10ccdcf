"""What a context allows: changes of a read-only or protected cluster, and what one from a repository may ask for.

Whoever wrote a repository's file is not who runs ktools there.
"""

import os
import sys
from collections.abc import Mapping

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.target import Target
from kafka_tools.settings.contexts import Context
from kafka_tools.settings.values import COMMAND_SUFFIX, REFERENCE

LOADING_CODE = frozenset(
    ("plugin.library.paths", "ssl.engine.location", "ssl.engine.id", "ssl.providers", "sasl.kerberos.kinit.cmd")
)
OWN_VARIABLES = ("KAFKA_", "KTOOLS_")


def check_change(target: Target, yes: bool = False) -> None:
    """Return where a change of the target's cluster may be made; `yes`: it was said beforehand (`--yes`).

    A protected context asks for its name on a terminal. Raises KafkaToolError where the change must not be made.
    """
    rules = target.rules
    if rules is None:
        return
    if rules.read_only:
        raise KafkaToolError(f"context {rules.context} is read-only: nothing was changed")
    if not rules.protected or yes:
        return
    if not (sys.stdin and sys.stdin.isatty() and sys.stderr and sys.stderr.isatty()):
        raise KafkaToolError(f"context {rules.context} is protected: nothing was changed", "--yes says that it may be.")
    sys.stderr.write(f"This changes {rules.context}, which is protected. Its name, to go on: ")
    sys.stderr.flush()
    if sys.stdin.readline().strip() != rules.context:
        raise KafkaToolError("that is not its name: nothing was changed")


def check(context: Context, settings: Mapping[str, str]) -> None:
    """Raise KafkaToolError if the context would run a program, load code, or read what is not the project's."""
    folder = os.path.realpath(os.path.dirname(context.origin))
    if context.command_config and not _within(context.command_config, folder):
        raise _refused(context, "command-config", "names a file outside of the project")
    for name, value in settings.items():
        if name.endswith(COMMAND_SUFFIX) or name in LOADING_CODE:
            raise _refused(context, name, "would run a program or load code")
        for kind, where in REFERENCE.findall(value):
            if kind == "env" and not where.startswith(OWN_VARIABLES):
                raise _refused(context, name, f"reads a variable that does not begin with {' or '.join(OWN_VARIABLES)}")
            if kind == "file" and not all(_within(path, folder) for path in (where, where.rpartition(":")[0] or where)):
                raise _refused(context, name, "reads a file outside of the project")
        if name.endswith((".file", ".login.config")) and not _within(value, folder):
            raise _refused(context, name, "sends what is in a file outside of the project")


def _within(path: str, folder: str) -> bool:
    """Say whether the file is the project's, links followed, seen from its folder and from the working folder."""
    path = os.path.expanduser(path)
    places = (os.path.realpath(os.path.join(folder, path)), os.path.realpath(path))
    return all(place.startswith(f"{folder}{os.sep}") for place in places)


def _refused(context: Context, name: str, what: str) -> KafkaToolError:
    return KafkaToolError(
        f"{context.origin}: {name} of context {context.name} {what}: a file that comes with a repository may not",
        "`ktools context add` makes a context of your own, which may.",
    )
