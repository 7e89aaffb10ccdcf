"""java.util.Properties files, read as Java reads them.

Source: java.util.Properties.load(InputStream), which takes bytes for ISO 8859-1; Kafka's tools load their files by it
(org.apache.kafka.common.utils.Utils.loadProps 3.9.1).
"""

import os
from collections.abc import Iterator

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.folders import MOST_BYTES_OF_TEXT, decoded, read_file, why_unread

BLANK = " \t\f"
ESCAPES = {"t": "\t", "r": "\r", "n": "\n", "f": "\f"}

NAMING_FILES = (".location", ".file", ".login.config")
"""How the names of client settings end that name a file."""


def read(path: str) -> dict[str, str]:
    """Read a properties file. Raises KafkaToolError; its words have nothing of the text."""
    try:
        return parse(content(os.path.expanduser(path)))
    except ValueError as error:
        raise KafkaToolError(f"cannot read {path}: {error}") from None


def content(path: str, most: int = MOST_BYTES_OF_TEXT) -> bytes:
    """Return what is in a file of at most so many bytes. Raises KafkaToolError that names it."""
    try:
        return read_file(path, most)
    except (OSError, ValueError) as error:
        raise KafkaToolError(f"cannot read {path}: {why_unread(error)}") from None


def parse(content: bytes) -> dict[str, str]:
    """Return the pairs of a file; the last of a name wins. Raises ValueError for a malformed \\uXXXX, as Java does.

    What has no name (`=x`, or a lone backslash at the end, which Java calls "") is left out. A byte order mark, which
    Java takes for a part of the first name, says how the file is meant.
    """
    pairs = (_split(line) for line in _logical_lines(decoded(content, "latin-1")))
    found = {_unescaped(key): _unescaped(value) for key, value in pairs}
    found.pop("", None)
    return found


def _logical_lines(text: str) -> Iterator[str]:
    """Yield the lines without comments and blank ones, joined where an odd number of backslashes ends them."""
    parts: list[str] = []  # joined once: a text that grows line by line is copied each time, 11 s for a file of 2 MiB
    # Not str.splitlines: it would also cut at U+0085, which is a letter in ISO 8859-1 and in a password.
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        part = line.lstrip(BLANK)
        if not parts and part[:1] in ("", "#", "!"):
            continue
        if (len(part) - len(part.rstrip("\\"))) % 2:
            parts += filter(None, (part[:-1],))
            continue
        yield "".join((*parts, part))
        parts = []
    if parts:
        yield "".join(parts)


def _split(line: str) -> tuple[str, str]:
    """Split at the first unescaped `=`, `:` or blank; blanks around one `=` or `:` go with it."""
    at = 0
    while at < len(line) and line[at] not in f"=:{BLANK}":
        at += 2 if line[at] == "\\" else 1
    value = line[at:].lstrip(BLANK)
    if value[:1] in ("=", ":"):
        value = value[1:].lstrip(BLANK)
    return line[:at], value


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text
    parts = []
    at = 0
    while (backslash := text.find("\\", at)) >= 0:
        parts.append(text[at:backslash])
        letter = text[backslash + 1 : backslash + 2]
        at = backslash + 2
        if letter == "u":
            parts.append(chr(_code_unit(text[at : at + 4])))
            at += 4
        else:
            parts.append(ESCAPES.get(letter, letter))
    parts.append(text[at:])
    # \uXXXX are UTF-16's units: two of them may be one letter.
    return "".join(parts).encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


def _code_unit(digits: str) -> int:
    if len(digits) != 4 or any(digit not in "0123456789abcdefABCDEF" for digit in digits):
        raise ValueError("malformed \\uXXXX")
    return int(digits, 16)
