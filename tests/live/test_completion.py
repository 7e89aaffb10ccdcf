"""Completion in a real bash, zsh and fish, with a cluster that answers and with one that does not."""

import socket
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Consumer, TopicPartition

from tests.support.clusters import Cluster
from tests.support.prompt import MARK, START, Prompt, prompt
from tests.support.waiting import wait_until

SHELLS = ("bash", "zsh", "fish")
GROUPS = ("odd group:1=a", 'it\'s "odd" $HOME\\ `x` *[é]? (#~) {a,b} <&>|; x!y')


@pytest.fixture(scope="module", params=SHELLS)
def shell(
    request: pytest.FixtureRequest, kafka39: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Prompt]:
    with prompt(request.param, tmp_path_factory.mktemp(request.param), kafka39.env) as started:
        yield started


@pytest.fixture(scope="module")
def topic(kafka39: Cluster) -> str:
    """A topic, and groups with committed offsets whose names are hard to quote."""
    name = kafka39.topic()
    for group in GROUPS:
        consumer = Consumer({"bootstrap.servers": kafka39.bootstrap, "group.id": group})
        consumer.commit(offsets=[TopicPartition(name, 0, 0)], asynchronous=False)
        consumer.close()
    return name


def test_tools_options_and_words(shell: Prompt) -> None:
    assert shell.completed("ktools lay") == ["ktools", "layout"]
    assert shell.completed("ktools topics --desc") == ["ktools", "topics", "--describe"]
    assert shell.completed("kafka-topics.sh --desc") == ["kafka-topics.sh", "--describe"]
    assert shell.completed("ktools sandbox stat") == ["ktools", "sandbox", "status"]
    assert shell.completed("ktools topics --output pl") == ["ktools", "topics", "--output", "plain"]
    assert shell.completed("ktools topics --output=pl") == ["ktools", "topics", "--output=plain"]
    words = ["kafka-topics", "--create", "--config", "cleanup.policy=compact"]
    assert shell.completed("kafka-topics --create --config cleanup.policy=com") == words
    assert shell.completed("ktools topics --config=cleanup.policy=com")[2:] == ["--config=cleanup.policy=compact"]
    shown = shell.offered("ktools topics --list --", "--exclude-internal")
    assert "--partitions" not in shown
    assert ("Leave out internal topics" in shown) is (shell.shell != "bash")
    shell.offered("ktools ", "console-consumer", "layout")
    if shell.shell != "bash":
        shell.offered("ktools ", "Print the records of a topic.")


def test_files(shell: Prompt) -> None:
    home = Path(shell.child.cwd or "")
    (home / "a client.properties").write_text("")
    (home / "ab").mkdir(exist_ok=True)
    assert shell.completed("ktools topics --command-config a\\ cl")[3:] == ["a client.properties"]
    assert shell.completed("ktools manual a")[2:] == ["ab/"]


def test_names_of_the_cluster(shell: Prompt, kafka39: Cluster, topic: str) -> None:
    assert shell.completed(f"ktools topics --describe --topic {topic[:-4]}")[4:] == [topic]
    servers = kafka39.bootstrap.split(",")
    words = ["kafka-topics.sh", "--bootstrap-server", servers[0], f"--topic={topic}"]
    assert shell.completed(f"kafka-topics.sh --bootstrap-server {servers[0]} --topic={topic[:-4]}") == words
    assert shell.completed(f"ktools topics --zookeeper {kafka39.zookeeper} --topic {topic[:-4]}")[-1] == topic
    assert shell.completed(f"ktools topics --bootstrap-server {servers[0][:-3]}")[-1] == kafka39.bootstrap
    shown = shell.offered("ktools layout --without-broker 1,", "1,2", "1,3")
    assert "1,1" not in shown


@pytest.mark.parametrize("group", GROUPS)
def test_names_that_must_be_quoted(shell: Prompt, topic: str, group: str) -> None:
    assert topic
    line = "ktools console-consumer --group "
    assert shell.completed(f"{line}{group[:2]}")[3:] == [group]
    assert shell.completed(f"{line}'{group[:2]}")[3:] == [group]
    assert shell.completed(f'{line}"{group[:2]}')[3:] == [group]


def test_going_on_behind_a_colon_and_a_blank(shell: Prompt, topic: str) -> None:
    assert topic
    assert shell.completed("ktools console-consumer --group odd\\ group:1")[3:] == [GROUPS[0]]
    assert shell.completed("ktools console-consumer --group=odd\\ gr")[2:] == [f"--group={GROUPS[0]}"]


def test_a_cluster_that_does_not_answer(shell: Prompt, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is put in and nothing shown, nor does anything come later."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        roads = {
            "silent": f"--bootstrap-server 127.0.0.1:{port}",
            "refused": "--bootstrap-server 127.0.0.1:1",
            "no such name": "--bootstrap-server no.such.host.invalid",
            "no ZooKeeper": "--zookeeper 127.0.0.1:1",
            "no such file": "--command-config /no/such/file",
        }
        times = {}
        for road, option in roads.items():
            line = f"ktools topics {option} --topic or"
            times[road] = []
            for _ in range(2):
                times[road].append(shell.tab(line))
                assert shell.text == f"{START}{line}{MARK}"
                shell.clear()
    with capsys.disabled():
        for road, taken in times.items():
            both = ", ".join(f"{each * 1000:.0f} ms" for each in taken)
            sys.stdout.write(f"\n{shell.shell}: Tab took {both} ({road})")


def test_entities_and_principals_through_zookeeper(kafka39: Cluster) -> None:
    name, ensemble = f"u-{uuid.uuid4().hex[:12]}", kafka39.zookeeper
    rules = ("acls", "--authorizer-properties", f"zookeeper.connect={ensemble}")
    configs = ("configs", "--zookeeper", ensemble, "--alter")
    rule = ("--allow-principal", f"User:{name}", "--topic", name)
    try:
        assert kafka39.run(*configs, "--client", name, "--add-config", "producer_byte_rate=5").returncode == 0
        assert kafka39.run(*rules, "--add", *rule).returncode == 0
        for line in (
            f"configs --zookeeper {ensemble} --describe --client {name[:-4]}",
            f"configs --zookeeper {ensemble} --describe --entity-type clients --entity-name {name[:-4]}",
            f"{' '.join(rules)} --list --principal User:{name[:-4]}",
        ):
            asked = ("completion", "bash", "--", " \t\n", f"ktools {line}")
            wait_until(lambda asked=asked: name.encode() in kafka39.run(*asked).stdout, line)
    finally:
        kafka39.run(*configs, "--client", name, "--delete-config", "producer_byte_rate")
        kafka39.run(*rules, "--remove", *rule, "--force")
