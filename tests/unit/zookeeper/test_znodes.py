"""Many znodes at once: which servers take multiRead, its bytes, and how many requests are sent ahead."""

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafka_tools.model.znodes import Znode, ZnodeStat
from kafka_tools.zookeeper.znodes import MultiRead, Znodes, pipelined, results, whole_results


class Server:
    """What `srvr` answers, or that it does not."""

    def __init__(self, answer: str | OSError) -> None:
        self.answer = answer
        self.asked = 0

    def command(self, command: bytes) -> str:
        assert command == b"srvr"
        self.asked += 1
        if isinstance(self.answer, OSError):
            raise self.answer
        return self.answer


@pytest.mark.parametrize(
    ("answer", "knows"),
    [
        ("Zookeeper version: 3.8.4-9316c2a7a97e1666d8f4593f34dd6fc36ecc436c, built on 2024-02-12 22:16 UTC\n", True),
        ("Zookeeper version: 3.6.0--1, built on 02/25/2020 14:38 GMT\n", True),
        ("Zookeeper version: 3.10.0, built on 02/25/2030 14:38 GMT\n", True),
        ("Zookeeper version: 4.0.0, built on 02/25/2030 14:38 GMT\n", True),
        ("Zookeeper version: 3.5.9-83df9301aa5c2a5d284a9940177808c01bc35cef, built on 01/06/2021 20:03 GMT\n", False),
        ("Zookeeper version: 3.4.14, built on 03/06/2019 16:18 GMT\n", False),
        ("srvr is not executed because it is not in the whitelist.\n", False),
        ("", False),
        (ConnectionRefusedError(), False),
        (TimeoutError(), False),
    ],
)
def test_only_servers_since_3_6_are_sent_multi_read(answer: str | OSError, knows: bool) -> None:
    server = Server(answer)
    znodes = Znodes(server)
    assert [znodes.serves_multi_read(), znodes.serves_multi_read()] == [knows, knows]
    assert server.asked == 1


@given(st.integers(0, 50), st.integers(0, 9))
def test_pipelined_requests_are_bounded_and_keep_their_order(count: int, most: int) -> None:
    sent: list[int] = []

    def requests() -> Any:
        for number in range(count):
            sent.append(number)
            yield number

    answered = []
    for request in pipelined(requests(), most):
        assert len(sent) - len(answered) <= most + 1
        answered.append(request)
    assert answered == list(range(count))


def test_the_bytes_of_a_multi_read() -> None:
    assert MultiRead(["/a", "/é"]).serialize() == (
        b"\0\0\0\x04\0\xff\xff\xff\xff\0\0\0\x02/a\0"
        b"\0\0\0\x04\0\xff\xff\xff\xff\0\0\0\x03/\xc3\xa9\0"
        b"\xff\xff\xff\xff\x01\xff\xff\xff\xff"
    )


@given(st.lists(st.none() | st.binary() | st.integers(-120, -1)), st.binary())
def test_the_results_of_a_multi_read(found: list[bytes | int | None], before: bytes) -> None:
    """None is a znode without data, a number an error."""
    answer = before + b"".join(map(result, found)) + struct.pack("!iBi", -1, 1, -1)
    read = [b"" if each is None else each for each in found]
    assert list(results((answer, len(before)), len(found))) == read
    whole = whole_results((answer, len(before)), len(found))
    assert [each if isinstance(each, int) else each.data for each in whole] == read


def test_a_znode_with_its_stat() -> None:
    stat = ZnodeStat(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)
    answer = struct.pack("!iBii", 4, 0, 0, 2) + b"{}" + struct.pack("!qqqqiiiqiiq", *stat)
    [found] = whole_results((answer + struct.pack("!iBi", -1, 1, -1), 0), 1)
    assert found == Znode(b"{}", stat)


def result(found: bytes | int | None) -> bytes:
    if isinstance(found, int):
        return struct.pack("!iBii", -1, 0, found, found)
    length = -1 if found is None else len(found)
    return struct.pack("!iBii", 4, 0, 0, length) + (found or b"") + bytes(68)
