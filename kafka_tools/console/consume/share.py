"""The console consumer of share groups: records to stdout, each acknowledged only after it was written (KIP-932)."""

import sys
import time
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from kafka_tools.brokers.library import confluent_kafka
from kafka_tools.brokers.session import client_settings
from kafka_tools.console.cluster import Cluster, missing_right, words
from kafka_tools.console.consume import RecordOutput
from kafka_tools.console.consume.failures import CURABLE, SILENT
from kafka_tools.console.consume.loop import LEAVE_SECONDS, POLL_SECONDS, compile_format, last_words
from kafka_tools.console.consume.writing import LAST_RECORD_SECONDS, Output, RecordWriter
from kafka_tools.console.formats import Batch, Formatter
from kafka_tools.console.process import (
    Progress,
    ShowProgress,
    Stop,
    covers_records,
    note,
    rare_collections,
    show_nothing,
    stop_by_signal,
)
from kafka_tools.errors import KafkaToolError, UnsupportedError
from kafka_tools.model.target import Brokers

ACCEPT, RELEASE, REJECT = "ACCEPT", "RELEASE", "REJECT"
"""What is said of a record: it is done with, others may have it, nobody is to have it (Java's AcknowledgeType)."""

TAKEN_SECONDS = 20.0
"""How long the reader of a pipe may take for a batch before it is acknowledged: less than the 30 s for which brokers
keep acquired records for a member (group.share.record.lock.duration.ms)."""

MOST_RECORDS = 500
"""How many records are acquired at once, Java's max.poll.records: others wait for them until they are acknowledged."""


class ShareSource(Protocol):
    """What a share group reads: a topic of a cluster."""

    @property
    def brokers(self) -> Brokers:
        """How the cluster is reached."""
        ...

    @property
    def topic(self) -> str:
        """The topic's name."""
        ...

    @property
    def group(self) -> str:
        """The group's name."""
        ...


class ShareRequest(NamedTuple):
    """The topic to read as a member of a share group, what is said of each record, and how it is written.

    The reading ends after `max_messages` records (None: never), or when none came for `patience` seconds.
    """

    brokers: Brokers
    topic: str
    group: str
    acknowledgement: str
    max_messages: int | None
    patience: float
    output: RecordOutput


class ShareMember:
    """A member of a share group: takes batches, and acknowledges what the reader of `output` took of them.

    `in_flight` is the batch that is being written.
    """

    def __init__(self, consumer: Any, acknowledgement: str, output: Output) -> None:
        self.in_flight: Batch = ()
        self._consumer = consumer
        self._output = output
        self._written: list[Any] = []
        self._kinds = confluent_kafka().AcknowledgeType
        self._kind = self._kinds[acknowledgement]
        self._acquired: dict[tuple[str, int, int], Any] = {}
        self._lost = 0
        consumer.set_acknowledgement_commit_callback(self._on_acknowledged)

    def take(self, seconds: float) -> Batch:
        """Return the records that come within so many seconds; what the last batch was acknowledged with is sent.

        Records that were taken before and not written are released to others. Where the reader of stdout is gone,
        nothing is taken.
        """
        self._settle()
        if not self._output.is_open:
            return ()
        batch = list(self._consumer.poll(seconds))
        self._acquired = {_key(message): message for message in batch if message.error() is None}
        return batch

    def store(self, batch: Batch) -> None:
        """Have records, which were written, acknowledged by the next `take` or `leave`."""
        self._written += batch
        self.in_flight = ()

    def leave_out(self, message: Any) -> None:
        """Reject a record that cannot be read, so that nobody gets it again."""
        self._acknowledge(message, self._kinds[REJECT])

    def _settle(self) -> None:
        """Acknowledge the last batch: what was written as the user says, the rest so that others get it.

        Where the reader of stdout is gone, nobody knows how much of the last batch it used: others get all of it.
        """
        # `head` goes with most of what was written still in the pipe: only what it took may count as delivered.
        self._output.wait_until_taken(TAKEN_SECONDS)
        if self._output.is_open:
            for message in self._written:
                self._acknowledge(message, self._kind)
        self._written.clear()
        # What is left was not written: more came than was wanted, or the reader went. Brokers would keep it for this
        # member until the lock's 30 s are over.
        for message in list(self._acquired.values()):
            self._acknowledge(message, self._kinds[RELEASE])

    def leave(self) -> str:
        """Send what is acknowledged, release the rest, leave the group; return what went wrong, "" where nothing."""
        self._settle()
        return leave_group(self._consumer)

    @property
    def lost(self) -> int:
        """How many records were written whose acknowledgement the brokers refused: their time was over."""
        return self._lost

    def _acknowledge(self, message: Any, kind: Any) -> None:
        if self._acquired.pop(_key(message), None) is not None:
            self._consumer.acknowledge(message, kind)

    def _on_acknowledged(self, offsets: Mapping[Any, Any], failure: Any) -> None:
        # Called inside of poll and commit_sync, in the loop's thread: the count needs no lock.
        if failure is not None:
            self._lost += sum(len(each) for each in offsets.values())


def leave_group(consumer: Any) -> str:
    """Send what a share consumer acknowledged, and close it; return what went wrong, "" where nothing did."""
    try:
        # Before the close, which does not tell whether brokers took the acknowledgements.
        answers = consumer.commit_sync(LEAVE_SECONDS)
        failed = sorted({words(each.args[0]) for each in answers.values() if each is not None})
        consumer.close()
    except confluent_kafka().KafkaException as error:
        return words(error.args[0])
    return ", ".join(failed)


