"""Groups that cannot be, and brokers that say nothing of them."""

import pytest

from kafka_tools.brokers.groups import open_groups
from kafka_tools.errors import INVALID_GROUP_ID, BrokerError, UnreachableError
from kafka_tools.model.target import Brokers
from kafka_tools.model.topics import TopicPartition
from tests.support.servers import serving, silent


@pytest.mark.parametrize("name", ["", "caf\udce9"])
def test_no_group_can_have_such_a_name(name: str) -> None:
    """confluent-kafka (2.16) raises a ValueError; nobody has to be reached to know it."""
    with open_groups(Brokers("localhost:1")) as groups:
        [refused] = groups.committed([name]).values()
        assert isinstance(refused, BrokerError)
        assert refused.code == INVALID_GROUP_ID
        with pytest.raises(BrokerError, match="The configured groupId is invalid"):
            groups.commit(name, {TopicPartition("a", 0): 1})


def test_a_server_that_is_silent_knows_no_group_and_is_no_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    """It was told as a group that is not known: librdkafka gave up before our own connection had found the cause."""
    monkeypatch.setattr("kafka_tools.wire.session.CONNECT_SECONDS", 1.0)
    with (
        serving(silent) as port,
        open_groups(Brokers(f"127.0.0.1:{port}"), 0.5) as groups,
        pytest.raises(UnreachableError, match=r"^cannot reach 127\.0\.0\.1:\d+ \(no answer within"),
    ):
        groups.described(["g"])
