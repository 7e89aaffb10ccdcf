"""Passwords that must show nowhere: not in what a program printed, nor in a file that is not meant to hold them."""

import os
import re
import subprocess
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import wraps
from pathlib import Path
from typing import Any

import pytest

from kafka_tools.sandbox import credentials
from tests.support import forked

MEANT = re.compile(rf"\.(properties|jaas)$|/{credentials.FOLDER}/passwords\.json$")
"""The files that hold passwords because somebody reads them there."""

KEPT_BYTES = 1_000_000
passwords = {b"hunter2", b"a secret+word", b"wr0ng"}
_printed: list[tuple[str, bytes]] = []


def expect_none_of(words: Iterable[str]) -> None:
    """Let these be passwords from now on, and see whether what was printed until now has one."""
    passwords.update(word.encode() for word in words)
    for program, output in _printed:
        _check(program, output)


def secrets(home: Path) -> list[str]:
    """Return all passwords of a sandbox, none of one that is not secured."""
    secured = (home / credentials.FOLDER).is_dir()
    return [credentials.password(home, name) for name in credentials.SECRETS] if secured else []


def in_files(folder: Path) -> list[str]:
    """Return the files below `folder` that hold a password without being meant to; some may come and go meanwhile."""
    found = []
    for path in (Path(place, name) for place, _, names in os.walk(folder) for name in names):
        with suppress(FileNotFoundError):
            if not MEANT.search(str(path)) and path.is_file() and _leaked(_written(path)):
                found.append(str(path))
    return found


def _written(path: Path) -> bytes:
    """Return what somebody wrote to a file. A broker reserves 20 MB for the two indexes of each partition: its holes,
    which hold nothing, took minutes to read."""
    parts = []
    with path.open("rb") as file:
        end = 0
        with suppress(OSError):  # ENXIO: there is no more
            while True:
                begin = os.lseek(file.fileno(), end, os.SEEK_DATA)
                end = os.lseek(file.fileno(), begin, os.SEEK_HOLE)
                parts.append(os.pread(file.fileno(), end - begin, begin))
    return b"".join(parts)


def watch(patch: pytest.MonkeyPatch) -> None:
    """Look at whatever a program prints that is run to its end from now on."""
    for module in (subprocess, forked):
        patch.setattr(module, "run", _watching(module.run))


def _watching(run: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(run)
    def watching(*args: Any, **kwargs: Any) -> "subprocess.CompletedProcess[Any]":
        done: subprocess.CompletedProcess[Any] = run(*args, **kwargs)
        for output in (done.stdout, done.stderr):
            if output:
                raw = output if isinstance(output, bytes) else output.encode(errors="surrogateescape")
                _check(str(done.args), raw)
                if len(raw) < KEPT_BYTES:
                    _printed.append((str(done.args), raw))
        return done

    return watching


def _check(program: str, output: bytes) -> None:
    leaked = _leaked(output)
    assert not leaked, f"{program} printed a password"


def _leaked(content: bytes) -> bool:
    return any(password in content for password in passwords)
