"""Contexts: named clusters. The user's own are in `config.toml`, a repository's in its `.ktools.toml`, and a running
sandbox brings its own; which one is current stands in a state file.

    [contexts.prod]
    bootstrap-servers = "b1:9092,b2:9092"
    zookeeper = "zk1:2181/kafka"
    command-config = "prod.properties"
    output = "table"
    read-only = true
    protected = true

    [contexts.prod.settings]
    "security.protocol" = "SASL_SSL"
"""

import os
from collections.abc import Mapping
from typing import Any, NamedTuple

from kafka_tools.errors import KafkaToolError, nearest
from kafka_tools.model.folders import config_folder, decoded, state_folder
from kafka_tools.model.target import ContextRules
from kafka_tools.settings.properties import NAMING_FILES

PROJECT_FILE = ".ktools.toml"
ROOT = 0
MOST_BYTES = 1 << 20
"""Of a file of contexts, which may come with somebody's repository."""

KEYS = ("bootstrap-servers", "zookeeper", "command-config", "output", "read-only", "protected", "settings")
NAME_LETTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")


class Current(NamedTuple):
    """The current context's name and who says so."""

    name: str
    source: str


def config_path() -> str:
    """Return the user's own file of contexts; it may not exist."""
    return os.path.join(config_folder(), "config.toml")


def current_path() -> str:
    """Return the file that holds the name of the current context; it may not exist."""
    return os.path.join(state_folder(), "context")


def project_path() -> str | None:
    """Return the project's file: in the working folder or above it, up to the repository's root; None without one.

    Outside a repository only the working folder counts: a file in /tmp is anybody's.
    """
    try:
        folder = here = os.getcwd()
    except OSError:
        return None
    found = None
    while True:
        path = os.path.join(folder, PROJECT_FILE)
        if found is None and os.path.isfile(path):
            found = path
        above = os.path.dirname(folder)
        # A file, too, not only a folder: in a worktree or a submodule .git is one.
        if os.path.exists(os.path.join(folder, ".git")):
            return found
        if above == folder:
            return found if found and os.path.dirname(found) == here else None
        folder = above


def current() -> Current | None:
    """Return the current context: $KTOOLS_CONTEXT, else the project's, else the one last used."""
    named = os.environ.get("KTOOLS_CONTEXT")
    if named:
        return Current(named, "KTOOLS_CONTEXT")
    project = project_path()
    if project:
        chosen = read(project).get("context")
        if isinstance(chosen, str) and chosen:
            return Current(chosen, project)
    try:
        with open(current_path(), encoding="utf-8", errors="replace") as file:
            name = file.read().strip()
    except OSError:
        return None
    return Current(name, current_path()) if name else None


class Context(NamedTuple):
    """One named cluster. `origin` is the file it stands in, `command_config` a properties file ("": none) whose
    settings `settings`, by Java's or librdkafka's names, go before; `output` is the format where --output names none;
    `project` says that it came with a repository."""

    name: str
    origin: str
    bootstrap_servers: str = ""
    zookeeper: str = ""
    command_config: str = ""
    settings: Mapping[str, str] = {}
    output: str | None = None
    read_only: bool = False
    protected: bool = False
    project: bool = False

    def __repr__(self) -> str:
        return f"Context({self.name!r}, {self.origin!r})"

    @property
    def rules(self) -> ContextRules:
        """What the context says of everything that is done on its cluster."""
        return ContextRules(self.name, self.read_only, self.protected)


def all_contexts() -> dict[str, Context]:
    """Return every context by its name; what a repository's file says replaces none of the user's.

    Raises KafkaToolError for a file that cannot be read.
    """
    # The right side wins: a repository's context never takes the name of one of the user's.
    return in_file(project_path()) | own_contexts()


def own_contexts() -> dict[str, Context]:
    """Return the user's own contexts by their names, which go before those of a sandbox. Raises KafkaToolError."""
    from kafka_tools.sandbox import endpoints

    return in_file(endpoints.contexts_path()) | in_file(config_path())


def in_file(path: str | None) -> dict[str, Context]:
    """Return the contexts of one file by their names; none without a file. Raises KafkaToolError."""
    if not path:
        return {}
    project = os.path.basename(path) == PROJECT_FILE
    return {name: context(name, table, path, project) for name, table in tables(read(path), path).items()}


def remembered(name: str) -> dict[str, str]:
    """Return what `edit_contexts.remember` wrote to the file `name` of the state folder; nothing where it is none."""
    import json

    try:
        with open(os.path.join(state_folder(), name), encoding="utf-8") as file:
            found = json.load(file)
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def shadowed() -> list[str]:
    """Return the names that a repository's file gives to contexts, although the user has contexts of these names."""
    there = in_file(project_path())
    return sorted(there.keys() & own_contexts().keys()) if there else []


