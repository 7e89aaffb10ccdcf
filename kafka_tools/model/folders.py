"""Where a user's own files live: the folders that platformdirs names, without its import, which took longest."""

import os
import sys

MACOS = sys.platform == "darwin"
APPLICATION_SUPPORT = "~/Library/Application Support"


def config_folder() -> str:
    """Return the folder of what a user configures; it may not exist."""
    return _folder("XDG_CONFIG_HOME", APPLICATION_SUPPORT if MACOS else "~/.config")


def state_folder() -> str:
    """Return the folder of what is remembered from run to run; it may not exist."""
    return _folder("XDG_STATE_HOME", APPLICATION_SUPPORT if MACOS else "~/.local/state")


def cache_folder() -> str:
    """Return the folder of what can be had again; it may not exist."""
    return _folder("XDG_CACHE_HOME", "~/Library/Caches" if MACOS else "~/.cache")


def _folder(variable: str, default: str) -> str:
    """Return the tool's folder in the one that the variable names; XDG lets only an absolute path count."""
    chosen = os.environ.get(variable, "")
    return os.path.join(chosen if os.path.isabs(chosen) else os.path.expanduser(default), "ktools")
