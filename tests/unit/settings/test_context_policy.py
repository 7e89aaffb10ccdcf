"""Changes of read-only and protected clusters: the protection follows the cluster, however it is named."""

import os
from pathlib import Path

import pytest

from kafka_tools import main
from kafka_tools.errors import KafkaToolError
from kafka_tools.model.target import Brokers, ContextRules, ZooKeeper
from kafka_tools.settings import choice, context_policy, contexts, edit_contexts
from kafka_tools.settings.contexts import Context
from tests.support.one_broker import OneBroker, a_partition, a_topic
from tests.support.servers import serving


def test_the_context_that_named_the_cluster() -> None:
    context_policy.check_change(Brokers("a:1"))
    context_policy.check_change(Brokers("a:1", rules=ContextRules("free")))
    context_policy.check_change(Brokers("a:1", rules=ContextRules("prod", protected=True)), yes=True)
    with pytest.raises(KafkaToolError, match="prod is protected"):
        context_policy.check_change(Brokers("a:1", rules=ContextRules("prod", protected=True)))
    with pytest.raises(KafkaToolError, match="prod is read-only"):
        context_policy.check_change(Brokers("a:1", rules=ContextRules("prod", read_only=True)), yes=True)


GUARDED = [
    Brokers("other:1,B1.prod.:9092"),
    Brokers("SASL_SSL://b1.prod"),
    Brokers("b2.prod:9093", rules=ContextRules("mine")),
    Brokers("in-a-file:1"),
    Brokers("127.0.0.1:7777"),
    Brokers("[::1]:7777"),
    ZooKeeper("zk1:2181/kafka"),
    ZooKeeper("x:1,ZK2/kafka/"),
]
FREE = [Brokers("b1.prod:9094"), Brokers("c:9092"), ZooKeeper("zk1:2181"), ZooKeeper("zk1:2181/other")]


@pytest.fixture
def named(home: Path) -> None:
    edit_contexts.add(Context("prod", "", "b1.prod,b2.prod:9093", "zk1,zk2:2181/kafka", protected=True))
    edit_contexts.add(Context("audit", "", "a:1", read_only=True))
    edit_contexts.add(Context("local", "", "localhost:7777", protected=True))
    (home / "p.properties").write_text("bootstrap.servers=in-a-file:1\n")
    edit_contexts.add(Context("file", "", command_config=str(home / "p.properties"), protected=True))
    edit_contexts.add(Context("free", "", "c:9092"))


@pytest.mark.usefixtures("named")
@pytest.mark.parametrize("target", GUARDED, ids=str)
def test_a_protected_cluster_is_one_under_any_name(target: Brokers | ZooKeeper) -> None:
    context_policy.check_change(target, yes=True)
    with pytest.raises(KafkaToolError, match="is protected: nothing was changed"):
        context_policy.check_change(target)


@pytest.mark.usefixtures("named")
@pytest.mark.parametrize("target", FREE, ids=str)
def test_other_servers_are_free(target: Brokers | ZooKeeper) -> None:
    context_policy.check_change(target)


@pytest.mark.usefixtures("named")
def test_a_read_only_cluster_by_every_road(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = home / "c.properties"
    file.write_text("bootstrap.servers=a:1\n")
    roads = [
        choice.choose("a:1", None),
        choice.choose(None, None, str(file)),
        choice.choose(None, None, None, ["bootstrap.servers=a:1"]),
    ]
    monkeypatch.setenv("KTOOLS_BOOTSTRAP_SERVERS", "a:1")
    roads.append(choice.choose(None, None))
    for target in roads:
        with pytest.raises(KafkaToolError, match="context audit is read-only"):
            context_policy.check_change(target, yes=True)


DELETE = ["topics", "--delete", "--topic", "x"]
PRODUCE = ["console-producer", "--topic", "x"]
CONSUME = ["console-consumer", "--topic", "x", "--group", "g", "--timeout-ms", "500"]
LIST = ["topics", "--list"]


@pytest.mark.parametrize("argv", [DELETE, PRODUCE, CONSUME], ids=lambda argv: argv[0])
@pytest.mark.parametrize("rule", ["protected", "read_only"])
def test_a_cluster_is_guarded_at_addresses_that_no_context_names(
    argv: list[str], rule: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two ports of one broker stand for a cluster and its load balancer: what they share is the cluster's id."""
    broker = OneBroker(a_topic("x", a_partition(0)))
    with serving(broker) as broker.port, serving(broker) as other, Path(os.devnull).open() as nothing:
        monkeypatch.setattr("sys.stdin", nothing)
        server = f"127.0.0.1:{broker.port}"
        edit_contexts.add(Context("prod", "", server, protected=rule == "protected", read_only=rule == "read_only"))
        monkeypatch.setenv("KTOOLS_CONTEXT", "prod")
        assert main.run(LIST) == 0
        monkeypatch.delenv("KTOOLS_CONTEXT")
        assert contexts.remembered(context_policy.CLUSTERS) == {"prod": "one"}
        assert main.run([*LIST, "--bootstrap-server", f"127.0.0.1:{other}"]) == 0
        broker.asked.clear()
        assert main.run([*argv, "--bootstrap-server", f"127.0.0.1:{other}"]) == 1
    out, err = capfd.readouterr()
    assert f"context prod is {rule.replace('_', '-')}: nothing was changed" in out + err
    assert {"DeleteTopics", "Produce", "JoinGroup"}.isdisjoint(broker.requests())


def test_what_is_remembered_of_a_context_that_is_gone_guards_nothing() -> None:
    context_policy.remember_cluster("prod", "one")
    guarded = context_policy.check_change(Brokers("a:1"))
    assert guarded.on_cluster is not None
    guarded.on_cluster("one")


def test_a_name_that_was_said_once_is_not_asked_for_again() -> None:
    edit_contexts.add(Context("prod", "", "a:1", protected=True))
    context_policy.remember_cluster("prod", "one")
    guarded = context_policy.check_change(Brokers("a:1"), yes=True)
    assert guarded.on_cluster is not None
    guarded.on_cluster("one")


def test_a_state_folder_that_cannot_be_written_to_stops_nobody(home: Path) -> None:
    (home / "state").write_text("a file")
    context_policy.remember_cluster("prod", "one")
    assert contexts.remembered(context_policy.CLUSTERS) == {}
