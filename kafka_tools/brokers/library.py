"""confluent-kafka, imported without the parts that nothing here uses."""

from typing import Any

from kafka_tools.slim import slim_import

UNUSED = {
    "confluent_kafka.deserializing_consumer": "DeserializingConsumer",
    "confluent_kafka.deserializing_share_consumer": "DeserializingShareConsumer",
    "confluent_kafka.serializing_producer": "SerializingProducer",
}
"""Modules of confluent-kafka 2.16 that pull in asyncio: 54 of 68 ms of CPU."""


def confluent_kafka() -> Any:
    """Return the package `confluent_kafka`."""
    return slim_import("confluent_kafka", UNUSED)
