"""What a group's member knows of its partitions while they are shared out anew."""

from collections.abc import Callable
from typing import Any

from confluent_kafka import TopicPartition

from kafka_tools.console.group import GroupMember
from kafka_tools.console.output import Output
from kafka_tools.console.positions import EARLIEST


class Consumer:
    """Takes and gives partitions as librdkafka does: what is taken is followed by what is given, if only []."""

    def subscribe(self, _topics: list[str], **callbacks: Callable[..., None]) -> None:
        self.on = callbacks

    def committed(self, partitions: list[Any], **_options: float) -> list[Any]:
        return [TopicPartition(each.topic, each.partition, 5) for each in partitions]

    def assign(self, partitions: list[Any]) -> None:
        self.assigned = partitions

    def resume(self, partitions: list[Any]) -> None:
        self.resumed = partitions


def test_a_member_without_partitions_waits_for_others_until_it_hears_that_it_gets_none() -> None:
    consumer, given = Consumer(), [TopicPartition("t", 0), TopicPartition("t", 1)]
    member = GroupMember(consumer, EARLIEST, Output())
    member.join(["t"], {("t", 0), ("t", 1)})
    assert (member.places, member.waiting_since is None) == (None, False)
    consumer.on["on_assign"](consumer, given)
    assert (member.places, member.waiting_since) == ({("t", 0), ("t", 1)}, None)
    consumer.on["on_revoke"](consumer, given[:1])
    assert (member.places, member.waiting_since) == ({("t", 1)}, None)
    consumer.on["on_lost"](consumer, given[1:])
    assert (member.places, member.waiting_since is None) == (set(), False)
    consumer.on["on_assign"](consumer, [])
    assert (member.places, member.waiting_since) == (set(), None)
