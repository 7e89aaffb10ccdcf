"""The cluster around one case: what is there before the run, what is there after it, and nothing in the end."""

import json
import re
import shlex
import tempfile
import time
import uuid
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from kafka_tools.brokers.transactions import open_transactions
from kafka_tools.model.tokens import DelegationToken
from tests.support.clusters import Cluster
from tests.support.conformance import aftermath, entities, share_groups, tokens
from tests.support.conformance.case import Case
from tests.support.conformance.entities import Entities, Names, watched
from tests.support.conformance.normalise import with_placeholders
from tests.support.conformance.streams_member import StreamsMember
from tests.support.log_files import damage
from tests.support.reassignment import alone, begin_slowly, is_in_znode, reassign, throttles, unthrottle

WAIT_SECONDS = 60.0
SETTLED_SECONDS = 1.0
SEGMENTS = Path(__file__).parents[2] / "conformance" / "segments"
"""Files of partitions: written by brokers, in old formats, damaged; their folders say which."""

SECONDS = 15.0
START_SECONDS = 150.0
LARGE_RECORDS, LARGE_BYTES = 4, 900_000
CHANGES = {"--create", "--alter", "--delete", "--add", "--remove", "--renew", "--expire", "--import"}
"""Options of a run that may change something: only then is looked what it left."""

MOVING = "reassign-partitions"
SHARE_CONSUMERS = frozenset({"console-share-consumer", "share-consumer-perf-test"})
NEWER_GROUPS = frozenset({"share-groups", *SHARE_CONSUMERS, "streams-groups", "streams-application-reset"})
"""Tools of groups that confluent-kafka's AdminClient does not know, or that have topics of their own."""

ELECTIONS = frozenset({"leader-election", "preferred-replica-election"})
"""Tools that leave leaders of partitions."""

WITH_ENTITIES = frozenset({"configs", "client-metrics", "acls", "delegation-tokens"})
"""Tools that change configs, quotas, users and ACLs."""

REQUEST_SECONDS = {"operation_timeout": 10, "request_timeout": 15}
UNSURE = {KafkaError._TIMED_OUT, KafkaError.REQUEST_TIMED_OUT, KafkaError.NOT_CONTROLLER}
"""Answers after which it may be done, or be asked for again."""


