"""Points in time as a person types them."""

import re
from datetime import datetime, timedelta

from kafka_tools.errors import UsageError

UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
PART = re.compile(r"(\d{1,12})(ms|s|m|h|d|w)")
# `-1h`, `+1h30m`, `now-2d`.
RELATIVE = re.compile(rf"(?:now)?\s*([+-])((?:{PART.pattern})+)")
SECONDS_BELOW = 100_000_000_000
"""A whole number below is seconds since 1970, from here on ms: the year 5138 and March 1973."""


def milliseconds(option: str, text: str, now: datetime | None = None) -> int:
    """Return a time in ms since 1970: `now`, `-1h`, `-1h30m`, `1700000000`, `1700000000123`, ISO 8601.

    Without a zone a time is local. Raises UsageError for anything else.
    """
    now = now or datetime.now().astimezone()
    word = text.strip()
    relative = RELATIVE.fullmatch(word)
    if word == "now":
        return since_1970(now)
    if relative:
        span = sum(int(number) * UNITS[unit] for number, unit in PART.findall(relative[2]))
        return since_1970(now) + (span if relative[1] == "+" else -span)
    if re.fullmatch(r"[0-9]{1,18}", word):
        return int(word) * (1000 if int(word) < SECONDS_BELOW else 1)
    try:
        return since_1970(datetime.fromisoformat(word).astimezone(None))
    except (ValueError, OverflowError, OSError):
        raise UsageError(
            f"--{option}: '{text}' is no time", "Such are: 2026-11-23T08:00:00Z, 2026-11-23, 1700000000, -1h, now"
        ) from None


def since_1970(time: datetime) -> int:
    """Return a time with a zone in ms since 1970."""
    return (time - datetime.fromtimestamp(0, tz=time.tzinfo)) // timedelta(milliseconds=1)
