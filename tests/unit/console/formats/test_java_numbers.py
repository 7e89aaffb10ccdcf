"""Numbers as Java writes them; the expected texts come from JDK 25."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafka_tools.console.formats.deserializers import printable
from kafka_tools.model.java_numbers import double, single


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0.0"),
        (-0.0, "-0.0"),
        (1e100, "1.0E100"),
        (-1.5e-7, "-1.5E-7"),
        (0.001, "0.001"),
        (0.00099, "9.9E-4"),
        (9999999.0, "9999999.0"),
        (1e7, "1.0E7"),
        (123456789.0, "1.23456789E8"),
        (100.0, "100.0"),
        (5e-324, "4.9E-324"),
        (2e23, "2.0E23"),
        (float("nan"), "NaN"),
        (float("-inf"), "-Infinity"),
    ],
)
def test_doubles(number: float, text: str) -> None:
    assert double(number) == text


@pytest.mark.parametrize(
    ("bits", "text"),
    [
        (0x00000001, "1.4E-45"),
        (0x7F7FFFFF, "3.4028235E38"),
        (0x40490FDB, "3.1415927"),
        (0x4B800000, "1.6777216E7"),
        (0x0F800000, "1.2621775E-29"),  # a power of two, below which floats lie closer
        (0x6D000000, "2.4758801E27"),
        (0x3DCCCCCD, "0.1"),
    ],
)
def test_singles(bits: int, text: str) -> None:
    assert single(struct.unpack(">f", struct.pack(">I", bits))[0]) == text


@given(st.floats(allow_nan=False))
def test_a_double_reads_back(number: float) -> None:
    text = double(number)
    assert float(text.replace("Infinity", "inf")) == number


@given(st.floats(allow_nan=False, width=32))
def test_a_single_reads_back(number: float) -> None:
    text = single(number).replace("Infinity", "inf")
    assert struct.pack(">f", float(text)) == struct.pack(">f", number)


@given(st.binary())
def test_printable_bytes_read_back(content: bytes) -> None:
    text = printable(content)
    assert text.encode("ascii").decode("unicode_escape").encode("latin-1") == content
