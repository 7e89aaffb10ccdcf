"""Which context is current, and where contexts stand; nothing is read that is not there."""

import os
from typing import NamedTuple

from kafka_tools.folders import config_folder, state_folder

PROJECT_FILE = ".ktools.toml"


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
        from kafka_tools.settings import contexts

        chosen = contexts.read(project).get("context")
        if isinstance(chosen, str) and chosen:
            return Current(chosen, project)
    try:
        with open(current_path(), encoding="utf-8") as file:
            name = file.read().strip()
    except OSError:
        return None
    return Current(name, current_path()) if name else None
