"""Where a user's own files live, and how a file is written: the folders are those that platformdirs names, without its
import, which took longest."""

import os
import sys

MACOS = sys.platform == "darwin"
APPLICATION_SUPPORT = "~/Library/Application Support"
MOST_BYTES = 16 << 20
"""Of a file that is read whole: no store of certificates comes near that, and /dev/zero has no end."""


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


def read_file(path: str) -> bytes:
    """Read a file of settings or certificates. Raises OSError, and ValueError where it has no end or is too large."""
    with open(path, "rb") as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise ValueError(f"it has more than {MOST_BYTES >> 20} MiB")
    return content


def replace_file(path: str, content: bytes, mode: int = 0o600) -> None:
    """Write a file in one step: a reader or a crash sees the old one or the new one.

    A link at `path` is replaced, never followed, and nobody can foretell the name of the draft beside it, which is
    made new (O_EXCL): in a folder that others can write to, no link of theirs leads elsewhere. Raises OSError.
    """
    import tempfile

    descriptor, draft = tempfile.mkstemp(prefix=".ktools-", dir=os.path.dirname(path) or ".")
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            os.fchmod(file.fileno(), mode)
        os.replace(draft, path)
    except BaseException:
        os.unlink(draft)
        raise
