"""Passwords: asked for where none is given, and files in which others could read one."""

import os
import stat
import sys
from collections.abc import Iterable

from kafka_tools.settings.layers import Setting
from kafka_tools.settings.references import holds_secret


def asked_password(user: str) -> str:
    """Ask for the user's password where a person sits at a terminal; else return ""."""
    if not (sys.stdin and sys.stdin.isatty() and sys.stderr and sys.stderr.isatty()):
        return ""
    from getpass import getpass

    return getpass(f"Password of {user}: ")


def readable_by_others(settings: Iterable[Setting]) -> list[str]:
    """Return a sentence for each file that holds a secret and that every user of this machine can read."""
    files = dict.fromkeys(
        setting.file for setting in settings if setting.file and holds_secret(setting.name, setting.value)
    )
    return [f"{path} holds a secret and everybody here can read it: chmod 600 {path}" for path in files if _open(path)]


def _open(path: str) -> bool:
    try:
        return bool(os.stat(path).st_mode & stat.S_IROTH)
    except OSError:
        return False
