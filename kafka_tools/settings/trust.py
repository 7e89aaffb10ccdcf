"""Which repositories' files of contexts the user trusts: remembered by what is in them, as direnv does.

`.ktools.toml` comes with somebody's repository. The clusters that it names count only after `ktools context trust`
showed them and the user agreed, and only until the file, or a file that it names, changes.
"""

import os
from collections.abc import Iterator, Mapping

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.folders import MOST_BYTES, decoded
from kafka_tools.settings import contexts, edit_contexts, properties
from kafka_tools.settings.contexts import Context
from kafka_tools.settings.properties import NAMING_FILES
from kafka_tools.settings.values import REFERENCE

FILE = "trusted.json"
"""In the state folder: each trusted file's path and fingerprint."""


def check(path: str) -> None:
    """Return where the user trusts the file `path` as it is. Raises KafkaToolError where that is not so."""
    if is_trusted(path):
        return
    known = contexts.remembered(FILE).get(os.path.realpath(path))
    why = "names clusters of its own" if known is None else "has changed since you trusted it, or a file that it names"
    raise KafkaToolError(
        f"{path} {why}; it came with this folder and is not trusted",
        "`ktools context trust` shows what it says and asks. --bootstrap-server goes without it.",
    )


def is_trusted(path: str) -> bool:
    """Say whether the user trusts the file as it is now. Raises KafkaToolError for a file that cannot be read."""
    # The file is read again each time, not its date compared: a date can be set back.
    known = contexts.remembered(FILE).get(os.path.realpath(path))
    return known is not None and known == fingerprint(path)


def remember(path: str, print_of_it: str) -> None:
    """Trust the file `path` as long as its fingerprint is `print_of_it`."""
    edit_contexts.remember(FILE, contexts.remembered(FILE) | {os.path.realpath(path): print_of_it})


def forget(path: str) -> bool:
    """Trust the file no longer, and say whether it was."""
    there = contexts.remembered(FILE)
    was = there.pop(os.path.realpath(path), None) is not None
    if was:
        edit_contexts.remember(FILE, there)
    return was


def fingerprint(path: str) -> str:
    """Return a hash of where the file stands, what is in it, and what is in the files of its folder that it names.

    Raises KafkaToolError for a file that cannot be read.
    """
    import hashlib

    found = hashlib.sha256()
    for each in (path, *sorted(_named_files(path))):
        # Lengths go before the bytes: else what is moved from one file's end to the next one's beginning changes
        # nothing. The place counts, too: what was trusted in one clone is not in another.
        real = os.path.realpath(each)
        content = properties.content(real, MOST_BYTES)
        found.update(f"{len(os.fsencode(real))} {len(content)} ".encode() + os.fsencode(real) + content)
    return found.hexdigest()


def _named_files(path: str) -> set[str]:
    folder = os.path.realpath(os.path.dirname(path))
    named = {each for context in contexts.in_file(path).values() for each in _of_context(context, folder)}
    # Files outside of the folder are no part of it: `Access.path` refuses them when they are used.
    return {each for each in named if _is_in(folder, each)}


def _is_in(folder: str, path: str) -> bool:
    """Say whether a path is a file in the folder, its links followed."""
    try:
        return os.path.realpath(path).startswith(f"{folder}{os.sep}") and os.path.isfile(path)
    except ValueError:  # a NUL, or half of a pair of UTF-16: no file has such a name
        return False


def _of_context(context: Context, folder: str) -> Iterator[str]:
    """Yield the files that a context names, those that its command-config and its JAAS file name among them."""
    settings = dict(context.settings)
    if context.command_config and _is_in(folder, context.command_config):
        yield context.command_config
        settings |= properties.read(context.command_config)
    for path in _in_settings(settings):
        located = os.path.join(folder, path)
        yield located
        if _is_in(folder, located):
            text = decoded(properties.content(located, MOST_BYTES), "latin-1", "replace")
            yield from (os.path.join(folder, each) for each in _references(text))


def _in_settings(settings: Mapping[str, str]) -> Iterator[str]:
    for name, value in settings.items():
        if name.endswith(NAMING_FILES):
            yield value.strip()
        yield from _references(value)


def _references(text: str) -> Iterator[str]:
    for kind, where in REFERENCE.findall(text):
        if kind == "file":
            yield where
            # Both readings of FILE:KEY; the one that is no file is dropped above.
            yield where.rpartition(":")[0] or where
