"""Writes and reads floating-point numbers as Java does."""

import re
import struct
from collections.abc import Callable, Iterator

NUMBER = re.compile(r"[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[dDfF]?|NaN|Infinity)", re.ASCII)
"""What java.lang.Double.parseDouble takes, apart from hexadecimal numbers; a letter may end it, as in Java's source."""


def parse_double(text: str) -> float | None:
    """Return the number that java.lang.Double.parseDouble reads, None for what is none."""
    number = text.strip()
    if not NUMBER.fullmatch(number):
        return None
    return float(number.rstrip("dDfF"))


def double(number: float) -> str:
    """Return a double of 64 bits as java.lang.Double writes it: `1.0E100`."""
    return _special(number) or _java(number, repr(abs(number)), abs(number).__eq__)


def single(number: float) -> str:
    """Return a float of 32 bits as java.lang.Float writes it; `number` is exactly such a float."""
    if _special(number):
        return _special(number)
    size = abs(number)

    def same(other: float) -> bool:
        return _to_single(other) == size

    return _java(number, next(text for text in _roundings(size) if same(float(text))), same)


def fixed(number: float, digits: int) -> str:
    """Return a number as Java's formatter writes it by `%.Nf`: with so many digits after the point, halves away from 0.

    It rounds the shortest decimal that means the number, where Python rounds the number itself (java.util.Formatter).
    """
    from decimal import ROUND_HALF_UP, Decimal

    if number != number or abs(number) == float("inf"):
        return _special(number)
    return f"{Decimal(repr(float(number))).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP):f}"


def _special(number: float) -> str:
    if number != number:
        return "NaN"
    # By its text, not by a comparison: -0.0 is not less than 0, and Java writes its sign.
    sign = "-" if str(number).startswith("-") else ""
    if abs(number) == float("inf"):
        return f"{sign}Infinity"
    return f"{sign}0.0" if number == 0 else ""


def _roundings(size: float) -> Iterator[str]:
    """Yield the number with one digit, two, …: the nearest, then the next larger one.

    At a power of two floats lie wider above than below: there the nearest may mean another float, but not the larger.
    """
    # Java (19 and later, JDK-4511638) writes the fewest digits that still mean this float; repr does so for doubles.
    for digits in range(9):
        nearest = f"{size:.{digits}e}"
        yield nearest
        yield f"{float(nearest) + 10.0 ** (int(nearest.partition('e')[2]) - digits):.{digits}e}"


def _to_single(number: float) -> float:
    """Return the nearest float of 32 bits; infinity where there is none."""
    try:
        value: float = struct.unpack(">f", struct.pack(">f", number))[0]
    except OverflowError:
        return float("inf")
    return value


def _java(number: float, shortest: str, same: Callable[[float], bool]) -> str:
    """Return the number in Java's notation; `shortest` has the fewest digits that are the `same`."""
    digits, power = _scientific(shortest)
    if len(digits) == 1:  # Java takes the nearest of two digits where one would do: 4.9E-324
        nearest = f"{abs(number):.1e}"
        digits, power = _scientific(nearest) if same(float(nearest)) else (digits, power)
    sign = "-" if number < 0 else ""
    # Double.toString writes numbers from 10^-3 to 10^7 without an exponent.
    if not -3 <= power < 7:
        return f"{sign}{digits[0]}.{digits[1:] or '0'}E{power}"
    padded = "0" * -power + digits.ljust(power + 1, "0")
    point = max(power, 0) + 1
    return f"{sign}{padded[:point]}.{padded[point:] or '0'}"


def _scientific(text: str) -> tuple[str, int]:
    """Return a number's digits, without zeros around them, and the power of ten of the first."""
    mantissa, _, exponent = text.partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    zeros = len(whole + fraction) - len(digits)
    return digits.rstrip("0"), int(exponent or 0) + len(whole) - 1 - zeros
