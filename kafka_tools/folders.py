"""Where a user's own files live, as platformdirs says; on Linux without it, because importing it takes longest."""

import os
import sys


def config_folder() -> str:
    """Return the folder of what a user configures; it may not exist."""
    if sys.platform == "linux":
        return _xdg("XDG_CONFIG_HOME", "~/.config")
    from platformdirs import user_config_dir

    return user_config_dir("ktools")


def state_folder() -> str:
    """Return the folder of what is remembered from run to run; it may not exist."""
    if sys.platform == "linux":
        return _xdg("XDG_STATE_HOME", "~/.local/state")
    from platformdirs import user_state_dir

    return user_state_dir("ktools")


def cache_folder() -> str:
    """Return the folder of what can be had again; it may not exist."""
    if sys.platform == "linux":
        return _xdg("XDG_CACHE_HOME", "~/.cache")
    from platformdirs import user_cache_dir

    return user_cache_dir("ktools")


def _xdg(variable: str, default: str) -> str:
    chosen = os.environ.get(variable, "")
    return os.path.join(chosen if os.path.isabs(chosen) else os.path.expanduser(default), "ktools")
