"""Names that were learned a short time ago: a file for each cluster and kind, in the user's cache folder.

The first line of a file is its key, each other one a name and, after a tab, what it means.
"""

import os
import time
from binascii import crc32
from collections.abc import Iterable
from contextlib import suppress
from typing import NamedTuple

from kafka_tools.model.folders import cache_folder

FRESH_SECONDS = 60
"""How long names are remembered."""

CLAIM_SECONDS = 5
"""How long nobody else tries while names are learned, or when there were none to learn."""

FORGOTTEN_SECONDS = 86400
"""When a file is deleted."""


class Candidate(NamedTuple):
    """A word that may stand at the cursor, and what it means ("": it says so itself)."""

    value: str
    meaning: str = ""


def recall(key: str) -> tuple[Candidate, ...] | None:
    """Return what is remembered for `key`: nothing while it is being learned, None where it has to be."""
    path = _path(key)
    if path is None:
        return None
    try:
        with open(path, "rb") as file:
            age = time.time() - os.fstat(file.fileno()).st_mtime
            own, _, text = file.read().partition(b"\n")
    except OSError:
        return None
    is_fresh = -1 < age < (FRESH_SECONDS if text else CLAIM_SECONDS)  # after now: the clock was set back
    return parse(text) if is_fresh and own == _encoded(key) else None


def claim(key: str) -> None:
    """Tell others that `key` is being learned."""
    remember(key, b"")


def remember(key: str, text: bytes) -> None:
    """Remember these names; where nothing can be written, nothing is remembered."""
    path = _path(key)
    if path is None:
        return
    new = f"{path}.{os.getpid()}"
    with suppress(OSError):
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(_encoded(key) + b"\n" + text)
        os.replace(new, path)
        _forget(os.path.dirname(path))


def text(candidates: Iterable[Candidate]) -> bytes:
    """Return the names as they are remembered, without those that no shell can show in a line."""
    lines = (f"{each.value}\t{each.meaning}\n" for each in candidates if "".join(each).isprintable())
    return _encoded("".join(lines))


def parse(text: bytes) -> tuple[Candidate, ...]:
    """Return the names in a text; a line that is cut off is none."""
    lines = text.decode(errors="surrogateescape").split("\n")[:-1]
    return tuple(Candidate(name, meaning) for name, _, meaning in (line.partition("\t") for line in lines))


def _encoded(text: str) -> bytes:
    return text.encode(errors="surrogateescape")


def _path(key: str) -> str | None:
    """Return the file of `key`; None where there is no folder that is the user's alone."""
    folder = os.path.join(cache_folder(), "completion")
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        status = os.stat(folder)
    except OSError:
        return None
    is_private = status.st_uid == os.getuid() and not status.st_mode & 0o077
    return os.path.join(folder, f"{crc32(_encoded(key)):08x}") if is_private else None


def _forget(folder: str) -> None:
    """Delete what is old, and what a killed process left."""
    for entry in os.scandir(folder):
        if time.time() - entry.stat().st_mtime > FORGOTTEN_SECONDS:
            os.unlink(entry.path)
