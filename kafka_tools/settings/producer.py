"""What a producer's settings by Java's names mean for librdkafka, and which of them only Java's producer can obey."""

from collections.abc import Mapping

from kafka_tools.errors import UsageError
from kafka_tools.model.target import Brokers

PARTITIONERS = ("DefaultPartitioner", "UniformStickyPartitioner")


def for_producer(target: Brokers, transactional: bool = False) -> Brokers:
    """Return the cluster with the settings of librdkafka's producer.

    `transactional`: the tool knows what to do with a transactional.id. Raises UsageError for settings that cannot be
    obeyed: another partition, or another meaning of success, must not come silently.
    """
    given = {**target.java, **target.config}
    for name in ("interceptor.classes",) if transactional else ("interceptor.classes", "transactional.id"):
        if given.get(name):
            raise UsageError(f"{name}={given[name]} cannot be had here")
    partitioner = given.get("partitioner.class", "")
    if partitioner and partitioner.rpartition(".")[2] not in PARTITIONERS:
        raise UsageError(f"partitioner.class={partitioner} cannot be had: only Java's default can")
    return target._replace(config=_with_idempotence({**_of_java(target.java), **target.config}))


def memory(text: str) -> dict[str, str]:
    """Return the room for what is not yet sent, from bytes. Raises UsageError for what is no number."""
    if not (text.isdecimal() and len(text) < 20):
        raise UsageError(f"buffer.memory cannot be '{text}': it is a number of bytes")
    # librdkafka counts in KiB, up to 2^31 - 1 of them; rounded up, and 1 MiB at least, so that a record has room.
    return {"queue.buffering.max.kbytes": str(min(max(1 << 10, -(-int(text) // 1024)), (1 << 31) - 1))}


def _of_java(config: Mapping[str, str]) -> dict[str, str]:
    """Return librdkafka's settings for those of Java's producer that have another name and unit there."""
    found = {}
    sticky = config.get("partitioner.class", "").endswith("UniformStickyPartitioner")
    if sticky or config.get("partitioner.ignore.keys", "").lower() == "true":
        found["partitioner"] = "random"
    return found | (memory(config["buffer.memory"]) if config.get("buffer.memory") else {})


def _with_idempotence(config: Mapping[str, str]) -> Mapping[str, str]:
    """Let idempotence, the default, give way to what contradicts it, unless it was asked for (KIP-679)."""
    contradicts = (
        config.get("acks", "all") not in ("all", "-1")
        or config.get("retries") == "0"
        or int(config.get("max.in.flight.requests.per.connection", "5")) > 5
    )
    return {**config, "enable.idempotence": "false"} if contradicts and "enable.idempotence" not in config else config
