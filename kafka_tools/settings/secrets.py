"""Passwords: asked for where none is given, and files in which others could read one."""

import os
import re
import stat
import sys
from collections.abc import Iterable

from kafka_tools.settings import jaas
from kafka_tools.settings.precedence import Setting
from kafka_tools.settings.values import COMMAND_SUFFIX, REFERENCE

MASK = "********"
USER_IN_URL = re.compile(r"//[^/@]*@")
SECRET = re.compile(r"pass|pwd|secret|credential|jaas|user\.info|token$|\.key(\.pem)?$|_command$", re.IGNORECASE)


def is_secret(name: str) -> bool:
    """Say whether the value of the setting `name` must never be shown; so is a program that prints one."""
    return SECRET.search(name) is not None


def holds_secret(name: str, value: str) -> bool:
    """Say whether a secret itself stands in the value, not a reference to one nor a program that prints it."""
    if not is_secret(name) or name.endswith(COMMAND_SUFFIX):
        return False
    if not name.endswith("jaas.config"):
        return REFERENCE.sub("", value).strip() != ""
    try:
        options = jaas.parse(value).options
    except ValueError:
        return True
    return any(holds_secret(option, text) for option, text in options.items())


def shown(name: str, value: str) -> str:
    """Return the value as it may be shown: of a secret only a reference to it, of an address no user and password."""
    if is_secret(name) and (name.endswith(COMMAND_SUFFIX) or not REFERENCE.fullmatch(value)):
        return MASK
    return USER_IN_URL.sub(f"//{MASK}@", value)


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