def _key(message: Any) -> tuple[str, int, int]:
    return message.topic(), message.partition(), message.offset()


def consume_shared(
    request: ShareRequest, formatter: Formatter | None = None, show_progress: ShowProgress = show_nothing
) -> int:
    """Write records to stdout until the request's end, a signal or the end of stdout; return the exit status.

    Raises KafkaToolError where the cluster or the topic cannot be reached, and where an error ends the reading.
    """
    if sys.stdout is None:
        raise KafkaToolError("stdout is closed")
    cluster = Cluster(request.brokers)
    check_source(cluster, request)
    # No more than are wanted: what is acquired and not written is kept from the other members for a while.
    most = MOST_RECORDS if request.max_messages is None else max(1, min(MOST_RECORDS, request.max_messages))
    consumer = opened(cluster, request, {"max.poll.records": most, "check.crcs": True}, "explicit")
    with Output() as output, stop_by_signal(output.release) as stop, rare_collections():
        member = ShareMember(consumer, request.acknowledgement, output)
        written = formatter or compile_format(request.output)
        option = "--reject-message-on-error"
        writer = RecordWriter(written, output, member, stop, request.output.skip_unreadable, option)
        try:
            total = None if covers_records(output.descriptor) else request.max_messages
            with show_progress(f"consuming {request.topic}", total) as progress:
                _rounds(request, cluster, member, writer, output, stop, progress)
        finally:
            failed = _leave(member, output, writer)
            output.write(last_words(request.output, writer.processed), LAST_RECORD_SECONDS)
        return stop.status or int(failed)


def check_source(cluster: Cluster, source: ShareSource) -> None:
    """Raise KafkaToolError where the topic is not there: a share consumer would wait for it without a word.

    UnsupportedError where confluent-kafka has no share consumer.
    """
    kafka = confluent_kafka()
    if not hasattr(kafka, "ShareConsumer"):
        raise UnsupportedError(
            f"confluent-kafka {kafka.__version__} has no share consumer.", "2.16 has: pip install -U confluent-kafka"
        )
    from confluent_kafka.admin import AdminClient

    settings = client_settings(source.brokers.bootstrap_servers, source.brokers.config)
    admin = cluster.open(AdminClient, settings | {"error_cb": cluster.outages.on_error})
    cluster.partitions(admin, source.topic)


def opened(
    cluster: Cluster, source: ShareSource, own: Mapping[str, Any], mode: str = "implicit", client_id: str | None = None
) -> Any:
    """Return a share consumer that subscribes to the topic, with a loop's `own` settings, which the user's override.

    `mode` is how it acknowledges, which no user sets, and `client_id` overrides that of all settings. Raises
    KafkaToolError for settings that librdkafka refuses.
    """
    settings = client_settings(source.brokers.bootstrap_servers, source.brokers.config)
    del settings["allow.auto.create.topics"]  # a share consumer (librdkafka 2.16) takes no such setting
    fixed = {"error_cb": cluster.outages.on_error, "group.id": source.group, "share.acknowledgement.mode": mode}
    named = {} if client_id is None else {"client.id": client_id}
    consumer = cluster.open(confluent_kafka().ShareConsumer, dict(own) | settings | fixed | named)
    consumer.subscribe([source.topic])
    return consumer


def _rounds(
    request: ShareRequest,
    cluster: Cluster,
    member: ShareMember,
    writer: RecordWriter,
    output: Output,
    stop: Stop,
    progress: Progress,
) -> None:
    left = sys.maxsize if request.max_messages is None else request.max_messages
    idle_since = time.monotonic()
    told: set[int] = set()
    while left > 0 and output.is_open and not stop:
        batch = without_errors(_taken(request, member, min(POLL_SECONDS, request.patience)), request, told)
        if batch:
            left -= writer.write(batch[:left])
            idle_since = time.monotonic()
            progress.advance(writer.processed, writer.processed)
        elif time.monotonic() - idle_since >= request.patience:
            return
        else:
            cluster.outages.watch()
        output.look()


def _taken(request: ShareRequest, member: ShareMember, seconds: float) -> Batch:
    try:
        return member.take(seconds)
    except confluent_kafka().KafkaException as error:
        raise failure(request, error.args[0]) from error


def without_errors(batch: Batch, source: ShareSource, told: set[int]) -> Batch:
    """Return the batch without its errors. Raises KafkaToolError for one that waiting does not cure."""
    for message in batch:
        error = message.error()
        if error is None:
            continue
        if not (error.retriable() or error.name() in CURABLE):
            raise failure(source, error)
        if error.name() not in SILENT and error.code() not in told:
            told.add(error.code())
            note(f"ktools: {words(error)}. Waiting.")
    return [message for message in batch if message.error() is None]


def failure(source: ShareSource, error: Any) -> KafkaToolError:
    """Return the error that ends the reading."""
    hint = missing_right(error, source.topic, "READ", source.group)
    return KafkaToolError(f"cannot go on reading topic '{source.topic}': {words(error)}", hint)


def _leave(member: ShareMember, output: Output, writer: RecordWriter) -> bool:
    """Acknowledge what was written and leave the group; say how many records there were, and return whether it failed.

    Where the reader of stdout is gone the last batch is not acknowledged: what of it was used nobody knows.
    """
    why = member.leave()
    note(f"Processed a total of {writer.processed} messages")
    if not output.is_open:
        note("Unable to write to standard out, closing consumer.")
    if why or member.lost:
        lost = f"{member.lost} records " if member.lost else "the last records "
        note(f"ktools: {lost}were not acknowledged{f' ({why})' if why else ''}: the group will get them again")
    return bool(why or member.lost)