def project_output() -> str | None:
    """Return the format that a repository's file asks for, where --output names none; None without one."""
    path = project_path()
    output = read(path).get("output") if path else None
    return output if isinstance(output, str) and output else None


def find(name: str) -> Context:
    """Return the context `name`. Raises KafkaToolError that names the nearest one."""
    known = all_contexts()
    if name in known:
        return known[name]
    near = nearest(name, known)
    hint = f"Did you mean '{near[0]}'?" if near else "`ktools context list` shows what is there."
    raise KafkaToolError(f"there is no context '{name}'", hint)


def read(path: str) -> dict[str, Any]:
    """Read a TOML file; one that is not there is empty. Raises KafkaToolError; its words have nothing of the text."""
    import tomllib

    try:
        with open(path, "rb") as file:
            # Asked of the open file, not of the path: between two looks at a path it may become another file.
            _check_owner(path, os.fstat(file.fileno()).st_uid)
            content = file.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise KafkaToolError(f"{path} is too large to be a file of contexts")
        return tomllib.loads(decoded(content))
    except FileNotFoundError:
        return {}
    except tomllib.TOMLDecodeError as error:
        # tomllib quotes what it could not read, which may be a password: only the place is kept.
        where = str(error).rpartition(" (")[2].rstrip(")")
        raise KafkaToolError(f"{path} is no TOML ({where if where.startswith('at ') else 'malformed'})") from None
    except RecursionError:
        raise KafkaToolError(f"{path} is no TOML (nested too deeply)") from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8"
        raise KafkaToolError(f"cannot read {path}: {reason}") from None


def _check_owner(path: str, owner: int) -> None:
    if owner not in (os.getuid(), ROOT):
        raise KafkaToolError(f"{path} belongs to another user, who could send you anywhere: it is not used")


def tables(content: Mapping[str, Any], path: str) -> dict[str, dict[str, Any]]:
    """Return the tables below `contexts` by their names. Raises KafkaToolError where that is something else."""
    found = content.get("contexts", {})
    if not isinstance(found, dict) or not all(isinstance(table, dict) for table in found.values()):
        raise KafkaToolError(f"{path}: [contexts.NAME] tables are needed")
    return found


def context(name: str, table: Mapping[str, Any], path: str, project: bool = False) -> Context:
    """Return one context from its table. Raises KafkaToolError for a key or a value that it cannot have."""
    for key in table:
        if key not in KEYS:
            near = nearest(key, KEYS)
            raise KafkaToolError(
                f"{path}: {key} of context {name} is not known", f"Did you mean {near[0]}?" if near else ""
            )
    texts = {key: _text(table.get(key, ""), f"{path}: {key} of context {name}") for key in KEYS[:4]}
    flags = [_flag(table.get(key, False), f"{path}: {key} of context {name}") for key in ("read-only", "protected")]
    return Context(
        name,
        path,
        texts["bootstrap-servers"],
        texts["zookeeper"],
        _beside(texts["command-config"], path),
        _anchored(flattened(table.get("settings", {}), f"{path}: settings of context {name}"), path),
        texts["output"] or None,
        flags[0],
        flags[1],
        project,
    )


def _anchored(settings: Mapping[str, str], path: str) -> dict[str, str]:
    """Return the settings with the files that they name meant from the folder of the file they stand in."""
    # `ssl.ca.location=probe` names no file: it is librdkafka's word for the system's authorities.
    return {
        name: _beside(value, path) if name.endswith(NAMING_FILES) and value != "probe" else value
        for name, value in settings.items()
    }


def flattened(table: object, where: str) -> dict[str, str]:
    """Return `{"ssl.key.password": …}`, also where TOML made nested tables of names without quotes."""
    if not isinstance(table, dict):
        raise KafkaToolError(f"{where}: a table is needed")
    found: dict[str, str] = {}
    for name, value in table.items():
        if isinstance(value, dict):
            found |= {f"{name}.{rest}": text for rest, text in flattened(value, where).items()}
        # Before int: bool is a kind of int in Python, and True is "true" in Java.
        elif isinstance(value, bool):
            found[name] = "true" if value else "false"
        elif isinstance(value, str | int | float):
            found[name] = str(value)
        else:
            raise KafkaToolError(f"{where}: {name} is neither a text nor a number")
    return found


def _text(value: object, where: str) -> str:
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return ",".join(value)
    if isinstance(value, str):
        return value
    raise KafkaToolError(f"{where} is no text")


def _flag(value: object, where: str) -> bool:
    if isinstance(value, bool):
        return value
    raise KafkaToolError(f"{where} is neither true nor false")


def _beside(path: str, origin: str) -> str:
    """Return a path that is meant from the folder of the file it stands in."""
    # os.path.join drops the folder where the path is absolute.
    return os.path.join(os.path.dirname(origin), os.path.expanduser(path)) if path else ""
