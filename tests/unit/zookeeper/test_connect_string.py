"""ZooKeeper's connect strings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafka_tools.errors import UsageError
from kafka_tools.zookeeper.connect_string import parse_connect


@pytest.mark.parametrize(
    ("connect", "servers", "chroot"),
    [
        ("h:1", (("h", 1),), ""),
        ("h", (("h", 2181),), ""),
        ("a:1, b:2,c", (("a", 1), ("b", 2), ("c", 2181)), ""),
        ("a:1,b:2/kafka/x", (("a", 1), ("b", 2)), "/kafka/x"),
        ("a:1/", (("a", 1),), ""),
        ("[::1]:5", (("::1", 5),), ""),
        ("[::1]", (("::1", 2181),), ""),
    ],
)
def test_servers_and_chroot(connect: str, servers: tuple[tuple[str, int], ...], chroot: str) -> None:
    assert parse_connect(connect) == (servers, chroot)


@pytest.mark.parametrize("connect", ["", "/", ",", "h:x", ":1", "h:0", "h:70000", "h:"])
def test_invalid_connect_strings_are_refused(connect: str) -> None:
    with pytest.raises(UsageError, match="--zookeeper"):
        parse_connect(connect)


@pytest.mark.parametrize("chroot", ["/..", "/../x", "/a/../b", "/./a", "//a", "/a//b", "/a\0b", "/a\x1b[2J"])
def test_a_chroot_has_names_between_its_slashes(chroot: str) -> None:
    with pytest.raises(UsageError, match="is no chroot") as told:
        parse_connect(f"zk:2181{chroot}")
    assert told.value.message.isprintable()


@given(st.text())
def test_any_text_is_parsed_or_refused(connect: str) -> None:
    try:
        servers, _ = parse_connect(connect)
    except UsageError:
        return
    assert servers
