"""Imports confluent-kafka without the parts that nothing here uses."""

import signal
import sys
from collections.abc import Callable
from typing import Any, TypeVar

from kafka_tools.slim import LOGGING, slim_import

Client = TypeVar("Client")

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


def new_client(make: Callable[[dict[str, Any]], Client], settings: dict[str, Any]) -> Client:
    """Return a client of librdkafka, made by its class; Ctrl-C waits until it is there.

    confluent-kafka 2.16 makes a TypeError ("expected configuration property name …") of one that comes meanwhile.
    Raises what `make` does.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM, signal.SIGHUP))
    try:
        return make(settings)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
