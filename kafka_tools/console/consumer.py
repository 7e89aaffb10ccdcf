"""The console consumer's loop: records of topics to stdout; a group's offsets follow what was written."""

import sys
import time
from typing import Any

from kafka_tools.brokers.library import confluent_kafka
from kafka_tools.brokers.session import client_settings
from kafka_tools.console.cluster import Cluster, missing_right, words
from kafka_tools.console.direct import DirectReader
from kafka_tools.console.discovery import Discovery
from kafka_tools.console.format import Batch, Formatter, UnreadableError
from kafka_tools.console.formatters import compile_formatter
from kafka_tools.console.group import GroupMember, leave
from kafka_tools.console.memory import rare_collections
from kafka_tools.console.notes import note
from kafka_tools.console.output import Output, whole
from kafka_tools.console.positions import EARLIEST, Ends, Place
from kafka_tools.console.progress import Progress, ShowProgress, covers_records, show_nothing
from kafka_tools.console.request import ConsumeRequest, Topics
from kafka_tools.console.stopping import Stop, stop_by_signal
from kafka_tools.errors import KafkaToolError

BATCH = 2000
"""At most so many records are formatted and written at once."""

POLL_SECONDS = 0.1

LAST_RECORD_SECONDS = 5.0
"""How long a record that was half written when the user stopped waits for its reader."""

RESPONSE_SECONDS = 5.0

GROUP_SECONDS = 10.0
"""How long a group takes to share out its partitions before the user is told."""

SETTINGS: dict[str, Any] = {
    "isolation.level": "read_uncommitted",  # Apache's default; librdkafka's is read_committed
    "check.crcs": True,  # as Java does
    "fetch.queue.backoff.ms": 5,
    "queued.max.messages.kbytes": 32768,
    "receive.message.max.bytes": 1_000_000_000,
    "auto.commit.interval.ms": 5000,
    "topic.metadata.refresh.interval.ms": 10_000,  # when a group sees new partitions of its topics
}
CURABLE = frozenset(
    {
        "UNKNOWN_TOPIC_OR_PART",
        "UNKNOWN_TOPIC_ID",
        "_UNKNOWN_TOPIC",
        "_UNKNOWN_PARTITION",
        "LEADER_NOT_AVAILABLE",
        "NOT_LEADER_FOR_PARTITION",
        "FENCED_LEADER_EPOCH",
        "UNKNOWN_LEADER_EPOCH",
        "REPLICA_NOT_AVAILABLE",
        "KAFKA_STORAGE_ERROR",
        "OFFSET_NOT_AVAILABLE",
        "BROKER_NOT_AVAILABLE",
        "COORDINATOR_NOT_AVAILABLE",
        "COORDINATOR_LOAD_IN_PROGRESS",
        "NOT_COORDINATOR",
        "REBALANCE_IN_PROGRESS",
        "REQUEST_TIMED_OUT",
        "NETWORK_EXCEPTION",
        "_WAIT_COORD",
        "_TIMED_OUT",
        "_TRANSPORT",
        "_RESOLVE",
        "_ALL_BROKERS_DOWN",
        "_MAX_POLL_EXCEEDED",
    }
)
"""Names of errors that may end by themselves while the consumer waits."""

SILENT = frozenset({"_TRANSPORT", "_RESOLVE", "_TIMED_OUT", "_ALL_BROKERS_DOWN", "_MAX_POLL_EXCEEDED"})
"""Those that say nothing of the topic; `Outages.watch` tells of an outage."""

OF_A_GROUP = frozenset(
    {"GROUP_AUTHORIZATION_FAILED", "COORDINATOR_NOT_AVAILABLE", "COORDINATOR_LOAD_IN_PROGRESS", "NOT_COORDINATOR"}
)
"""Those that concern nobody but members of a group."""

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
    cluster = Cluster(request.bootstrap_servers, request.security)
    settings = _settings(request, cluster)
    consumer = cluster.open(confluent_kafka().Consumer, settings)
    topics = Topics(request)
    places = topics.places(consumer, cluster)
    with Output() as output, stop_by_signal(output.release) as stop, rare_collections():
        loop = Loop(request, consumer, cluster, output, stop, formatter or _format(request), show_progress)
        if topics.may_grow:
            shared = client_settings(request.bootstrap_servers, request.config)
            wanted = Discovery(shared, request.topic, topics.wanted, set(places), request.discovery_seconds)
            loop.discovery = wanted
        return _run(loop, places)


def _settings(request: ConsumeRequest, cluster: Cluster) -> dict[str, Any]:
    shared = client_settings(request.bootstrap_servers, request.config)
    return (
        SETTINGS
        | shared
        | {
            "error_cb": cluster.outages.on_error,
            "group.id": request.group or NO_GROUP,
            "enable.auto.commit": request.group is not None and request.commits,
            "enable.auto.offset.store": False,
            "auto.offset.reset": "error",  # the loop decides, and says so
            "enable.partition.eof": request.window.has_end,
        }
    )


