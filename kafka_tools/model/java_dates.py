"""Writes times as java.text.SimpleDateFormat does, by its patterns, in the local time zone."""

import re
import time
from collections.abc import Callable

# A piece of a pattern: text in quotes, where '' is a quote; one letter, once or more often; anything else as it is.
TOKEN = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']+")
Format = Callable[[int], str]


def compile_format(pattern: str) -> Format:
    """Return what writes a time (ms since 1970) by a pattern such as `yyyy-MM-dd HH:mm:ss:SSS`.

    Raises ValueError for a letter that means nothing, or that nobody needs to measure (eras, weeks of a month).
    """
    found = list(TOKEN.finditer(pattern))
    if "".join(each[0] for each in found) != pattern:
        raise ValueError("Unterminated quote")
    for each in found:
        if each[2] and each[2] not in FIELDS:
            raise ValueError(f"Illegal pattern character '{each[2]}'")

    def written(milliseconds: int) -> str:
        seconds, rest = divmod(milliseconds, 1000)
        # The zone of this machine (TZ), as Java takes its default.
        moment = time.localtime(seconds)
        return "".join(_token(each, moment, rest) for each in found)

    return written


def _token(found: re.Match[str], moment: time.struct_time, milliseconds: int) -> str:
    if found[2]:
        return FIELDS[found[2]](moment, milliseconds, len(found[0]))
    # Two quotes with nothing between are one quote, inside of a text and alone.
    return found[0] if found[1] is None else (found[1].replace("''", "'") or "'")


def _number(value: Callable[[time.struct_time, int], int]) -> Callable[[time.struct_time, int, int], str]:
    return lambda moment, milliseconds, width: f"{value(moment, milliseconds):0{width}}"


def _name(short: str, long: str) -> Callable[[time.struct_time, int, int], str]:
    return lambda moment, _, width: time.strftime(long if width > 3 else short, moment)


def _year(moment: time.struct_time, _: int, width: int) -> str:
    return f"{moment.tm_year % 100:02}" if width == 2 else f"{moment.tm_year:0{width}}"


def _month(moment: time.struct_time, milliseconds: int, width: int) -> str:
    return _name("%b", "%B")(moment, milliseconds, width) if width > 2 else f"{moment.tm_mon:0{width}}"


def _iso_zone(moment: time.struct_time, _: int, width: int) -> str:
    offset = time.strftime("%z", moment)
    if offset == "+0000":
        return "Z"
    return (offset[:3], offset, f"{offset[:3]}:{offset[3:]}")[min(width, 3) - 1]


FIELDS: dict[str, Callable[[time.struct_time, int, int], str]] = {
    "y": _year,
    "M": _month,
    "d": _number(lambda moment, _: moment.tm_mday),
    "D": _number(lambda moment, _: moment.tm_yday),
    "H": _number(lambda moment, _: moment.tm_hour),
    "k": _number(lambda moment, _: moment.tm_hour or 24),
    "h": _number(lambda moment, _: moment.tm_hour % 12 or 12),
    "K": _number(lambda moment, _: moment.tm_hour % 12),
    "m": _number(lambda moment, _: moment.tm_min),
    "s": _number(lambda moment, _: moment.tm_sec),
    "S": _number(lambda _, milliseconds: milliseconds),
    "u": _number(lambda moment, _: moment.tm_wday + 1),
    "E": _name("%a", "%A"),
    "a": lambda moment, *_: "PM" if moment.tm_hour > 11 else "AM",
    "z": _name("%Z", "%Z"),
    "Z": _name("%z", "%z"),
    "X": _iso_zone,
}
"""What the letters of a pattern write, from the time, its milliseconds, and how often the letter stands."""
