"""A consumer group's member: its offsets follow what was written, and a slow reader does not cost it its membership."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from kafka_tools.brokers.library import confluent_kafka
from kafka_tools.console.cluster import words
from kafka_tools.console.format import PARTITION, Batch
from kafka_tools.console.output import Output
from kafka_tools.errors import KafkaToolError

SERVICE_SECONDS = 5.0
"""How often the group is served while a slow reader blocks stdout: it must be less than max.poll.interval.ms."""

LEAVE_SECONDS = 10.0
"""How long the last commit and the farewell to the group may take."""

ANSWER_SECONDS = 10.0
"""How long the offsets of newly assigned partitions are waited for."""


class GroupMember:
    """The membership of `consumer` (confluent_kafka.Consumer) in its group.

    `reset` (EARLIEST or LATEST) is where a partition without a committed offset starts; `taken` holds what was taken
    from the queue and is not yet in a batch.
    """

    def __init__(self, consumer: Any, reset: int, output: Output) -> None:
        self.taken: list[Any] = []
        self._consumer = consumer
        self._reset = reset
        self._output = output
        self._paused = False

    def join(self, topic: str) -> None:
        """Ask for a share of the topic's partitions."""
        self._consumer.subscribe([topic], on_assign=self._begin, on_revoke=self._forget, on_lost=self._forget)

    def _begin(self, _consumer: Any, partitions: list[Any]) -> None:
        """Start at the committed offsets; where there is none yet, store the start, so that it is committed.

        Otherwise a partition that gave no record this time would start at another place the next time
        (Java's consumer commits its position in every partition).
        """
        fresh = []
        try:
            partitions = self._known(self._consumer.committed(partitions, timeout=ANSWER_SECONDS))
            fresh = [partition for partition in partitions if partition.offset < 0]
            self._resolve(fresh)
        except confluent_kafka().KafkaException:
            fresh = []  # librdkafka asks again, for as long as it takes
        self._consumer.assign(partitions)
        if fresh:
            self._consumer.store_offsets(offsets=fresh)

    def _resolve(self, partitions: list[Any]) -> None:
        """Set the offset where these partitions start. Raises KafkaException where one cannot be found out."""
        if not partitions:
            return
        kafka = confluent_kafka()
        times = [kafka.TopicPartition(each.topic, each.partition, self._reset) for each in partitions]
        starts = self._known(self._consumer.offsets_for_times(times, timeout=ANSWER_SECONDS))
        offsets = {start.partition: start.offset for start in starts}
        for each in partitions:
            each.offset = offsets[each.partition]

    def _known(self, partitions: list[Any]) -> list[Any]:
        """Return the brokers' answers. Raises KafkaException where one of them is an error."""
        for partition in partitions:
            if partition.error:
                raise confluent_kafka().KafkaException(partition.error)
        return partitions

    def _forget(self, _consumer: Any, partitions: list[Any]) -> None:
        """Leave what was not written of lost partitions to their next reader: no offset was stored for it."""
        lost = {partition.partition for partition in partitions}
        self.taken[:] = [message for message in self.taken if message.partition() not in lost]

    def store(self, batch: Batch) -> None:
        """Let the next commit cover the batch, which was written."""
        kafka = confluent_kafka()
        for message in dict(zip(map(PARTITION, batch), batch, strict=True)).values():
            try:
                self._consumer.store_offsets(message=message)
            except kafka.KafkaException as error:
                if error.args[0].code() != kafka.KafkaError._STATE:  # the partition is another member's by now
                    raise KafkaToolError(f"offsets cannot be stored: {words(error.args[0])}") from error
        if self._paused:
            self._consumer.resume(self._consumer.assignment())
            self._paused = False

    def commit(self) -> str:
        """Commit what was stored and wait for the answer; return why it was not committed, or nothing."""
        kafka = confluent_kafka()
        try:
            committed = self._consumer.commit(asynchronous=False)
        except kafka.KafkaException as error:
            nothing_new = error.args[0].code() == kafka.KafkaError._NO_OFFSET
            return "" if nothing_new else words(error.args[0])
        return ", ".join(sorted({words(partition.error) for partition in committed if partition.error}))

    @contextmanager
    def served(self) -> Iterator[None]:
        """Serve the group while a reader that has stopped blocks stdout: the member stays, and rebalances go on."""
        before = signal.signal(signal.SIGALRM, self._serve)
        signal.setitimer(signal.ITIMER_REAL, SERVICE_SECONDS, SERVICE_SECONDS)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)

    def _serve(self, _number: int, _frame: FrameType | None) -> None:
        """Poll with all partitions paused, so that what waits in the queue is not taken but fetched again later."""
        if not self._output.is_writing:
            return
        try:
            self._consumer.pause(self._consumer.assignment())
            self._paused = True
            message = self._consumer.poll(0)
        except confluent_kafka().KafkaException:
            return
        if message is not None:
            self.taken.append(message)


def leave(consumer: Any, group: GroupMember | None) -> str:
    """Commit what the group's member stored, then close the consumer; return why it was not committed, or nothing.

    Gives up after LEAVE_SECONDS: librdkafka alone would wait for a dead cluster until the session times out.
    """
    outcome: list[str] = []

    def work() -> None:
        outcome.append(group.commit() if group else "")
        consumer.close()

    worker = threading.Thread(target=work, daemon=True)
    worker.start()
    worker.join(LEAVE_SECONDS)
    return outcome[0] if outcome else f"no answer within {LEAVE_SECONDS:.0f} s"
