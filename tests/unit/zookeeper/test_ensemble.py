"""What an ensemble says about itself: who its members are, and who votes."""

from hypothesis import given
from hypothesis import strategies as st

from kafka_tools.model.zookeeper_state import Member
from kafka_tools.zookeeper.ensemble import members, voters


def test_the_members_of_an_ensemble() -> None:
    lines = [
        "server.1=zk1:2888:3888:participant;0.0.0.0:2181",
        "server.2=[::1]:2888:3888:participant;[::1]:2182",
        "server.3=zk3:2888:3888|zk3b:2888:3888:observer;2181",
        "server.4=10.0.0.4:2888:3888:participant",
        "version=100000000",
    ]
    assert members("\n".join(lines)) == (
        Member(1, "zk1:2888", True, ("zk1", 2181)),
        Member(2, "[::1]:2888", True, ("::1", 2182)),
        Member(3, "zk3:2888", False, ("zk3", 2181)),
        Member(4, "10.0.0.4:2888", True),
    )


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
