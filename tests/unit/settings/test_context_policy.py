"""Changes of read-only and protected clusters: the protection follows the cluster, however it is named."""

from pathlib import Path

import pytest

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.target import Brokers, ContextRules, ZooKeeper
from kafka_tools.settings import choice, context_policy, edit_contexts
from kafka_tools.settings.contexts import Context


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
def contexts(home: Path) -> None:
    edit_contexts.add(Context("prod", "", "b1.prod,b2.prod:9093", "zk1,zk2:2181/kafka", protected=True))
    edit_contexts.add(Context("audit", "", "a:1", read_only=True))
    edit_contexts.add(Context("local", "", "localhost:7777", protected=True))
    (home / "p.properties").write_text("bootstrap.servers=in-a-file:1\n")
    edit_contexts.add(Context("file", "", command_config=str(home / "p.properties"), protected=True))
    edit_contexts.add(Context("free", "", "c:9092"))


@pytest.mark.usefixtures("contexts")
@pytest.mark.parametrize("target", GUARDED, ids=str)
def test_a_protected_cluster_is_one_under_any_name(target: Brokers | ZooKeeper) -> None:
    context_policy.check_change(target, yes=True)
    with pytest.raises(KafkaToolError, match="is protected: nothing was changed"):
        context_policy.check_change(target)


@pytest.mark.usefixtures("contexts")
@pytest.mark.parametrize("target", FREE, ids=str)
def test_other_servers_are_free(target: Brokers | ZooKeeper) -> None:
    context_policy.check_change(target)


@pytest.mark.usefixtures("contexts")
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
