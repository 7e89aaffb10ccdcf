"""Configs and rules changed through ZooKeeper: brokers obey them, and a change is wholly there or not at all."""

import json
import random
import socket
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import KafkaException, Producer
from confluent_kafka.admin import AdminClient
from kazoo.client import KazooClient

from kafka_tools.backends import open_configs
from kafka_tools.errors import AuthenticationError
from kafka_tools.model.configs import ConfigChange, Entity
from kafka_tools.model.security import Sasl, Security
from kafka_tools.model.target import ZooKeeper
from kafka_tools.wire.session import WireSession
from tests.support import leaks
from tests.support.clusters import Cluster, ended, sandbox
from tests.support.waiting import wait_until
from tests.support.znodes import name

RULES = "/kafka-acl/Topic"
PASSWORD = "a pass, word"
PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule"


@pytest.fixture(scope="module")
def own28(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Kafka 2.8 with ZooKeeper, one broker, which this module stops and starts."""
    yield from sandbox(tmp_path_factory.mktemp("own28"), "--brokers", "1", "--kafka-version", "2.8")


@pytest.fixture
def znodes(own28: Cluster) -> Iterator[Any]:
    client = KazooClient(own28.zookeeper)
    client.start()
    yield client
    client.stop()
    client.close()


def configs(cluster: Cluster, *argv: str) -> None:
    """Run `ktools configs --alter` through ZooKeeper, with the brokers' own login where there is one."""
    login = _login(cluster, "--command-config")
    ran = cluster.run("configs", "--zookeeper", cluster.zookeeper, *login, "--alter", *argv)
    assert ran.returncode == 0, ran.stderr.decode()


def acls(cluster: Cluster, *argv: str) -> str:
    properties = ("--authorizer-properties", f"zookeeper.connect={cluster.zookeeper}")
    ran = cluster.run("acls", *properties, *_login(cluster, "--zk-tls-config-file"), *argv)
    assert ran.returncode == 0, ran.stdout.decode() + ran.stderr.decode()
    return ran.stdout.decode()


def _login(cluster: Cluster, option: str) -> tuple[str, ...]:
    file = Path(cluster.home, "zookeeper.properties")
    return (option, str(file)) if file.exists() else ()


def as_user(cluster: Cluster, user: str) -> dict[str, Any]:
    """Return a client's settings: those of the administrator with another user and password."""
    return {
        **cluster.brokers().config,
        "bootstrap.servers": cluster.bootstrap,
        "sasl.username": user,
        "sasl.password": PASSWORD,
        "log_level": 0,
    }


def is_sent(producer: Producer, topic: str, size: int) -> bool:
    """Send one record, and tell whether the broker took it."""
    taken: list[bool] = []
    producer.produce(topic, b"x" * size, on_delivery=lambda error, _: taken.append(error is None))
    producer.flush(30)
    return taken == [True]


def test_a_user_logs_in_and_may_do_what_the_rules_say(kafka39_secured: Cluster) -> None:
    leaks.expect_none_of([PASSWORD])
    cluster, user, topic = kafka39_secured, name(), kafka39_secured.topic()
    configs(cluster, "--user", user, "--add-config", f"SCRAM-SHA-512=[password={PASSWORD}]")
    client = AdminClient(as_user(cluster, user))

    def sees() -> bool:
        try:
            return topic in client.list_topics(timeout=5).topics
        except KafkaException:  # the broker has not heard of the user yet
            return False

    def logs_in() -> bool:
        try:
            client.list_topics(timeout=5)
        except KafkaException:
            return False
        return True

    wait_until(logs_in, "the user logs in")
    assert not sees()
    rule = ("--allow-principal", f"User:{user}", "--topic", topic[:-2], "--resource-pattern-type", "prefixed")
    acls(cluster, "--add", "--operation", "Describe", *rule)
    wait_until(sees, "the rule allows")
    acls(cluster, "--add", "--deny-principal", f"User:{user}", "--topic", topic)
    wait_until(lambda: not sees(), "the other rule denies")
    acls(cluster, "--remove", "--topic", topic, "--force")
    wait_until(sees, "the denial is gone")
    acls(cluster, "--remove", *rule[2:], "--force")


def test_a_quota_throttles(kafka39_secured: Cluster) -> None:
    cluster, user, topic = kafka39_secured, name(), kafka39_secured.topic()
    configs(cluster, "--user", user, "--add-config", f"SCRAM-SHA-512=[password={PASSWORD}],producer_byte_rate=100")
    acls(cluster, "--add", "--allow-principal", f"User:{user}", "--producer", "--topic", topic)
    throttled: list[float] = []
    settings = {**as_user(cluster, user), "throttle_cb": lambda event: throttled.append(event.throttle_time)}
    producer = Producer(settings)

    def is_throttled() -> bool:
        producer.produce(topic, b"x" * 2000)
        producer.poll(0.2)
        return bool(throttled)

    wait_until(is_throttled, "the quota throttles")
    producer.purge()
    producer.flush(10)  # callbacks that are still due would come in the middle of another test
    acls(cluster, "--remove", "--topic", topic, "--force")


def test_a_topic_s_config_is_in_force(kafka39: Cluster) -> None:
    topic, producer = kafka39.topic(), Producer({"bootstrap.servers": kafka39.bootstrap, "log_level": 0})
    assert is_sent(producer, topic, 5000)
    configs(kafka39, "--topic", topic, "--add-config", "max.message.bytes=1kB")
    wait_until(lambda: not is_sent(producer, topic, 5000), "large records are refused")


def test_what_is_stored_before_a_broker_starts_is_in_force_when_it_runs(own28: Cluster, znodes: Any) -> None:
    topic, secret = own28.topic(), "of the encoder"
    assert own28.run("sandbox", "kill", "1").returncode == 0
    wait_until(lambda: not znodes.get_children("/brokers/ids"), "the broker is gone")
    configs(own28, "--broker-defaults", "--add-config", "message.max.bytes=2000,log.cleaner.threads=2")
    # A second listener, with a login whose passwords are in ZooKeeper only, and encrypted.
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    login, named = f'{PLAIN} required user_me="{PASSWORD}";', "listener.name.sasl_plaintext"
    changes = (
        f"listeners=[PLAINTEXT://{own28.bootstrap},SASL_PLAINTEXT://127.0.0.1:{port}]",
        "listener.security.protocol.map=[PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT]",
        f"{named}.sasl.enabled.mechanisms=PLAIN",
        f"{named}.plain.sasl.jaas.config=[{login}]",
        f"password.encoder.secret={secret}",
    )
    configs(own28, "--broker", "1", "--add-config", ",".join(changes))
    stored = znodes.get("/config/brokers/1")[0]
    assert b"encryptedPassword:" in stored
    assert PASSWORD.encode() not in stored
    with (own28.home / "broker-1" / "server.properties").open("a") as settings:
        settings.write(f"\npassword.encoder.secret={secret}\n")
    assert own28.run("sandbox", "start", "1", timeout=150).returncode == 0
    producer = Producer({"bootstrap.servers": own28.bootstrap, "log_level": 0})
    wait_until(lambda: is_sent(producer, topic, 100), "the broker takes records")
    assert not is_sent(producer, topic, 5000)
    with WireSession(f"127.0.0.1:{port}", Security(sasl=Sasl("PLAIN", "me", PASSWORD))) as session:
        assert session.metadata(())["error_code"] == 0
    with pytest.raises(AuthenticationError):
        WireSession(f"127.0.0.1:{port}", Security(sasl=Sasl("PLAIN", "me", "another")))


def killed(cluster: Cluster, seconds: float, *argv: str) -> None:
    with ended(cluster.popen(*argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)):
        time.sleep(seconds)


def test_a_change_that_is_killed_at_any_moment_is_whole_or_absent(own28: Cluster, znodes: Any) -> None:
    properties = ("acls", "--authorizer-properties", f"zookeeper.connect={own28.zookeeper}", "--add")

    def quota(user: str) -> tuple[str, ...]:
        change = ("--alter", "--user", user, "--client", "c", "--add-config", "producer_byte_rate=5")
        return ("configs", "--zookeeper", own28.zookeeper, *change)

    def rules(user: str) -> tuple[str, ...]:
        return (*properties, "--allow-principal", f"User:{user}", "--topic", f"{user}-a", "--topic", f"{user}-b")

    assert own28.run(*rules(name())).returncode == 0
    started = time.monotonic()
    assert own28.run(*quota(name())).returncode == 0
    usual_seconds = time.monotonic() - started
    users = [name() for _ in range(20)]
    for position, user in enumerate(users):
        argv = quota(user) if position % 2 else rules(user)
        killed(own28, random.uniform(0.3, 1.3) * usual_seconds, *argv)
    znodes.sync("/")
    told = [json.loads(znodes.get(f"/config/changes/{each}")[0]) for each in znodes.get_children("/config/changes")]
    told_rules = [znodes.get(f"/kafka-acl-changes/{each}")[0] for each in znodes.get_children("/kafka-acl-changes")]
    paths = {each["entity_path"] for each in told}
    for user in users[1::2]:
        path = f"users/{user}/clients/c"
        assert bool(znodes.exists(f"/config/{path}")) == (path in paths)
    for user in users[::2]:
        there = [bool(znodes.exists(f"{RULES}/{user}-{each}")) for each in "ab"]
        assert there == [f"TOPIC:{user}-{each}".encode() in told_rules for each in "ab"]
        assert len(set(there)) == 1


def test_changes_of_one_entity_at_the_same_time_are_all_kept(own28: Cluster, znodes: Any) -> None:
    user = name()

    def alter(quota: str) -> None:
        with open_configs(ZooKeeper(own28.zookeeper)) as configs:
            configs.alter(ConfigChange(Entity("users", user), {quota: "5"}))

    quotas = ("producer_byte_rate", "consumer_byte_rate", "request_percentage", "controller_mutation_rate")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(alter, quotas))
    assert json.loads(znodes.get(f"/config/users/{user}")[0])["config"] == dict.fromkeys(quotas, "5")


