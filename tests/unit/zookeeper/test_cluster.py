"""What an ensemble says about itself: who votes."""

from hypothesis import given
from hypothesis import strategies as st

from kafka_tools.zookeeper.cluster import voters


def test_only_participants_vote() -> None:
    lines = [
        "server.1=zk1:2888:3888:participant;0.0.0.0:2181",
        "server.2=zk2:2888:3888:participant",
        "server.3=zk3:2888:3888:observer;2181",
        "version=100000000",
    ]
    assert voters("\n".join(lines)) == 2
    assert voters("") is None


@given(st.text())
def test_any_configuration_is_counted_or_none(text: str) -> None:
    found = voters(text)
    assert found is None or found > 0
