"""The console consumer's loop: records of topics to stdout; a group's offsets follow what was written."""

import sys
import time
from collections.abc import Collection
from typing import Any

from kafka_tools.brokers.library import confluent_kafka
from kafka_tools.brokers.session import client_settings
from kafka_tools.console.cluster import Cluster, GroupWait
from kafka_tools.console.consume import ConsumeRequest, RecordOutput
from kafka_tools.console.consume.discovery import Discovery, Topics, may_grow
from kafka_tools.console.consume.failures import Failures
from kafka_tools.console.consume.group import GroupMember
from kafka_tools.console.consume.readers import DirectReader, Reader
from kafka_tools.console.consume.writing import LAST_RECORD_SECONDS, Output, RecordWriter
from kafka_tools.console.formats import Batch, Formatter, json
from kafka_tools.console.formats.plain import compile_formatter
from kafka_tools.console.outages import Leaders
from kafka_tools.console.process import (
    Progress,
    ShowProgress,
    Stop,
    covers_records,
    end_aside,
    note,
    rare_collections,
    show_nothing,
    stop_by_signal,
)
from kafka_tools.console.records import has_errors
from kafka_tools.errors import KafkaToolError
from kafka_tools.model.topics import TopicPartition

BATCH = 2000
"""At most so many records are formatted and written at once."""

POLL_SECONDS = 0.1

LEAVE_SECONDS = 10.0
"""How long the last commit and the farewell to the group may take."""

STOP_SECONDS = 2.0
"""How long they may take where the user wants to end and the group's coordinator does not answer."""

SETTINGS: dict[str, Any] = {
    "isolation.level": "read_uncommitted",  # Apache's default; librdkafka's is read_committed
    "check.crcs": True,  # as Java does
    "fetch.queue.backoff.ms": 5,  # the default 1000 is how long librdkafka sleeps on a full queue: 14.3 s for 1.7
    "queued.max.messages.kbytes": 32768,
    "receive.message.max.bytes": 1_000_000_000,
    "auto.commit.interval.ms": 5000,
    "topic.metadata.refresh.interval.ms": 10_000,  # when a group sees new partitions of its topics
}

NO_GROUP = "ktools-console-consumer"
"""librdkafka wants a name even where partitions are assigned directly; no group of this name comes to be.

It looks for the group's coordinator nevertheless, whatever its settings, as `assign` is one of a group's methods there:
a cluster that never had a group gets its topic __consumer_offsets by that.
"""


def consume(
    request: ConsumeRequest, formatter: Formatter | None = None, show_progress: ShowProgress = show_nothing
) -> int:
    """Write records to stdout until the request's end, a signal or the end of stdout; return the exit status.

    `formatter` writes them where the request's own words for it do not say how; `show_progress` tells how far it is.
    Raises KafkaToolError where the cluster or the topic cannot be reached, and where an error ends the reading.
    """
    if sys.stdout is None:
        raise KafkaToolError("stdout is closed")
    source = request.source
    cluster = Cluster(source.brokers)
    consumer = cluster.open(confluent_kafka().Consumer, _settings(request, cluster))
    topics = Topics(source)
    partitions = topics.partitions(consumer, cluster)
    discovery = Discovery(source, topics, set(partitions)) if may_grow(request) else None
    with Output() as output, stop_by_signal(output.release) as stop, rare_collections():
        written = formatter or compile_format(request.output)
        loop = Loop(request, consumer, cluster, output, stop, written, discovery, show_progress)
        try:
            loop.reader.begin(partitions)
            with loop.reader.served():
                loop.run(partitions)
        finally:
            uncommitted = loop.leave()
            output.write(last_words(request.output, loop.writer.processed), LAST_RECORD_SECONDS)
        return stop.status or (1 if uncommitted or loop.left_out else 0)


