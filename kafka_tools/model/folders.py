"""Where a user's own files live, and how a file is written: the folders are those that platformdirs names, without its
import, which took longest."""

import os
import sys
from contextlib import suppress

from kafka_tools.errors import KafkaToolError

MACOS = sys.platform == "darwin"
APPLICATION_SUPPORT = "~/Library/Application Support"
MOST_BYTES = 16 << 20
"""Of a store of certificates, which is read whole: none comes near that, and /dev/zero has no end."""

MOST_BYTES_OF_TEXT = 1 << 20
"""Of a file of settings, which takes some microseconds a letter to read: a file of 16 MiB took half a minute."""

MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
"""The byte order marks that Windows' editors and PowerShell write -> the encoding of the text behind."""


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


def read_file(path: str, most: int = MOST_BYTES) -> bytes:
    """Read a file of settings or certificates. Raises OSError, and ValueError where it has more than `most` bytes."""
    with open(path, "rb") as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise ValueError(f"it has more than {most >> 20} MiB")
    return content


def read_text(path: str, encoding: str = "utf-8", errors: str = "strict") -> str:
    """Read a file of settings as text. Raises OSError, and ValueError where it is too large or of another encoding."""
    return decoded(read_file(path, MOST_BYTES_OF_TEXT), encoding, errors)


def decoded(content: bytes, encoding: str = "utf-8", errors: str = "strict") -> str:
    """Return the text of a file: by its byte order mark, where it has one, else by `encoding`. Raises ValueError."""
    marked = (each for mark, each in MARKS if content.startswith(mark))
    return content.decode(next(marked, encoding), errors)


def why_unread(error: OSError | ValueError) -> str:
    """Return, for people, why a file was not read: what the system says, that it is too large, that it is no text."""
    if isinstance(error, OSError):
        return error.strerror or str(error)
    # Python's own words show a byte of the text, which may be secret.
    if isinstance(error, UnicodeDecodeError):
        return f"it is not {error.encoding.upper()} text (byte {error.start + 1})"
    return str(error)


def unread(path: str | None, error: Exception, kind: str = "") -> KafkaToolError:
    """Return the failure to read a file in the words of Apache's tools, which leave out the reason: it is the hint.

    `kind` is the class of Java's that some of them print before it (`java.io.IOException: `).
    """
    why = why_unread(error) if isinstance(error, OSError | ValueError) else f"it cannot be read as such: {error}"
    return KafkaToolError(f"{kind}Unable to read file {path}", f"{why[:1].upper()}{why[1:]}.")


def write_file(path: str, text: str, mode: int = 0o600) -> None:
    """Write a file that a user named: in one step, or into what is no file, such as a pipe or /dev/stdout.

    Raises KafkaToolError.
    """
    try:
        if os.path.exists(path) and not os.path.isfile(path):
            with open(path, "w", encoding="utf-8") as other:
                other.write(text)
        else:
            replace_file(path, text.encode(), mode)
    except OSError as error:
        raise KafkaToolError(f"cannot write {path}: {error.strerror}") from error


def replace_file(path: str, content: bytes, mode: int = 0o600) -> None:
    """Write a file in one step: a reader or a crash sees the old one or the new one.

    A link at `path` is replaced, never followed, and nobody can foretell the name of the draft beside it, which is
    made new (O_EXCL): in a folder that others can write to, no link of theirs leads elsewhere. Raises OSError that
    names `path`, also where the disk is full.
    """
    import tempfile

    try:
        descriptor, draft = tempfile.mkstemp(prefix=".ktools-", dir=os.path.dirname(path) or ".")
        try:
            with open(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
                os.fchmod(file.fileno(), mode)
            os.replace(draft, path)
        except BaseException:
            # Ctrl-C may come when the draft has taken its name already.
            with suppress(FileNotFoundError):
                os.unlink(draft)
            raise
    except OSError as error:  # what write(2) raises names no file, and what mkstemp raises names the draft
        raise OSError(error.errno, error.strerror, path) from error
