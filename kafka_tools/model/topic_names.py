"""Decides which names of topics are legal, collide with others, or match a pattern."""

import re
from collections.abc import Iterable

from kafka_tools.errors import KafkaToolError, nearest
from kafka_tools.model.text import limited

INTERNAL_TOPICS = frozenset({"__consumer_offsets", "__transaction_state", "__share_group_state"})
"""org.apache.kafka.common.internals.Topic.INTERNAL_TOPICS, Kafka 4.1."""

MAX_NAME_LENGTH = 249
MAX_ID_LENGTH, ID_BYTES = 24, 16


def has_collision_chars(topic: str) -> bool:
    """Tell whether a name has characters that metric names replace: `.` becomes `_` there (Topic.hasCollisionChars)."""
    return "." in topic or "_" in topic


def collisions(topic: str, others: Iterable[str]) -> list[str]:
    """Return the names that differ from `topic` only by `.` for `_` (Topic.hasCollision)."""
    # Metrics of `a.b` and `a_b` would have the same name, and each would count the other's messages.
    unified = topic.replace(".", "_")
    return [other for other in others if other != topic and other.replace(".", "_") == unified]


def check_name(topic: str) -> None:
    """Check that a name is legal. Raises KafkaToolError in Kafka 2.8's words (common.internals.Topic.validate)."""
    if not topic:
        raise KafkaToolError("Topic name is illegal, it can't be empty")
    if topic in (".", ".."):
        raise KafkaToolError('Topic name cannot be "." or ".."')
    if len(topic) > MAX_NAME_LENGTH:
        raise KafkaToolError(
            f"Topic name is illegal, it can't be longer than {MAX_NAME_LENGTH} characters, topic name: {topic}"
        )
    if not re.fullmatch(r"[a-zA-Z0-9._-]+", topic):
        raise KafkaToolError(
            f'Topic name "{topic}" is illegal, '
            "it contains a character other than ASCII alphanumerics, '.', '_' and '-'"
        )


def matching(names: Iterable[str], pattern: str | None, exclude_internal: bool) -> tuple[str, ...]:
    """Return the names that match a pattern as a whole; None matches all.

    Apache's pattern is a regular expression in which `,` means `|` and blanks and quotes at the ends are dropped.
    Raises KafkaToolError for a pattern that is not valid. Source: kafka.utils.IncludeList.
    """
    kept = [name for name in names if not (exclude_internal and name in INTERNAL_TOPICS)]
    if pattern is None:
        return tuple(kept)
    # Quotes are dropped for scripts that quote twice: --topic "'a|b'". Kafka's own tool does so, too.
    regex = pattern.strip().replace(",", "|").replace(" ", "").strip("\"'")
    try:
        compiled = re.compile(regex)
    except re.error as error:
        raise KafkaToolError(f"{regex} is an invalid regex.") from error
    with limited(regex):
        return tuple(name for name in kept if compiled.fullmatch(name))


def named(
    names: Iterable[str], pattern: str | None, exclude_internal: bool = False, may_lack: bool = False
) -> tuple[str, ...]:
    """Return the names that match, as `matching` does.

    Raises KafkaToolError where a pattern matches nothing, unless it `may_lack` a topic.
    """
    known = matching(names, None, exclude_internal)
    found = matching(known, pattern, exclude_internal)
    if pattern is not None and not found and not may_lack:
        raise no_such_topic(pattern, known)
    return found


def spared(names: Iterable[str], pattern: str) -> tuple[str, ...]:
    """Return the internal topics among `names` that the pattern matches, but does not name letter by letter."""
    spelled = {word.strip(" \"'") for word in re.split("[,|]", pattern)}
    return tuple(name for name in names if name in INTERNAL_TOPICS and name not in spelled)


def is_literal(pattern: str) -> bool:
    """Tell whether a regular expression matches nothing but itself, so that it is simply the name of a topic."""
    # Without the dot, which is legal in names but matches any character.
    return re.fullmatch(r"[a-zA-Z0-9_-]+", pattern) is not None


def no_such_topic(topic: str, names: Iterable[str]) -> KafkaToolError:
    """Return the error for a topic that does not exist; its hint suggests similar names."""
    # A script compares the message with Apache's; the suggestion is a hint, which goes to stderr.
    near = nearest(topic, names, most=3)
    hint = f"Near names: {', '.join(near)}" if near else "`ktools topics --list` shows what is there."
    return KafkaToolError(f"Topic '{topic}' does not exist as expected", hint)


def checked_topic_id(text: str) -> str | None:
    """Normalise a topic id that a user gave to Kafka's base64 form; None for the id of only zeros (no topic).

    Raises KafkaToolError in Kafka's words for any other text. Source: common.Uuid.fromString, Kafka 3.9.
    """
    import base64
    import binascii

    if len(text) > MAX_ID_LENGTH:
        raise KafkaToolError(
            f"Input string with prefix `{text[:MAX_ID_LENGTH]}` is too long to be decoded as a base64 UUID"
        )
    # Kafka writes ids without the padding that base64 asks for, and reads them with or without it.
    padded = text + "=" * (-len(text) % 4)
    try:
        decoded = base64.b64decode(padded.encode(errors="surrogateescape"), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise KafkaToolError(f"Input string `{text}` is not a base64-encoded UUID") from error
    if len(decoded) != ID_BYTES:
        raise KafkaToolError(
            f"Input string `{text}` decoded as {len(decoded)} bytes, which is not equal to the expected {ID_BYTES} "
            "bytes of a base64-encoded UUID"
        )
    return base64.urlsafe_b64encode(decoded).decode().rstrip("=") if any(decoded) else None
