"""Imports confluent-kafka without the parts that nothing here uses."""

import sys
from typing import Any

from kafka_tools.slim import LOGGING, slim_import

UNUSED = {
    "confluent_kafka.deserializing_consumer": "DeserializingConsumer",
    "confluent_kafka.deserializing_share_consumer": "DeserializingShareConsumer",
    "confluent_kafka.serializing_producer": "SerializingProducer",
}
"""Modules of confluent-kafka 2.16 that pull in asyncio: 54 of 68 ms of CPU."""


LATER = {"logging": LOGGING}
"""What AdminClient's futures import, to log a callback that fails: ktools gives them none."""


def confluent_kafka() -> Any:
    """Return the package `confluent_kafka`, with its part `admin`."""
    # Before any other import of the library: the first one decides which of its parts are loaded.
    slim_import("confluent_kafka.admin", UNUSED, LATER)
    return sys.modules["confluent_kafka"]
