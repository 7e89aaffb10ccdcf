"""Names that no znode can have are told before ZooKeeper is asked, by the rules of its own client."""

import pytest

from kafka_tools.zookeeper.znodes import is_znode_name


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\0", "a\x1f", "a\x7f", "a\ue000", "a\udc80", "\ufff1"])
def test_what_zookeeper_refuses(name: str) -> None:
    assert not is_znode_name(name)


@pytest.mark.parametrize("name", ["a", "*", "<default>", "CN%3Da%20b", "a b", "ü", "a.b_c-d", "..."])
def test_what_zookeeper_takes(name: str) -> None:
    assert is_znode_name(name)
