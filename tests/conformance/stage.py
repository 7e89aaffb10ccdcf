"""The cluster around one case: what is there before the run, what is there after it, and nothing in the end."""

import json
import tempfile
import time
import uuid
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from tests.conformance import aftermath
from tests.conformance.case import Case

WAIT_SECONDS = 60.0


class Stage:
    """Prepares a cluster for one case and looks at what the run left there.

    Steps of `setup`:
        topic NAME 1:2:3,2:3:1 [key=value …]     replicas of each partition, topic configs
        record NAME JSON                          {"partition", "key", "value", "headers", "timestamp"}; null is null
        transaction NAME commit|abort JSON        the same, in a transaction
        config LINE                               one more line of the file {config}
        committed GROUP NAME PARTITION OFFSET
        internal-topics                           __consumer_offsets is there
        broker-down ID                            kill -9, until no partition of the case counts on it
    """

    def __init__(self, case: Case, bootstrap: str, zookeeper: str, sandbox: Callable[..., Any]) -> None:
        self.case = case
        self.config: dict[str, Any] = {
            "bootstrap.servers": bootstrap,
            "log_level": 0,
            "allow.auto.create.topics": False,
        }
        self.admin = AdminClient(self.config)
        self.sandbox = sandbox
        mark = f"{zlib.crc32(case.name.encode()):08x}" if case.fixed_names else uuid.uuid4().hex[:8]
        self.topic, self.group = f"kt-{mark}", f"kg-{mark}"
        self.config_file = Path(tempfile.gettempdir(), f"kc-{mark}.properties")
        self.placeholders = {
            "{config}": str(self.config_file),
            "{topic}": self.topic,
            "{group}": self.group,
            "{bootstrap}": bootstrap,
        } | ({"{zookeeper}": zookeeper} if zookeeper else {})
        self.down: list[str] = []

    @contextmanager
    def prepared(self) -> Iterator["Stage"]:
        """The set-up before the run, the clean-up after it."""
        self._delete_topics()
        try:
            for step in self.case.setup:
                self._step(*self.filled(step).split(" ", 1))
            yield self
        finally:
            while self.down:
                self.sandbox("sandbox", "start", self.down.pop())
            self._delete_topics()
            self._delete_group()
            self.config_file.unlink(missing_ok=True)

    def filled(self, text: str) -> str:
        """Return `text` with this run's names for the placeholders."""
        for placeholder, value in self.placeholders.items():
            text = text.replace(placeholder, value)
        return text

    def argv(self) -> list[str]:
        """The arguments of the run."""
        return [self.filled(word) for word in self.case.argv]

    def leaves(self, expected: str | None = None) -> str:
        """Describe what the run left: topics it changed, records it sent, offsets it committed.

        A change of topics reaches the brokers a moment after the tool ended: waits up to 10 s for `expected`, or until
        what is there stays the same for a second if that is None.
        """
        found = self._found()
        if not self._changes_topics():
            return found
        refused = expected == "" and "--delete" not in self.case.argv  # nothing comes, nothing goes
        since, deadline = time.monotonic(), time.monotonic() + (1 if refused else 10)
        while time.monotonic() < deadline and found != expected:
            time.sleep(0.1)
            before, found = found, self._found()
            since = since if found == before else time.monotonic()
            if expected is None and time.monotonic() - since > 1:
                break
        return found

    def _changes_topics(self) -> bool:
        return self.case.tool == "topics" and not {"--create", "--alter", "--delete"}.isdisjoint(self.case.argv)

    def _found(self) -> str:
        if self.case.tool == "topics":
            lines = aftermath.topics(self.admin, self.topic, self.case.argv) if self._changes_topics() else []
        elif self.case.tool == "console-producer":
            lines = list(aftermath.records(self.config, self.admin, self.topic))
        else:
            grouped = "{group}" in " ".join(self.case.argv)
            lines = aftermath.committed(self.config, self.group, self.topic) if grouped else []
        found = "".join(lines)
        for placeholder, value in self.placeholders.items():
            found = found.replace(value, placeholder)
        return found

    def _step(self, kind: str, words: str = "") -> None:
        match kind:
            case "topic":
                self._create(*words.split())
            case "record":
                self._send(Producer(self.config), *words.split(" ", 1))
            case "transaction":
                self._send_in_transaction(*words.split(" ", 2))
            case "config":
                with self.config_file.open("a", encoding="utf-8") as file:
                    file.write(f"{words}\n")
            case "committed":
                self._commit(*words.split())
            case "internal-topics":
                self._commit(self.group, "__consumer_offsets", "0", "0")
            case "broker-down":
                self._kill(words)
            case _:
                raise ValueError(f"{self.case.name}: no such step: {kind}")

    def _create(self, name: str, assignment: str, *configs: str) -> None:
        replicas = [[int(broker) for broker in partition.split(":")] for partition in assignment.split(",")]
        config = dict(entry.split("=", 1) for entry in configs)
        if self.case.tool != "topics":
            config["retention.ms"] = "-1"  # the fixed time of the records is long past: they would be deleted
        topic = NewTopic(name, num_partitions=len(replicas), replica_assignment=replicas, config=config)
        self.admin.create_topics([topic], operation_timeout=30)[name].result()
        self._until(lambda: aftermath.leaders(self.admin, name) == [partition[0] for partition in replicas])
        self._until(lambda: aftermath.served(self.admin, name, len(replicas)))

    def _send_in_transaction(self, name: str, ending: str, text: str) -> None:
        producer = Producer({**self.config, "transactional.id": self.topic})
        producer.init_transactions(WAIT_SECONDS)
        producer.begin_transaction()
        self._send(producer, name, text)
        producer.commit_transaction() if ending == "commit" else producer.abort_transaction()

    def _send(self, producer: Producer, name: str, text: str) -> None:
        values = json.loads(text)
        headers: Any = [(key, _bytes(value)) for key, value in values.get("headers", [])]
        failures: list[Any] = []
        producer.produce(
            name,
            key=_bytes(values.get("key")),
            value=_bytes(values.get("value")),
            headers=headers,
            partition=values.get("partition", 0),
            timestamp=values.get("timestamp", 1_700_000_000_000),
            on_delivery=lambda error, _: failures.append(error) if error else None,
        )
        if producer.flush(30) or failures:
            raise TimeoutError(f"{self.case.name}: set-up: {failures}")

    def _commit(self, group: str, name: str, partition: str, offset: str) -> None:
        consumer = Consumer({**self.config, "group.id": group})
        try:
            consumer.commit(offsets=[TopicPartition(name, int(partition), int(offset))], asynchronous=False)
        finally:
            consumer.close()

    def _kill(self, broker: str) -> None:
        self.sandbox("sandbox", "kill", broker)
        self.down.append(broker)
        self._until(lambda: not aftermath.counts_on(self.admin, self.topic, int(broker)))

    def _delete_topics(self) -> None:
        left = aftermath.names(self.admin, self.topic)
        for deletion in self.admin.delete_topics(left, operation_timeout=30).values() if left else ():
            with suppress(KafkaException):  # gone meanwhile, by the run itself; what stays is seen below
                deletion.result()
        self._until(lambda: not aftermath.names(self.admin, self.topic))

    def _delete_group(self) -> None:
        """Delete the group if the case may have made it: a cluster without groups has no coordinator to ask."""
        texts = (*self.case.argv, *self.case.setup)
        if any("{group}" in text or text == "internal-topics" for text in texts):
            with suppress(KafkaException):
                self.admin.delete_consumer_groups([self.group])[self.group].result()

    def _until(self, true: Callable[[], bool]) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        while not true():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.case.name}: the cluster did not get where the case needs it")
            time.sleep(0.1)


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else text.encode("utf-8", "surrogateescape")
