"""The loop of verifiable-consumer: an event for each poll of a group, and offsets that follow what was printed."""

import sys
import time
from collections.abc import Callable, Collection, Sequence
from typing import Any

from kafka_tools.brokers.cluster import open_cluster
from kafka_tools.brokers.errors import broker_error, is_local
from kafka_tools.brokers.library import confluent_kafka
from kafka_tools.brokers.session import client_settings
from kafka_tools.console.cluster import GROUP_SECONDS, Cluster, GroupWait, words
from kafka_tools.console.consume.discovery import Topics
from kafka_tools.console.consume.failures import without_errors
from kafka_tools.console.consume.loop import LEAVE_SECONDS, STOP_SECONDS
from kafka_tools.console.consume.loop import SETTINGS as READING
from kafka_tools.console.consume.writing import Output
from kafka_tools.console.formats import Batch
from kafka_tools.console.outages import Leaders
from kafka_tools.console.process import (
    Progress,
    ShowProgress,
    Stop,
    Unshown,
    end_aside,
    note,
    rare_collections,
    show_nothing,
    stop_by_signal,
)
from kafka_tools.console.records import has_errors
from kafka_tools.console.verifiable import Consumed, ConsumeTask, PartitionRead
from kafka_tools.console.verifiable.events import OF_COMMITS, Events, EventWriter, Part
from kafka_tools.errors import KafkaToolError, UnsupportedError
from kafka_tools.model.java_hash_order import partition_order
from kafka_tools.model.target import Brokers
from kafka_tools.model.topics import TopicPartition

BATCH = 500
"""So many records a poll gives at most: Java's max.poll.records."""

POLL_SECONDS = 0.1
CONSUMER_GROUP_HEARTBEAT = 68
"""The number of the request by which KIP-848's members join; librdkafka 2.16 has its version 1, Kafka 3.9 only 0."""

COMMIT_SECONDS = 60.0
"""How long a commit may take: Java's default.api.timeout.ms."""


def run(task: ConsumeTask, show_progress: ShowProgress = show_nothing) -> Consumed:
    """Read records until the end of a task, a signal or the end of stdout; return what was read.

    Raises KafkaToolError where the cluster or the topic cannot be reached, and for an error that waiting does not cure.
    """
    if sys.stdout is None:
        raise KafkaToolError("stdout is closed")
    source = task.source
    cluster = Cluster(source.brokers)
    settings = READING | client_settings(source.brokers.bootstrap_servers, source.brokers.config)
    settings |= {
        "error_cb": cluster.outages.on_error,
        "group.id": task.group,
        "enable.auto.commit": task.auto_commit,
        "enable.auto.offset.store": False,  # an offset is stored after its record was printed
    }
    consumer = cluster.open(confluent_kafka().Consumer, settings)
    partitions = Topics(source).partitions(consumer, cluster)
    if settings.get("group.protocol") == "consumer":
        _check_protocol(source.brokers)
    with Output() as output, stop_by_signal(output.release) as stop, rare_collections():
        loop = Loop(task, consumer, cluster, output, stop)
        total = task.records if task.records >= 0 else None
        try:
            with show_progress(f"consuming {source.name}", total) as progress:
                loop.run(partitions, progress)
        finally:
            loop.leave()
        return Consumed(loop.read(), stop.status or int(loop.is_uncommitted))


def _check_protocol(brokers: Brokers) -> None:
    """Raise UnsupportedError where a broker does not know groups of KIP-848: librdkafka would ask again without end."""
    with open_cluster(brokers) as found:
        versions = found.versions()
    for server, known in versions.items():
        if not isinstance(known, KafkaToolError) and known.get(CONSUMER_GROUP_HEARTBEAT, (0, 0))[1] < 1:
            raise UnsupportedError(
                f"broker {server.id} does not know the group protocol consumer (KIP-848).",
                "Kafka 4.0 and later does; --group-protocol classic is known by all.",
            )


class CommitWait:
    """Says whether to wait on for the answer to a commit: STOP_SECONDS where the user wants to end.

    Nobody polls meanwhile, so that no error is heard: that the answer takes long is told here. `clock` counts seconds.
    """

    def __init__(self, stop: Stop, clock: Callable[[], float] = time.monotonic) -> None:
        self._stop = stop
        self._clock = clock
        self._began = clock()
        self._stopped: float | None = None
        self._is_told = False

    def __call__(self) -> bool:
        """Tell once that the coordinator does not answer; return whether to wait on."""
        now = self._clock()
        if not self._is_told and now - self._began > GROUP_SECONDS:
            self._is_told = True
            note("ktools: the group's coordinator does not answer a commit. Waiting.")
        if self._stop and self._stopped is None:
            self._stopped = now
        return self._stopped is None or now - self._stopped < STOP_SECONDS


