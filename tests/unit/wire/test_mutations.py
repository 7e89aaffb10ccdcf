"""Responses with random changes: each is decoded, or refused as malformed; nothing else happens, and soon."""

import random
import struct
from typing import Any

import pytest

from kafka_tools.model.codec import MalformedError, encode
from kafka_tools.wire.messages import DESCRIBE_CONFIGS, DESCRIBE_QUORUM, LIST_PARTITION_REASSIGNMENTS, METADATA
from kafka_tools.wire.schema import Message
from tests.support.mutations import mutated
from tests.support.one_broker import OneBroker, a_partition, a_topic

RESPONSES: dict[Message, dict[str, Any]] = {
    METADATA: {"topics": [a_topic("orders", *(a_partition(number) for number in range(9))), a_topic("audit")]},
    DESCRIBE_CONFIGS: OneBroker().answers[DESCRIBE_CONFIGS](
        {"resources": [{"resource_type": 2, "resource_name": "a"}]}
    ),  # type: ignore[dict-item]
    LIST_PARTITION_REASSIGNMENTS: {
        "error_message": None,
        "topics": [{"name": "a", "partitions": [{"partition_index": 1, "replicas": (1, 2), "adding_replicas": (2,)}]}],
    },
    DESCRIBE_QUORUM: {"topics": [{"topic_name": "l", "partitions": [{"current_voters": [{"replica_id": 1}]}]}]},
}


@pytest.mark.parametrize("message", RESPONSES, ids=lambda message: message.name)
@pytest.mark.parametrize("last", [False, True])
def test_a_changed_response_is_decoded_or_malformed(message: Message, last: bool) -> None:
    version = message.last if last else message.first
    flexible = version >= message.flexible
    header = struct.pack(">i", 7) + (b"\0" if flexible else b"")
    whole = header + encode(message.response, version, flexible, RESPONSES[message])
    refused = 0
    for seed in range(1500):
        try:
            message.decode(version, mutated(random.Random(seed), whole)[4:])
        except MalformedError:
            refused += 1
    assert 100 < refused < 1500
