"""The loop of share-consumer-perf-test: members of a share group, each in a thread of its own."""

import threading
import time
from functools import partial
from typing import Any

from kafka_tools.brokers.library import confluent_kafka
from kafka_tools.console.cluster import Cluster
from kafka_tools.console.consume.loop import LEAVE_SECONDS
from kafka_tools.console.consume.share import MOST_RECORDS, check_source, failure, leave_group, opened, without_errors
from kafka_tools.console.perf import OnMemberRead, Shared, ShareTest, figures_of
from kafka_tools.console.process import (
    Progress,
    ShowProgress,
    Stop,
    note,
    rare_collections,
    show_nothing,
    stop_by_signal,
    time_ms,
)
from kafka_tools.console.records import KEY
from kafka_tools.errors import KafkaToolError
from kafka_tools.model.performance import Read
from kafka_tools.parallel import in_parallel

POLL_SECONDS = 0.1
METRICS_MS = 200
SETTINGS: dict[str, Any] = {
    "check.crcs": False,  # as ShareConsumerPerformance (4.4)
    "max.poll.records": MOST_RECORDS,
}


def run(test: ShareTest, on_read: OnMemberRead, show_progress: ShowProgress = show_nothing) -> Shared:
    """Read the records of a test; return what was measured until its end or a signal.

    What was read is acknowledged. Raises KafkaToolError where the cluster or the topic cannot be reached, and for an
    error that waiting does not cure.
    """
    cluster = Cluster(test.brokers)
    check_source(cluster, test)
    metrics: list[dict[str, float]] = [{} for _ in range(test.consumers)]
    consumers = [
        opened(cluster, test, SETTINGS | _asking(test, figures), client_id=name)
        for name, figures in zip(test.client_ids, metrics, strict=True)
    ]
    with stop_by_signal() as stop, rare_collections():
        race = Race(test, stop, on_read)
        members = [Member(number, consumer, race) for number, consumer in enumerate(consumers, 1)]
        race.members = members
        try:
            with show_progress(f"consuming {test.topic}", test.records) as progress:
                began, ended = race.run(cluster, progress)
        finally:
            lost = _left(consumers)
    if lost:
        note(f"ktools: some records were not acknowledged ({lost}): the group will get them again")
    each = tuple(Read(member.bytes, member.records, began, ended, 0) for member in members)
    read = Read(sum(one.bytes for one in each), sum(one.records for one in each), began, ended, 0)
    figures = tuple(metrics) if test.metrics else ()
    return Shared(read, each, read.records < test.records and not stop, figures, stop.status or int(bool(lost)))


def _asking(test: ShareTest, figures: dict[str, float]) -> dict[str, Any]:
    """Return the settings by which a client tells its figures."""
    if not test.metrics:
        return {}
    return {"statistics.interval.ms": METRICS_MS, "stats_cb": lambda text: figures.update(figures_of(text))}


def _left(consumers: list[Any]) -> str:
    """Acknowledge what was read and leave the group; return what went wrong, "" where nothing did."""
    # Side by side, and not waited for for ever: librdkafka alone waits long for a dead cluster.
    calls = {number: partial(leave_group, consumer) for number, consumer in enumerate(consumers)}
    found = in_parallel(calls, time.monotonic() + LEAVE_SECONDS).values()
    causes = (each.message if isinstance(each, KafkaToolError) else each for each in found)
    return ", ".join(sorted(set(filter(None, causes))))


class Race:
    """One run of a test, which all members end together: when they have read enough, one fails, or the user ends it.

    Each member counts for itself alone, so that no count needs a lock; the sum may be a batch late.
    """

    def __init__(self, test: ShareTest, stop: Stop, on_read: OnMemberRead) -> None:
        self.test = test
        self.members: list[Member] = []
        self.on_read = on_read
        self.failures: list[BaseException] = []
        self._stop = stop
        self._is_given_up = False

    @property
    def records(self) -> int:
        """How many records are read."""
        return sum(member.records for member in self.members)

    @property
    def is_on(self) -> bool:
        """Whether there is more to read."""
        return not (self._stop or self.failures or self._is_given_up) and self.records < self.test.records

    def run(self, cluster: Cluster, progress: Progress) -> tuple[int, int]:
        """Have all members read; return when that began and ended (ms since 1970). Raises what ended a member."""
        began = time_ms()
        threads = [threading.Thread(target=member.run, daemon=True) for member in self.members]
        for thread in threads:
            thread.start()
        try:
            while alive := [thread for thread in threads if thread.is_alive()]:
                before = self.records
                alive[0].join(POLL_SECONDS)  # with a limit: signals are heard in this thread, between two waits
                progress.advance(self.records, self.records)
                if self.records == before:
                    cluster.outages.watch()
        finally:
            self._is_given_up = True
            for thread in threads:  # a client that another thread polls must not be closed
                thread.join()
            # The first frame imports rich: meanwhile all may be read, and the bar would stay at 0.
            progress.advance(self.records, self.records)
        for failed in self.failures:
            raise failed
        return began, max(member.ended for member in self.members)


class Member:
    """One member of the group, with what it read so far; `ended` is when it stopped (ms since 1970)."""

    def __init__(self, number: int, consumer: Any, race: Race) -> None:
        self.records = self.bytes = self.ended = 0
        self._number = number
        self._consumer = consumer
        self._race = race
        self._told: set[int] = set()

    def run(self) -> None:
        """Read until the race is over, or no record comes for the patience of the test."""
        test, race = self._race.test, self._race
        reported = last = time_ms()
        last_records = last_bytes = 0
        try:
            while race.is_on and time_ms() - last <= test.patience:
                # Each with its own clock: a member that gets no partition gives up while others go on.
                if not self._take():
                    continue
                last = now = time_ms()
                if now - reported >= test.interval:
                    new = Read(self.bytes - last_bytes, self.records - last_records, reported, now, 0)
                    race.on_read(new, self.bytes, self.records, self._number)
                    reported, last_records, last_bytes = now, self.records, self.bytes
        except BaseException as error:  # noqa: BLE001  raised again by the main thread
            race.failures.append(error)
        finally:
            self.ended = time_ms()

    def _take(self) -> int:
        """Read a batch, with which the last one is acknowledged; return how many records it has."""
        test = self._race.test
        try:
            batch = without_errors(self._consumer.poll(POLL_SECONDS), test, self._told)
        except confluent_kafka().KafkaException as error:
            raise failure(test, error.args[0]) from error
        self.records += len(batch)
        self.bytes += sum(map(len, batch)) + sum(map(len, filter(None, map(KEY, batch))))
        return len(batch)