def _settings(request: ConsumeRequest, cluster: Cluster) -> dict[str, Any]:
    brokers, membership = request.source.brokers, request.membership
    return (
        SETTINGS
        | client_settings(brokers.bootstrap_servers, brokers.config)
        | {
            "error_cb": cluster.outages.on_error,
            "group.id": NO_GROUP if membership is None else membership.group,
            "enable.auto.commit": membership is not None and membership.commits,
            "enable.auto.offset.store": False,  # an offset is stored after its record was written, by Reader.store
            "auto.offset.reset": "error",  # Failures decides, and says so
            "enable.partition.eof": request.window.has_end or request.window.last is not None,
        }
    )


def last_words(options: RecordOutput, count: int) -> bytes:
    """Return what follows the records on stdout."""
    if options.form == "json":
        return json.array_end(count)
    return b"shutdown_complete\n" if options.says_end else b""


def compile_format(options: RecordOutput) -> Formatter:
    if options.form == "plain":
        return compile_formatter(options.formatter, options.record_format)
    return json.compile_array() if options.form == "json" else json.compile_lines()


class Loop:
    """Takes batches from one consumer and has them written, from its first to its last record.

    `left_out` are partitions that had no leader when the reading came to its end.
    """

    def __init__(
        self,
        request: ConsumeRequest,
        consumer: Any,
        cluster: Cluster,
        output: Output,
        stop: Stop,
        formatter: Formatter,
        discovery: Discovery | None = None,
        show_progress: ShowProgress = show_nothing,
    ) -> None:
        self._request = request
        self._consumer = consumer
        self._cluster = cluster
        self._output = output
        self._stop = stop
        self._discovery = discovery
        self._show_progress = show_progress
        self._group: GroupWait | None = None
        self._partitions: set[TopicPartition] = set()
        self._is_patient_no_more = False
        self._leaders = Leaders(consumer, cluster.outages, request.source.topic)
        self.left_out: frozenset[TopicPartition] = frozenset()
        self.reader: Reader = DirectReader(consumer, request.window, self._leaders)
        if request.membership is not None:
            self._group = GroupWait(cluster, consumer, request.membership.group)
            self.reader = GroupMember(consumer, request.membership, request.window, output, self._leaders)
        self.writer = RecordWriter(formatter, output, self.reader, stop, request.output.skip_unreadable)
        self._failures = Failures(request, consumer, self.reader)

    def run(self, partitions: Collection[TopicPartition] = ()) -> None:
        """Take, write and store batch by batch; on a terminal, tell how far it is where the end is known.

        `partitions` are all that are meant, with a leader or without.
        """
        self._partitions = set(partitions)
        if self._discovery is not None:
            self._discovery.start()
        total = None if covers_records(self._output.descriptor) else self._share()[1]
        with self._show_progress(f"consuming {self._request.source.name}", total) as progress:
            self._rounds(progress)
        if self._has_ended() or self._is_patient_no_more:
            self._leave_out()

    def _rounds(self, progress: Progress) -> None:
        window = self._request.window
        left = window.max_messages if window.max_messages is not None else sys.maxsize
        patience = window.patience
        idle_since = time.monotonic()
        while left > 0 and self._output.is_open and not self._stop and not self._has_ended():
            batch = self._take(left, min(POLL_SECONDS, patience))
            if batch:
                left -= self.writer.write(batch)
                idle_since = time.monotonic()
            elif time.monotonic() - idle_since >= patience:
                self._cluster.check_read(self._consumer, self._request.source.topic)
                self._is_patient_no_more = True
                return
            else:
                self._idle()
            progress.advance(self.writer.processed, *self._share())
            if self._discovery is not None and self._discovery.found:
                self._add(self._discovery.take())
            if self._leaders.watch(self._partitions):
                self._go_on_with_returned()

    def _add(self, partitions: set[TopicPartition]) -> None:
        self._partitions |= partitions
        self.reader.add(partitions)

    def _go_on_with_returned(self) -> None:
        """Read partitions that have a leader again, and reset those whose leader could not say where to go on."""
        self.reader.returned(self._partitions - self._leaders.missing)
        self._failures.retry(self._leaders.missing)

    def _leave_out(self) -> None:
        """Tell which partitions had no leader and were not read to their end."""
        self.left_out = frozenset(self._leaders.missing & self._partitions)
        if self.left_out:
            names = ", ".join(f"{each.topic}-{each.partition}" for each in sorted(self.left_out))
            note(f"ktools: not read to the end, as it has no leader: {names}")

    def _take(self, left: int, wait: float) -> Batch:
        """Return what is here already, at most `left` records; where nothing is, wait `wait` seconds for a record."""
        # `taken` is shared with GroupMember._serve, the handler of SIGALRM, and with GroupMember._forget, librdkafka's
        # callback for lost partitions, without a lock. That is correct because
        # - Python runs a signal's handler in this thread, between two bytecodes, never beside them;
        # - the handler does nothing unless Output.is_writing, so never while this function runs;
        # - _forget is called inside of poll, consume and close only, in this thread, too;
        # - both change the list in place, and so does this function (clear, never a new list): all see the same one.
        # What the handler took is older than all that is still in librdkafka's queue: it goes first.
        #
        # One poll that waits, then what is here already: `consume(500, 1.0)` alone would hold a lone record back for
        # 946 ms. Never more than `left` is taken: what is only in librdkafka's queue goes to the group's next member.
        taken = self.reader.taken
        if not taken:
            message = self._consumer.poll(wait)
            if message is None:
                return ()
            taken.append(message)
        more = self._consumer.consume(max(0, min(BATCH, left) - len(taken)), 0)
        batch: Batch = (taken + more)[:left]
        taken.clear()
        if has_errors(batch):
            batch = self._failures.without_errors(batch)
        return batch if self.reader.ends is None else self.reader.ends.within(batch)

    def _share(self) -> tuple[int, int | None]:
        """Return how much has been read and how much that will be, if it is known: of offsets or of records."""
        most, ends = self._request.window.max_messages, self.reader.ends
        if ends is None or (most is not None and most < ends.total):
            return self.writer.processed, most
        return ends.covered, ends.total

    def _idle(self) -> None:
        """While no record comes: notice a closed stdout, an outage, and a group that does not share out partitions."""
        self._output.look()
        self._cluster.outages.watch()
        if self._group is not None:
            self._group.look(self.reader.waiting_since)

    def _has_ended(self) -> bool:
        """Return whether every partition that is read here has reached its end."""
        ends = self.reader.ends
        if ends is None or self.reader.waiting_since:
            return False
        return not ends.left & (self.reader.partitions or set())

    def leave(self) -> str:
        """Commit and close the consumer, and say how many records there were; return why it was not committed, or "".

        Gives up after LEAVE_SECONDS: librdkafka alone would wait for a dead cluster until the session times out.
        """
        if self._discovery is not None:
            self._discovery.stop()
        # In a thread: commit and close take no limit (librdkafka waits session.timeout.ms for a dead coordinator), and
        # the process must end. A commit that is late all the same does no harm: all that it covers was written.
        outcome: list[str] = []

        def leave() -> None:
            try:
                outcome.append(self.reader.leave())
            except KafkaToolError as error:  # a thread's error would end as a traceback
                outcome.append(error.message)

        waits_for_group = self._group is not None and self._group.is_told
        waits_in_vain = self._stop and (waits_for_group or self._cluster.outages.seen)
        end_aside(leave, STOP_SECONDS if waits_in_vain else LEAVE_SECONDS)
        note(f"Processed a total of {self.writer.processed} messages")
        if self._request.membership is None:
            return ""
        uncommitted = outcome[0] if outcome else f"no answer within {LEAVE_SECONDS:.0f} s"
        if uncommitted:
            means = ": the group may read some records again" if self.writer.processed else ""
            note(f"ktools: the last offsets were not committed ({uncommitted}){means}")
        return uncommitted