class Stage:
    """Prepares a cluster for one case and looks at what the run left there.

    Steps of `setup`:
        topic NAME 1:2:3,2:3:1 [key=value …]     replicas of each partition, topic configs
        record NAME JSON                          {"partition", "key", "value", "headers", "timestamp"}; null is null
        transaction NAME commit|abort|open JSON   the same, in a transaction of the id {topic}; open until the case ends
        config LINE                               one more line of the file {config}
        moving NAME 1:3,2:1 [zookeeper]           at 1 B/s, so that it stays under way; begun as by Kafka 2.8's tool
        reordered NAME 2:1,3:2                   the same replicas in another order: the first does not lead
        committed GROUP NAME PARTITION OFFSET [LEADER-EPOCH]
        member GROUP NAME[,NAME…] [INSTANCE]      a consumer that has joined the group, until the end of the case
        new-member GROUP NAME[,NAME…] [INSTANCE]  the same by the protocol of KIP-848
        share-member GROUP NAME                   the same in a share group
        streams-member GROUP NAME                 the same in a streams group, which gets a topic GROUP-store-changelog
        topology GROUP NAME                       a streams-member that tells its topology, with stores
        streams-group GROUP NAME                  a streams group whose only member has left
        internal-topics                           __consumer_offsets is there
        acl TYPE NAME LITERAL|PREFIXED PRINCIPAL HOST OPERATION ALLOW|DENY       words of confluent-kafka's enums
        scram USER SCRAM-SHA-256|SCRAM-SHA-512 ITERATIONS PASSWORD
        broker-config ID|<default> KEY=VALUE      a dynamic one
        znode PATH TEXT                           made, or changed; nobody is told; below /consumers/{group} it goes
        token OWNER RENEWER[,RENEWER…] MS         a delegation token with so long a life at most: {token} and {hmac}
        ktools TOOL ARGUMENTS                     what cannot be prepared otherwise; it has to end with 0
        damaged BROKER NAME HOW                   the first batch of its partition 0 on one broker, see `damage`
        broker-down ID                            kill -9, until no partition of the case counts on it
    """

    def __init__(self, case: Case, cluster: Cluster) -> None:
        self.case = case
        self.cluster = cluster
        self.brokers = cluster.brokers()
        self.config: dict[str, Any] = {
            **self.brokers.config,
            "bootstrap.servers": cluster.bootstrap,
            "log_level": 0,
            "allow.auto.create.topics": False,
        }
        self.admin = AdminClient(self.config)
        self.servers = cluster.bootstrap.split(",")
        mark = f"{zlib.crc32(case.name.encode()):08x}" if case.fixed_names else uuid.uuid4().hex[:8]
        self.topic, self.group = f"kt-{mark}", f"kg-{mark}"
        ip = ".".join(str(byte) for byte in (10, *bytes.fromhex(mark)[1:]))
        own = {
            "{topic}": self.topic,
            "{group}": self.group,
            "{user}": f"ku-{mark}",
            "{client}": f"kc-{mark}",
            "{ip}": ip,
        }
        self.folder = tempfile.TemporaryDirectory(prefix="kc-")
        self.config_file = Path(self.folder.name, "client.properties")
        self.placeholders = {
            **own,
            "{config}": str(self.config_file),
            "{files}": str(SEGMENTS),
            "{bootstrap}": cluster.bootstrap,
            "{home}": str(cluster.home),
            **({"{zookeeper}": cluster.zookeeper} if cluster.zookeeper else {"{controllers}": cluster.controllers}),
            **({f"{{{name}}}": str(file) for name, file in cluster.logins().items()}),
        }
        texts = (case.tool, *case.argv, *case.setup, case.stdin)
        self.names = Names(own.values(), " ".join(map(self.filled, texts)))
        self.entities: Entities | None = None
        self.tokens: list[DelegationToken] = []
        self.after = ExitStack()

    @contextmanager
    def prepared(self) -> Iterator["Stage"]:
        """The set-up before the run, the clean-up after it."""
        with self.after:
            self.after.callback(self.folder.cleanup)
            if self.case.tool == MOVING:
                self.after.enter_context(alone(self.cluster))
            self._delete_topics()
            self.after.callback(self._delete_topics)
            # First the group: of one whose topics are just gone a share coordinator (4.4) now and then never answers.
            self.after.callback(self._delete_group)
            if self.case.tool == "delegation-tokens" and self.brokers.security is not None:
                self.after.callback(lambda: tokens.end(self.brokers, self.tokens, self.names.own))
            texts = (*self.case.argv, *self.case.setup)
            if self.case.tool == MOVING and any("throttle" in text or text.startswith("moving") for text in texts):
                self.after.callback(unthrottle, self.admin)
            if self.case.tool in WITH_ENTITIES:
                self.entities = self.after.enter_context(watched(self.cluster, self.admin, self.names, self.case.tool))
            if self.case.tool == "zookeeper-shell":
                self.after.callback(lambda: aftermath.remove_znodes(self.cluster, self.topic))
            for step in self.case.setup:
                self._step(*self.filled(step).split(" ", 1))
            yield self

    def filled(self, text: str) -> str:
        """Return `text` with this run's names for the placeholders."""
        for placeholder, value in self.placeholders.items():
            text = text.replace(placeholder, value)
        return text

    def argv(self) -> list[str]:
        """The arguments of the run."""
        return [self.filled(word) for word in self.case.argv]

    def leaves(self, expected: str | None = None) -> str:
        """Describe what the run left: topics it changed, records it sent, offsets it committed; of all other tools
        configs, quotas, SCRAM users and ACLs that it changed (module `entities`).

        Topics and records (acks=0) reach the brokers a moment after the tool ended: waits for `expected`. Where that is
        None, or where nothing comes and nothing goes: until what is there stays the same for a second.
        """
        found = self._found()
        if not self._changes() and self.case.tool != "console-producer":
            return found
        settles = expected is None or (expected == "" and not self._is_known_at_once())
        since, deadline = time.monotonic(), time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline and (settles or found != expected):
            time.sleep(0.1)
            before, found = found, self._found()
            since = since if found == before else time.monotonic()
            if settles and time.monotonic() - since > SETTLED_SECONDS:
                break
        return found

    def _is_known_at_once(self) -> bool:
        """Say whether what the tool does is there when it ends: it waits for that, or waits until it is gone."""
        return self.case.tool in ELECTIONS | {"delegation-tokens", MOVING} or "--delete" in self.case.argv

    def _changes(self) -> bool:
        if self.case.tool in ELECTIONS | {MOVING}:
            return True
        return self.case.tool not in ("console-consumer", "console-producer") and not CHANGES.isdisjoint(self.case.argv)

    def _found(self) -> str:
        if self.case.tool == "topics":
            lines = aftermath.topics(self.admin, self.topic, self.case.argv) if self._changes() else []
        elif self.case.tool in ELECTIONS:
            lines = aftermath.leading(self.admin, self.topic)
        elif self.case.tool == MOVING:
            lines = list(throttles(self.admin, self.topic))
        elif self.case.tool == "delegation-tokens":
            secured = self._changes() and self.brokers.security is not None
            lines = tokens.lines(self.brokers, self.names.own) if secured else []
        elif self.entities is not None:
            lines = self.entities.lines("{zookeeper}" in " ".join(self.case.argv)) if self._changes() else []
        elif self.case.tool in NEWER_GROUPS:
            lines = self._of_newer_groups()
        elif self.case.tool == "zookeeper-shell":
            lines = list(aftermath.znodes(self.cluster, self.topic))
        elif self.case.tool in ("console-producer", "verifiable-producer"):
            lines = list(aftermath.records(self.config, self.admin, self.topic))
        elif self.case.tool in ("producer-perf-test", "e2e-latency"):
            found = aftermath.records(self.config, self.admin, self.topic)
            lines = [re.sub(r'"[A-Z]{10,}"', lambda text: f"{len(text[0]) - 2} letters", each) for each in found]
        else:
            groups = {self.filled(found) for found in re.findall(r"\{group\}\w*", " ".join(self.case.argv))}
            lines = [line for group in sorted(groups) for line in aftermath.committed(self.config, group, self.topic)]
        return with_placeholders("".join(lines), self.placeholders)

    def _of_newer_groups(self) -> list[str]:
        # What a share consumer acknowledges reaches the coordinator's offsets later, when it likes.
        if self.case.tool in SHARE_CONSUMERS:
            return []
        if self.case.tool == "share-groups":
            named = sorted({self.filled(found) for found in re.findall(r"\{group\}\w*", " ".join(self.case.argv))})
            return [line for group in named for line in share_groups.offsets(self.brokers, group)]
        topics = [f"topic {name}\n" for name in aftermath.names(self.admin, self.topic)]
        return topics + aftermath.committed(
            self.config, self.topic, self.topic
        )  # the application is called as its topic

    def _step(self, kind: str, words: str = "") -> None:
        steps: dict[str, Callable[[], Any]] = {
            "topic": lambda: self._create(*words.split()),
            "record": lambda: self._send(Producer(self.config), *words.split(" ", 1)),
            "transaction": lambda: self._send_in_transaction(*words.split(" ", 2)),
            "config": lambda: self._add_config(words),
            "reordered": lambda: self._reorder(*words.split()),
            "moving": lambda: self._begin_to_move(*words.split()),
            "committed": lambda: self._commit(*words.split()),
            "member": lambda: self._join(*words.split()),
            "new-member": lambda: self._join(*words.split(), protocol="consumer"),
            "streams-member": lambda: self.after.callback(self._joined_streams_group(*words.split()).leave),
            "topology": lambda: self._tell_topology(*words.split()),
            "streams-group": lambda: self._joined_streams_group(*words.split()).leave(),
            "share-member": lambda: self._join_share_group(*words.split()),
            "internal-topics": lambda: self._make_internal_topic("__consumer_offsets"),
            "damaged": lambda: damage(self.cluster.home, *words.split()),
            "broker-down": lambda: self._kill(words),
            "acl": lambda: self._until(entities.added_acl(self.admin, *words.split())),
            "scram": lambda: self._until(entities.added_credential(self.admin, *words.split())),
            "broker-config": lambda: self._until(
                entities.broker_config_set(self.cluster, self.admin, *words.split(" ", 1))
            ),
            "znode": lambda: self._write_znode(*words.split(" ", 1)),
            "token": lambda: self._make_token(*words.split()),
            "ktools": lambda: self._run(words),
        }
        if kind not in steps:
            raise ValueError(f"{self.case.name}: no such step: {kind}")
        steps[kind]()

    def _add_config(self, line: str) -> None:
        with self.config_file.open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")

    def _write_znode(self, path: str, text: str) -> None:
        if path.startswith(f"/consumers/{self.group}/"):
            self.after.callback(entities.delete_znode, self.cluster, f"/consumers/{self.group}")
        entities.write_znode(self.cluster, path, text)

    def _make_token(self, *words: str) -> None:
        token = tokens.made(self.brokers, *words)
        self.tokens.append(token)
        self.placeholders |= {"{token}": token.token_id, "{hmac}": token.hmac_as_base64}

    def _run(self, argv: str) -> None:
        ran = self.cluster.run(*shlex.split(argv))
        assert ran.returncode == 0, ran.stdout + ran.stderr

    def _begin_to_move(self, name: str, assignment: str, through: str = "") -> None:
        producer, wanted = Producer(self.config), _replicas(assignment)
        for partition in range(len(wanted)):
            for _ in range(LARGE_RECORDS):  # a follower fetches one at a time: what is throttled takes several fetches
                self._send(producer, name, json.dumps({"partition": partition, "value": "x" * LARGE_BYTES}))
        begin_slowly(self.cluster, self.admin, name, wanted, through == "zookeeper")
        if through:  # the znode of a move to which its topic was lost meanwhile would stay for ever
            self.after.callback(self._until, lambda: not is_in_znode(self.cluster))
            self.after.callback(unthrottle, self.admin)

    def _reorder(self, name: str, assignment: str) -> None:
        reassign(self.cluster, name, _replicas(assignment))

    def _create(self, name: str, assignment: str, *configs: str) -> None:
        replicas = _replicas(assignment)
        config = dict(entry.split("=", 1) for entry in configs)
        if self.case.tool not in ("topics", "configs"):
            config["retention.ms"] = "-1"  # the fixed time of the records is long past: they would be deleted
        topic = NewTopic(name, num_partitions=len(replicas), replica_assignment=replicas, config=config)
        unsure: list[int] = []
        self._until(lambda: self._is_accepted(topic, unsure))
        for server in self.servers:
            self._until(lambda at=server: self._leaders(at, name) == [partition[0] for partition in replicas])
        self._until(lambda: aftermath.served(self.admin, name, len(replicas)))

    def _is_accepted(self, topic: NewTopic, unsure: list[int]) -> bool:
        """Ask for a topic; note an answer that leaves it open, after which the topic may be there the next time."""
        try:
            self.admin.create_topics([topic], **REQUEST_SECONDS)[topic.topic].result()
        except KafkaException as error:
            code = error.args[0].code()
            if code in UNSURE:
                unsure.append(code)
                return False
            if not unsure or code != KafkaError.TOPIC_ALREADY_EXISTS:
                raise
        return True

    def _leaders(self, server: str, name: str) -> list[int]:
        return aftermath.leaders(server, name, self.brokers.security)

    def _make_internal_topic(self, name: str) -> None:
        with suppress(KafkaException):  # the first commit makes it, even where it comes too early to be kept
            self._commit(self.group, name, "0", "0")
        for server in self.servers:
            self._until(lambda at=server: min(self._leaders(at, name), default=-1) >= 0)

    def _send_in_transaction(self, name: str, ending: str, text: str) -> None:
        producer = Producer({**self.config, "transactional.id": self.topic})
        producer.init_transactions(WAIT_SECONDS)
        producer.begin_transaction()
        self._send(producer, name, text)
        if ending == "open":
            producer.flush(WAIT_SECONDS)
            self.after.callback(_given_up, producer)  # which keeps it, too: without it the transaction would be aborted
            return
        producer.commit_transaction() if ending == "commit" else producer.abort_transaction()
        with open_transactions(self.brokers) as transactions:  # a coordinator of Kafka 4 answers before it is over
            self._until(lambda: transactions.describe(self.topic).state.startswith("Complete"))

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

    def _commit(self, group: str, name: str, partition: str, offset: str, epoch: str = "-1") -> None:
        consumer = Consumer({**self.config, "group.id": group})
        wanted = [TopicPartition(name, int(partition), int(offset), leader_epoch=int(epoch))]

        def is_kept() -> bool:
            try:
                consumer.commit(offsets=wanted, asynchronous=False)
            except KafkaException as error:  # the first group of a new cluster comes before its coordinator is ready
                if error.args[0].code() != KafkaError.COORDINATOR_LOAD_IN_PROGRESS:
                    raise
                return False
            return True

        try:
            self._until(is_kept)
        finally:
            consumer.close()

    def _join(self, group: str, names: str, instance: str = "", protocol: str = "classic") -> None:
        settings = {
            "group.id": group,
            "client.id": "kt-client",
            "enable.auto.commit": False,
            "group.protocol": protocol,
        }
        consumer = Consumer({**self.config, **settings, **({"group.instance.id": instance} if instance else {})})
        self.after.callback(consumer.close)
        consumer.subscribe(names.split(","))

        def joined() -> bool:
            consumer.poll(0.1)
            return bool(consumer.assignment())

        self._until(joined)

    def _tell_topology(self, group: str, name: str) -> None:
        member = self._joined_streams_group(group, name)
        self.after.callback(member.leave)
        member.tell_topology()

    def _joined_streams_group(self, group: str, name: str) -> StreamsMember:
        member = StreamsMember(self.brokers, group, name)
        self._until(member.join)
        return member

    def _join_share_group(self, group: str, name: str) -> None:
        from confluent_kafka import ShareConsumer  # 2.16 has it; the oldest version that is allowed has not

        consumer = ShareConsumer(
            {name: value for name, value in self.config.items() if name != "allow.auto.create.topics"}
            | {"group.id": group, "client.id": "kt-client"}
        )
        self.after.callback(consumer.close)
        consumer.subscribe([name])

        def joined() -> bool:
            consumer.poll(0.1)
            return any(each.partitions for each in share_groups.members(self.brokers, group))

        self._until(joined)

    def _kill(self, broker: str) -> None:
        self.after.callback(self._start, broker)
        assert self.cluster.run("sandbox", "kill", broker).returncode == 0
        self._until(lambda: not aftermath.counts_on(self.admin, self.topic, int(broker)))
        # It may have been the controller: what a case asks another one for is answered when that is elected.
        self._until(lambda: self.cluster.run("reassign-partitions", "--list").returncode == 0)

    def _start(self, broker: str) -> None:
        started = self.cluster.run("sandbox", "start", broker, timeout=START_SECONDS)
        assert started.returncode == 0, started.stderr

    def _delete_topics(self) -> None:
        self._until(self._are_deleted)

    def _are_deleted(self) -> bool:
        """Say whether no topic of the case is left; ask for the deletion of those that are."""
        left = aftermath.names(self.admin, self.topic)
        for deletion in self.admin.delete_topics(left, **REQUEST_SECONDS).values() if left else ():
            with suppress(KafkaException):  # gone meanwhile, by the run itself; what stays is seen the next time
                deletion.result()
        return not (left and aftermath.names(self.admin, self.topic))

    def _delete_group(self) -> None:
        """Delete the groups that the case may have made: a cluster without groups has no coordinator to ask."""
        texts = (*self.case.argv, *self.case.setup)
        names = [self.topic] if self.case.tool.startswith("streams-") else []  # an application is named as its group
        if any("{group}" in text or text == "internal-topics" for text in texts):
            several = any(re.search(r"\{group\}\w", text) for text in texts)
            names += share_groups.names(self.brokers, self.group) if several else [self.group]
        for name in names:
            share_groups.delete(self.brokers, name)

    def _until(self, true: Callable[[], bool]) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        while not true():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.case.name}: the cluster did not get where the case needs it")
            time.sleep(0.1)


def _given_up(producer: Producer) -> None:
    """Abort a transaction that may have been ended by somebody else meanwhile."""
    with suppress(KafkaException):
        producer.abort_transaction(SECONDS)


def _replicas(assignment: str) -> list[list[int]]:
    return [[int(broker) for broker in partition.split(":")] for partition in assignment.split(",")]


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else text.encode("utf-8", "surrogateescape")