class Loop:
    """One run of a task.

    `is_uncommitted`: the group may read again what was printed.
    """

    def __init__(self, task: ConsumeTask, consumer: Any, cluster: Cluster, output: Output, stop: Stop) -> None:
        self.is_uncommitted = False
        self._task = task
        self._consumer = consumer
        self._cluster = cluster
        self._output = output
        self._stop = stop
        self._make = Events()
        self._events: list[str] = []
        self._writer = EventWriter(output)
        self._progress: Progress = Unshown()
        self._group = GroupWait(cluster, consumer, task.group)
        self._leaders = Leaders(consumer, cluster.outages, task.source.topic)
        self._waiting_since: float | None = time.monotonic()
        self._assigned: set[TopicPartition] = set()
        self._taken: list[Any] = []
        self._count = 0
        self._read: dict[TopicPartition, PartitionRead] = {}
        self._is_unanswered = False

    def run(self, partitions: Collection[TopicPartition], progress: Progress) -> None:
        """Take, print and commit batch by batch; `partitions` are those of the topic."""
        self._progress = progress
        self._print(self._make.startup_complete())
        self._flush()
        if not self._is_finished():
            topics = sorted({each.topic for each in partitions})
            # Without `on_lost` confluent-kafka calls on_revoke for partitions that are lost, too.
            self._consumer.subscribe(topics, on_assign=self._on_assign, on_revoke=self._on_revoke)
        while self._output.is_open and not self._stop and not self._is_finished():
            batch = self._take()
            if batch:
                self._pass_on(batch)
            else:
                self._flush()
                self._output.look()
                self._cluster.outages.watch()
                self._group.look(self._waiting_since)
                self._leaders.watch(partitions)
            progress.advance(self._count, self._count)

    def read(self) -> tuple[PartitionRead, ...]:
        """Return what was read of each partition."""
        return tuple(each for _, each in sorted(self._read.items()))

    def _is_finished(self) -> bool:
        return 0 <= self._task.records <= self._count

    def _on_assign(self, _: Any, partitions: Sequence[Any]) -> None:
        given = sorted(TopicPartition(each.topic, each.partition) for each in partitions)
        self._assigned |= set(given)
        self._waiting_since = None
        self._print(self._make.partitions_assigned(given))
        self._tell("the group gave", given)

    def _on_revoke(self, _: Any, partitions: Sequence[Any]) -> None:
        """Leave what was not printed of revoked or lost partitions to their next reader."""
        gone = sorted(TopicPartition(each.topic, each.partition) for each in partitions)
        self._taken[:] = [each for each in self._taken if TopicPartition(each.topic(), each.partition()) not in gone]
        self._assigned -= set(gone)
        if not self._assigned:
            self._waiting_since = time.monotonic()
        if gone:  # as Java's consumer, which does not call its listener for none
            self._print(self._make.partitions_revoked(gone))
            self._tell("the group took", gone)

    def _tell(self, words: str, partitions: Sequence[TopicPartition]) -> None:
        """Tell a person what a program gets an event of."""
        if not self._task.prints and not self._stop and not self._is_finished():
            note(f"ktools: {words} {', '.join(f'{topic}-{number}' for topic, number in partitions) or 'no partition'}")

    def _take(self) -> Batch:
        """Return what is here already, a poll's worth; where nothing is, wait for a record."""
        message = self._consumer.poll(POLL_SECONDS)
        if message is None:
            return ()
        # Callbacks of the group run within consume, too, and may take the first record from the list.
        self._taken.append(message)
        more = self._consumer.consume(BATCH - 1, 0)
        batch: Batch = [*self._taken, *more]
        self._taken.clear()
        return without_errors(batch, self._task.source, self._task.group) if has_errors(batch) else batch

    def _pass_on(self, batch: Batch) -> None:
        """Print what a poll gave, then commit it: whatever ends the process, nothing is committed that was not printed.

        What is more than was asked for is neither: the group reads it again.
        """
        wanted = batch if self._task.records < 0 else batch[: self._task.records - self._count]
        by_partition: dict[TopicPartition, list[Any]] = {}
        for message in wanted:
            by_partition.setdefault(TopicPartition(message.topic(), message.partition()), []).append(message)
        if self._task.prints:
            # All that the poll gave, as VerifiableConsumer.onRecordsReceived (3.9) counts; partitions have what counts.
            self._print_records(len(batch), by_partition)
        is_printed = self._flush()
        self._count += len(wanted)
        # In the order of the HashMap that VerifiableConsumer.onRecordsReceived (3.9) keeps them in.
        offsets = {each: by_partition[each][-1].offset() + 1 for each in partition_order(by_partition)}
        for partition, messages in by_partition.items():
            self._note_read(partition, messages)
        # Where a signal came and the reader sleeps, the events may not be read any more: the group gets them again.
        if is_printed:
            self._store(offsets) if self._task.auto_commit else self._commit(offsets)
        else:
            # A reader that went away had what it wanted: that is no failure.
            self.is_uncommitted = self._output.is_open

    def _print_records(self, count: int, by_partition: dict[TopicPartition, list[Any]]) -> None:
        if self._task.verbose:
            for at, messages in by_partition.items():
                self._events += [self._make.record_data(at, m.offset(), m.key(), m.value()) for m in messages]
        parts = [Part(at, len(each), each[0].offset(), each[-1].offset()) for at, each in by_partition.items()]
        self._print(self._make.records_consumed(count, parts))

    def _note_read(self, partition: TopicPartition, messages: Sequence[Any]) -> None:
        first, last, number = messages[0].offset(), messages[-1].offset(), len(messages)
        before = self._read.get(partition)
        if before is None:
            self._read[partition] = PartitionRead(*partition, number, first, last, None)
        else:
            self._read[partition] = before._replace(records=before.records + number, last_offset=last)

    def _store(self, offsets: dict[TopicPartition, int]) -> None:
        """Let the client's next commit cover the offsets."""
        kafka = confluent_kafka()
        mine = [kafka.TopicPartition(*at, offset) for at, offset in offsets.items() if at in self._assigned]
        self._consumer.store_offsets(offsets=mine)

    def _commit(self, offsets: dict[TopicPartition, int]) -> None:
        """Commit the offsets, wait for the answer and print it."""
        error = self._answer([confluent_kafka().TopicPartition(*at, offset) for at, offset in offsets.items()])
        self._print(self._make.offsets_committed(offsets.items(), error))
        self._flush()
        self.is_uncommitted = bool(error)
        if error:
            note(f"ktools: the offsets were not committed: {error}")
        self._note_committed({} if error else offsets)

    def _note_committed(self, offsets: dict[TopicPartition, int]) -> None:
        for partition, offset in offsets.items():
            self._read[partition] = self._read[partition]._replace(committed=offset)

    def _answer(self, offsets: list[Any] | None = None) -> str:
        """Commit offsets, or those that are stored; return why they were not committed, or ""."""
        kafka = confluent_kafka()
        outcome: list[str] = []

        def commit() -> None:
            try:
                given = {} if offsets is None else {"offsets": offsets}
                answers = self._consumer.commit(asynchronous=False, **given)
                errors = [each.error for each in answers if each.error]
            except kafka.KafkaException as error:
                errors = [] if error.args[0].name() == "_NO_OFFSET" else [error.args[0]]
            outcome.append(_why(errors[0]) if errors else "")

        # In a thread: librdkafka waits long for a coordinator that is dead, and a signal must be heard meanwhile.
        self._is_unanswered = not end_aside(commit, COMMIT_SECONDS, CommitWait(self._stop))
        return outcome[0] if outcome else "No answer from the group's coordinator."

    def leave(self) -> None:
        """Leave the group, and print that it is done; what the client has still to commit is committed."""
        task = self._task
        # Closing would commit as well, and say nothing of it where it fails.
        if task.auto_commit and self._count:
            error = self._answer()
            self.is_uncommitted = self.is_uncommitted or bool(error)
            if error:
                note(f"ktools: the last offsets were not committed: {error}")
            else:
                self._note_committed(
                    {at: each.last_offset + 1 for at, each in self._read.items() if at in self._assigned}
                )
        is_away = self._group.is_told or self._is_unanswered or self._cluster.outages.seen
        in_vain = self._stop and is_away
        seconds = STOP_SECONDS if in_vain else LEAVE_SECONDS
        end_aside(self._consumer.close, seconds if task.close_seconds is None else task.close_seconds)
        self._print(self._make.shutdown_complete())
        self._writer.end(self._events)

    def _print(self, event: str) -> None:
        if self._task.prints:
            self._events.append(event)

    def _flush(self) -> bool:
        """Write the events; return whether all were taken."""
        events = list(self._events)
        self._events.clear()
        return self._writer.write(events)


def _why(error: Any) -> str:
    """Return why a commit failed, in Java's words."""
    own = OF_COMMITS.get(error.name())
    return own or (words(error) if is_local(error) else broker_error(error).message)
