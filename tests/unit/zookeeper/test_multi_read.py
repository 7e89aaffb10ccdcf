"""multiRead's bytes, as org.apache.zookeeper.MultiOperationRecord and MultiResponse define them."""

import struct

from hypothesis import given
from hypothesis import strategies as st

from kafka_tools.zookeeper.multi_read import MultiRead, results


def test_the_request() -> None:
    assert MultiRead(["/a", "/é"]).serialize() == (
        b"\0\0\0\x04\0\xff\xff\xff\xff\0\0\0\x02/a\0"
        b"\0\0\0\x04\0\xff\xff\xff\xff\0\0\0\x03/\xc3\xa9\0"
        b"\xff\xff\xff\xff\x01\xff\xff\xff\xff"
    )


@given(st.lists(st.none() | st.binary() | st.integers(-120, -1)), st.binary())
def test_the_answer(found: list[bytes | int | None], before: bytes) -> None:
    """None is a znode without data, a number an error."""
    answer = before + b"".join(map(result, found)) + struct.pack("!iBi", -1, 1, -1)
    assert list(results((answer, len(before)), len(found))) == [b"" if each is None else each for each in found]


def result(found: bytes | int | None) -> bytes:
    if isinstance(found, int):
        return struct.pack("!iBii", -1, 0, found, found)
    length = -1 if found is None else len(found)
    return struct.pack("!iBii", 4, 0, 0, length) + (found or b"") + bytes(68)