def _run(loop: "Loop", places: list[Place]) -> int:
    request, group = loop.request, loop.group
    try:
        loop.begin(places)
        if group is None:
            loop.run()
        else:
            with group.served():
                loop.run()
    finally:
        if loop.discovery is not None:
            loop.discovery.stop()
        uncommitted = leave(loop.consumer, group)
        note(f"Processed a total of {loop.processed} messages")
        if uncommitted:
            note(f"ktools: the last offsets were not committed ({uncommitted}): the group may read some records again")
        loop.output.write(_last_words(request, loop.processed), LAST_RECORD_SECONDS)
    return loop.stop.status or (1 if uncommitted else 0)


def _last_words(request: ConsumeRequest, count: int) -> bytes:
    """Return what follows the records on stdout."""
    if request.output == "json":
        from kafka_tools.console.jsonl import array_end

        return array_end(count)
    return b"shutdown_complete\n" if request.says_end else b""


def _format(request: ConsumeRequest) -> Formatter:
    if request.output == "plain":
        return compile_formatter(request.formatter, request.record_format)
    from kafka_tools.console import jsonl

    return jsonl.compile_array() if request.output == "json" else jsonl.compile_lines()


class Loop:
    """One consumer from its first to its last record; `processed` is how many records were written or left out."""

    def __init__(
        self,
        request: ConsumeRequest,
        consumer: Any,
        cluster: Cluster,
        output: Output,
        stop: Stop,
        formatter: Formatter,
        show_progress: ShowProgress = show_nothing,
    ) -> None:
        self.request = request
        self.consumer = consumer
        self.cluster = cluster
        self.output = output
        self.stop = stop
        self.group = None
        self.discovery: Discovery | None = None
        self.processed = 0
        if request.group is not None:
            self.group = GroupMember(consumer, request.reset, output, request.commits, request.cooperative)
        self._reader = self.group or DirectReader(consumer)
        self._format = formatter
        self._show_progress = show_progress
        self._taken = self._reader.taken
        self._ends: Ends | None = None
        self._told: set[int] = set()
        self._told_of_group = False

    def begin(self, places: list[Place]) -> None:
        """Ask for the partitions, or for a share of them."""
        window = self.request.window
        if self.discovery is not None:
            self.discovery.start()
        if self.group is None:
            starts = window.starts(self.consumer, places)
            if window.has_end:
                self._ends = Ends(window.ends(self.consumer, places), starts)
            DirectReader.begin(self._reader, starts)  # type: ignore[arg-type]
            return
        if window.has_end:
            self._ends = self.group.ends = Ends(window.ends(self.consumer, places), {})
        self.group.join(sorted({topic for topic, _ in places}), set(places))

    def run(self) -> None:
        """Take, write and store batch by batch; on a terminal, tell how far it is where the end is known."""
        total = None if covers_records(self.output.descriptor) else self._share()[1]
        with self._show_progress(f"consuming {self.request.name}", total) as progress:
            self._rounds(progress)

    def _rounds(self, progress: Progress) -> None:
        left = self.request.max_messages if self.request.max_messages is not None else sys.maxsize
        patience = self._patience()
        idle_since = time.monotonic()
        while left > 0 and self.output.is_open and not self.stop and not self._has_ended():
            batch = self._take(left, min(POLL_SECONDS, patience))
            if batch:
                left -= self._write(batch)
                idle_since = time.monotonic()
            elif time.monotonic() - idle_since >= patience:
                self.cluster.check_read(self.consumer, self.request.topic)
                return
            else:
                self._wait()
            progress.advance(self.processed, *self._share())
            if self.discovery is not None and self.discovery.found:
                self._reader.add(self.discovery.take())

    def _share(self) -> tuple[int, int | None]:
        """Return how much has been read and how much that will be, if it is known: of offsets or of records."""
        most = self.request.max_messages
        if self._ends is None or (most is not None and most < self._ends.total):
            return self.processed, most
        return self._ends.covered, self._ends.total

    def _wait(self) -> None:
        """Tell once what is waited for, where that is not the next record, and look whether somebody still reads."""
        self.output.look()
        self.cluster.outages.watch()
        since = self.group and self.group.waiting_since
        if since and not self._told_of_group and time.monotonic() - since > GROUP_SECONDS:
            self._told_of_group = True
            note(
                "ktools: waiting for the group to share out its partitions (a member that was killed leaves it when "
                "its session.timeout.ms have passed)"
            )

    def _has_ended(self) -> bool:
        """Say whether every partition that is read here has reached its end."""
        if self._ends is None or (self.group and self.group.waiting_since):
            return False
        return not self._ends.left & (self._reader.places or set())

    def _take(self, left: int, wait: float) -> Batch:
        """Return what is here already, at most `left` records; where nothing is, wait `wait` seconds for a record."""
        from kafka_tools.console.parts import has_errors

        taken = self._taken
        if not taken:
            message = self.consumer.poll(wait)
            if message is None:
                return ()
            taken.append(message)
        more = self.consumer.consume(max(0, min(BATCH, left) - len(taken)), 0)
        batch: Batch = (taken + more)[:left]
        taken.clear()
        if has_errors(batch):
            batch = self._records(batch)
        return batch if self._ends is None else self._ends.within(batch)

    def _patience(self) -> float:
        """Return for how many seconds no record may come."""
        timeout = self.request.timeout_ms
        return float("inf") if timeout is None or timeout < 0 else timeout / 1000

    def _write(self, batch: Batch) -> int:
        """Write the batch, store its offsets, return how many records were processed: fewer only when this is the end.

        Raises KafkaToolError for a record that cannot be read, after those before it were written.
        """
        try:
            content = self._format(batch)
        except UnreadableError:
            return self._write_readable(batch)
        return self._put(batch, content)

    def _put(self, batch: Batch, content: bytes) -> int:
        self._reader.in_flight = batch
        done = self.output.write(content)
        if done < len(content):
            batch = self._whole_records(batch, content, done)
        self.processed += len(batch)
        self._reader.store(batch)
        return len(batch)

    def _write_readable(self, batch: Batch) -> int:
        """Write record by record, without those that cannot be read."""
        count = 0
        for message in batch:
            try:
                content = self._format([message])
            except UnreadableError as error:
                self.processed += 1
                count += 1
                place = f"{message.topic()}-{message.partition()} at offset {message.offset()}"
                if not self.request.skip_unreadable:
                    raise KafkaToolError(f"{place}: {error}", "--skip-message-on-error goes on after it.") from error
                note(f"ktools: {place} is left out: {error}")
                self._reader.store([message])
            else:
                count += self._put([message], content)
            if not self.output.is_open or self.stop:
                break
        return count

    def _whole_records(self, batch: Batch, content: bytes, done: int) -> Batch:
        """Return the records that were written wholly; one that was cut is completed if its reader lets it."""
        lengths = [len(self._format([message])) for message in batch]
        heading = len(content) - sum(lengths)
        count, end = whole(lengths, max(0, done - heading))
        end += heading
        if end < done and self.output.is_open:
            rest = content[done : end + lengths[count]]
            if self.output.write(rest, LAST_RECORD_SECONDS) == len(rest):
                count += 1
            else:
                note("ktools: the output ends within a record, as nobody reads it; that record is not counted")
        return batch[:count]

    def _records(self, batch: Batch) -> Batch:
        """Return the batch without its errors. Raises KafkaToolError for one that waiting does not cure."""
        for message in batch:
            error = message.error()
            if error is not None:
                self._judge(message, error)
        return [message for message in batch if message.error() is None]

    def _judge(self, message: Any, error: Any) -> None:
        if error.name() == "_PARTITION_EOF":
            if self._ends is not None:
                self._ends.at((message.topic(), message.partition()), message.offset())
        elif error.name() == "_AUTO_OFFSET_RESET":
            self._reset((message.topic(), message.partition()), message.offset())
        elif self.group is None and error.name() in OF_A_GROUP:
            return
        elif not (error.retriable() or error.name() in CURABLE):
            right = missing_right(error, self.request.topic or message.topic(), "READ", self.request.group)
            raise KafkaToolError(f"cannot go on reading {self.request.subject}: {words(error)}", right)
        elif error.name() not in SILENT and error.code() not in self._told:
            self._told.add(error.code())
            note(f"ktools: {words(error)}. Waiting.")

    def _reset(self, place: Place, offset: int) -> None:
        """Go on where the request says, as a partition has no record at `offset` (negative: it was never known)."""
        kafka, (topic, partition) = confluent_kafka(), place
        if self.request.reset is None:
            raise KafkaToolError(f"{topic}-{partition} has no offset {offset} (auto.offset.reset=none)")
        low, high = self.consumer.get_watermark_offsets(kafka.TopicPartition(topic, partition), RESPONSE_SECONDS)
        target = low if self.request.reset == EARLIEST else high
        if offset >= 0:
            has = f"it begins at {low} and ends before {high}"
            note(f"ktools: {topic}-{partition} has no offset {offset} ({has}): reading goes on at {target}")
        if self._ends is not None:
            self._ends.at(place, target)
        self._reader.go_to(place, target)
