"""What an ensemble says about itself: who its members are, and who votes."""

from hypothesis import given
from hypothesis import strategies as st

from kafka_tools.model.target import ZooKeeper
from kafka_tools.model.zookeeper_state import Member
from kafka_tools.zookeeper.diagnosis import Server
from kafka_tools.zookeeper.ensemble import ask_others, members, voters
from tests.support.servers import saying, serving


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


def test_others_are_asked_where_nobody_would_count_twice() -> None:
    answer = b"Zookeeper version: 3.8.4-9316c2a7, built on 2024-02-12 22:16 UTC\nMode: follower\n"
    with serving(saying(answer)) as port:
        there = [Member(number, f"zk{number}:2888", True, ("127.0.0.1", port + number)) for number in range(2)]
        named = {("127.0.0.1", port + 1): Server("leader", "3.8.4", 0.1)}
        assert ask_others(ZooKeeper("zk:1"), there, named).keys() == {("127.0.0.1", port)}
        # The same server by another name: of two, three would serve.
        assert ask_others(ZooKeeper("zk:1"), there, {("localhost", port + 1): Server("leader", "3.8.4", 0.1)}) == {}
