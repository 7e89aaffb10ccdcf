"""Changes of the user's own file of contexts: its comments and order stay, and it is never half written.

A change is made in the text and read back: what does not mean exactly what was wanted is not written.
"""

import io
import json
import os
import tomllib
from collections.abc import Mapping
from typing import Any

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.folders import decoded, replace_file, state_folder
from kafka_tools.settings import contexts
from kafka_tools.settings.contexts import NAME_LETTERS, Context, config_path, current_path


def add(context: Context) -> None:
    """Add a context to the user's own file. Raises KafkaToolError: the name is taken, or cannot be one."""
    if not context.name or not set(context.name) <= NAME_LETTERS or context.name.startswith("-"):
        raise KafkaToolError(f"'{context.name}' cannot be a context's name: letters, digits, '.', '_' and '-' can")
    path = config_path()
    before = contexts.read(path)
    if context.name in contexts.tables(before, path):
        raise KafkaToolError(
            f"context {context.name} is there already", f"`ktools context remove {context.name}` removes it."
        )
    text = _text(path)
    # At the end, one empty line before it: everything that a person wrote stays where it was.
    separator = "" if not text or text.endswith("\n\n") else "\n" if text.endswith("\n") else "\n\n"
    wanted = {**before, "contexts": {**contexts.tables(before, path), context.name: _table(context)}}
    _write_checked(path, text + separator + "\n".join(_lines(context)) + "\n", wanted)


def remove(name: str) -> None:
    """Remove a context from the user's own file. Raises KafkaToolError: it is not there, or cannot be cut out."""
    path = config_path()
    before = contexts.read(path)
    there = contexts.tables(before, path)
    if name not in there:
        other = contexts.all_contexts().get(name)
        where = f"it stands in {other.origin}, which ktools does not change" if other else "there is none of that name"
        raise KafkaToolError(f"context {name} cannot be removed: {where}")
    left = {other: table for other, table in there.items() if other != name}
    wanted = {**before, "contexts": left} if left else {key: before[key] for key in before if key != "contexts"}
    _write_checked(path, _without(_text(path), name), wanted)


def use(name: str) -> None:
    """Make a context the current one. Raises KafkaToolError where there is none of that name."""
    contexts.find(name)
    write(current_path(), f"{name}\n")


def forget_current() -> None:
    """Let no context be the current one."""
    try:
        os.unlink(current_path())
    except FileNotFoundError:
        return


def write(path: str, text: str) -> None:
    """Write a file that only its owner can read, in one step; a link to it, as in a folder of dotfiles, stays."""
    # A link in a folder of dotfiles is followed, as it is the user's own; the file behind it is replaced in one step.
    path = os.path.realpath(path)
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    replace_file(path, text.encode())


def remember(name: str, found: Mapping[str, str]) -> None:
    """Write the file `name` of the state folder, which `contexts.remembered` reads. Raises OSError."""
    write(os.path.join(state_folder(), name), json.dumps(found, indent=1, sort_keys=True) + "\n")


def _text(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return decoded(file.read())
    except FileNotFoundError:
        return ""


def _write_checked(path: str, text: str, wanted: Mapping[str, Any]) -> None:
    try:
        meant = tomllib.loads(text.encode().decode())
    except UnicodeEncodeError:
        raise KafkaToolError(f"{path} can hold UTF-8 text only, and not all of this is") from None
    except tomllib.TOMLDecodeError:
        meant = {}
    # TOML has many spellings of a table (inline, dotted, quoted). Those that `_without` does not know are found here.
    if meant != wanted:
        raise KafkaToolError(f"{path} is written in a way that ktools cannot change safely", "Change it by hand.")
    write(path, text)


def _without(text: str, name: str) -> str:
    """Leave out the lines from each header of the context's tables to the next header."""
    kept, skipping = [], False
    for line in io.StringIO(text):  # str.splitlines would cut values, at U+0085 for one
        if line.lstrip().startswith("["):
            # [contexts.NAME.settings] and what else stands below the context goes with it.
            skipping = _header(line)[:2] == ["contexts", name]
        if not skipping:
            kept.append(line)
    return "".join(kept)


def _header(line: str) -> list[str]:
    """Return the parts of a table's header, nothing for what is none: its keys nest in one another."""
    try:
        table = tomllib.loads(line)
    except tomllib.TOMLDecodeError:
        return []
    parts = []
    while isinstance(table, dict) and len(table) == 1:
        part, table = next(iter(table.items()))
        parts.append(part)
    return parts


def _table(context: Context) -> dict[str, Any]:
    found = {
        "bootstrap-servers": context.bootstrap_servers,
        "zookeeper": context.zookeeper,
        "command-config": context.command_config,
        "output": context.output,
        "read-only": context.read_only,
        "protected": context.protected,
        "settings": dict(context.settings),
    }
    return {name: value for name, value in found.items() if value}


def _lines(context: Context) -> list[str]:
    header = f"contexts.{json.dumps(context.name)}" if "." in context.name else f"contexts.{context.name}"
    table = _table(context)
    settings = table.pop("settings", {})
    lines = [f"[{header}]", *(f"{name} = {_value(value)}" for name, value in table.items())]
    if settings:
        lines += [f"[{header}.settings]", *(f"{_value(name)} = {_value(value)}" for name, value in settings.items())]
    return lines


def _value(value: str | bool) -> str:
    """Return a TOML value: its basic strings are JSON's, but for DEL."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