GARBAGE = (b"no json", b"[]", b"\xff", b"[" * 100_000, b'{"version":1}', b"7")


@pytest.mark.parametrize("data", [*GARBAGE, b'{"config":7}', b'{"config":{"producer_byte_rate":[]}}'])
def test_a_malformed_config_hides_no_other(own28: Cluster, znodes: Any, data: bytes) -> None:
    bad, good = f"{name()}-bad", f"{name()}-good"
    znodes.create(f"/config/clients/{bad}", data)
    znodes.create(f"/config/clients/{good}", b'{"version":1,"config":{"producer_byte_rate":"5"}}')
    named = f"The znode /config/clients/{bad} is not as Kafka writes it: "
    try:
        found = own28.run("configs", "--zookeeper", own28.zookeeper, "--describe", "--entity-type", "clients")
        assert found.returncode == 1
        assert f"Configs for client-id '{good}' are producer_byte_rate=5\n" in found.stdout.decode()
        assert _lines_with(named, found.stderr) == 1
        change = ("--alter", "--client", bad, "--add-config", "producer_byte_rate=5")
        altered = own28.run("configs", "--zookeeper", own28.zookeeper, *change)
        assert (altered.returncode, _lines_with(named, altered.stderr)) == (1, 1)
        assert znodes.get(f"/config/clients/{bad}")[0] == data
    finally:
        znodes.delete(f"/config/clients/{bad}")


