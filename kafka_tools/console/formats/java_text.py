"""Numbers and bytes as Java writes them: Double and Float (JDK 19 and later), Kafka's Bytes."""

import struct
from collections.abc import Callable, Iterator


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


def printable(content: bytes) -> str:
    r"""Return bytes as org.apache.kafka.common.utils.Bytes writes them: `\x00` for what is not printable ASCII."""
    return "".join(chr(byte) if 32 <= byte < 127 and byte != 92 else f"\\x{byte:02X}" for byte in content)


def _special(number: float) -> str:
    if number != number:
        return "NaN"
    sign = "-" if str(number).startswith("-") else ""
    if abs(number) == float("inf"):
        return f"{sign}Infinity"
    return f"{sign}0.0" if number == 0 else ""


def _roundings(size: float) -> Iterator[str]:
    """Yield the number with one digit, two, …: the nearest, then the next larger one.

    At a power of two floats lie wider above than below: there the nearest may mean another float, but not the larger.
    """
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
