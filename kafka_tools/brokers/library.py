"""Imports confluent-kafka without the parts that nothing here uses."""

import signal
import sys
from collections.abc import Callable
from typing import Any, TypeVar

from kafka_tools.slim import LOGGING, slim_import

Client = TypeVar("Client")

STOPS = signal.SIGINT, signal.SIGTERM, signal.SIGHUP

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
    came: list[int] = []
    handled = [each for each in STOPS if callable(signal.getsignal(each))]
    # Not by a mask: a signal that one thread blocks goes to another, and Python handles it in this one all the same.
    try:
        before = {each: signal.signal(each, lambda number, _: came.append(number)) for each in handled}
    except ValueError:  # this is not the main thread, and Python handles no signal in others
        before = {}
    try:
        return make(settings)
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
        for number in came:
            signal.raise_signal(number)