@pytest.mark.parametrize("data", [*GARBAGE, b'{"version":1,"acls":[{}]}', b'{"version":2,"acls":[]}'])
def test_a_malformed_rule_hides_no_other(own28: Cluster, znodes: Any, data: bytes) -> None:
    good, bad = f"{name()}-good", f"{name()}-bad"
    acls(own28, "--add", "--allow-principal", "User:a", "--topic", good)
    znodes.create(f"{RULES}/{bad}", data)
    named = f"The znode {RULES}/{bad} is not as Kafka writes it: "
    properties = ("acls", "--authorizer-properties", f"zookeeper.connect={own28.zookeeper}")
    try:
        found = own28.run(*properties, "--list")
        assert (found.returncode, good in found.stdout.decode(), _lines_with(named, found.stderr)) == (1, True, 1)
        added = own28.run(*properties, "--add", "--allow-principal", "User:a", "--topic", bad)
        assert (added.returncode, _lines_with(named, added.stdout + added.stderr)) == (1, 1)
        assert znodes.get(f"{RULES}/{bad}")[0] == data
    finally:
        znodes.delete(f"{RULES}/{bad}")


def _lines_with(words: str, output: bytes) -> int:
    assert b"Traceback" not in output
    return sum(words in line for line in output.decode().splitlines())
