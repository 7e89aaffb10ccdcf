"""Points in time and durations as Java reads them, in the words of Apache's tools where they refuse one."""

import re
from datetime import UTC, datetime

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.times import since_1970

DURATION = re.compile(
    r"([-+]?)P(?:([-+]?\d+)D)?(?:T(?=.)(?:([-+]?\d+)H)?(?:([-+]?\d+)M)?(?:([-+]?\d+)(?:[.,](\d{0,9}))?S)?)?",
    re.ASCII | re.IGNORECASE,
)
"""What java.time.Duration.parse takes."""


def datetime_of_java(text: str) -> int:
    """Return a time in ms since 1970: in UTC unless it names another zone. Raises KafkaToolError.

    Source: org.apache.kafka.common.utils.Utils.getDateTime, Kafka 3.9.
    """
    if "T" not in text:
        raise KafkaToolError(
            "java.text.ParseException: Error parsing timestamp. It does not contain a 'T' according to ISO8601 format"
        )
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise KafkaToolError(f'java.text.ParseException: Unparseable date: "{text}"') from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return since_1970(moment)


def duration_of_java(text: str) -> int:
    """Return the ms of a duration. Raises KafkaToolError in the words of java.time.Duration.parse."""
    found = DURATION.fullmatch(text)
    if found is None or not any(found.groups()[1:5]):
        raise KafkaToolError("Text cannot be parsed to a Duration")
    sign, days, hours, minutes, seconds, fraction = found.groups()
    whole = int(days or 0) * 86_400 + int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds or 0)
    # Whole ms: further digits are cut off, not rounded (Duration.toMillis).
    parts = int((fraction or "").ljust(3, "0")[:3])
    # The fraction has the sign of the seconds: -1.5 s is one and a half before.
    length = whole * 1000 + (-parts if (seconds or "").startswith("-") else parts)
    return -length if sign == "-" else length
