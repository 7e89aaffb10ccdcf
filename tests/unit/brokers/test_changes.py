"""Every change through brokers: who guards the cluster is asked before it is sent, and so is whoever carries it out."""

import ast
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import kafka_tools.brokers
from kafka_tools.brokers.acls import BrokerAcls
from kafka_tools.brokers.all_groups import Coordinators
from kafka_tools.brokers.cluster import BrokerCluster
from kafka_tools.brokers.configs import BrokerConfigs
from kafka_tools.brokers.elections import BrokerElections
from kafka_tools.brokers.features import BrokerFeatures
from kafka_tools.brokers.groups import BrokerGroups
from kafka_tools.brokers.offsets import BrokerOffsets
from kafka_tools.brokers.quorum import BrokerQuorum
from kafka_tools.brokers.reassignments import BrokerReassignments
from kafka_tools.brokers.session import Session, open_session
from kafka_tools.brokers.tokens import BrokerTokens
from kafka_tools.brokers.topic_changes import BrokerTopicChanges
from kafka_tools.brokers.transactions import BrokerTransactions
from kafka_tools.errors import KafkaToolError, UnreachableError
from kafka_tools.model.acls import (
    AccessControlEntry,
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    ResourcePattern,
    ResourceType,
)
from kafka_tools.model.configs import BROKER_LOGGERS, BROKERS, DEFAULT, TOPICS, USERS, ConfigChange, Entity
from kafka_tools.model.groups import ConsumerGroup, Coordinator
from kafka_tools.model.reassignments import Replica
from kafka_tools.model.target import Brokers
from kafka_tools.model.topics import NewPartitions, NewTopic, TopicPartition
from kafka_tools.model.transactions import AbortMarker
from kafka_tools.wire.config_messages import DESCRIBE_CLIENT_QUOTAS
from kafka_tools.wire.messages import DESCRIBE_QUORUM, LIST_PARTITION_REASSIGNMENTS
from kafka_tools.wire.share_streams_messages import LEAVE_GROUP
from tests.support.one_broker import OneBroker, a_partition, a_topic, session_with
from tests.support.servers import serving

A_0 = TopicPartition("a", 0)
READ = AccessControlEntry("User:u", "*", AclOperation.READ, AclPermissionType.ALLOW)
RULE = AclBinding(ResourcePattern(ResourceType.TOPIC, "a"), READ)
RARE_RULE = AclBinding(ResourcePattern(ResourceType.USER, "a"), READ)
GROUP = ConsumerGroup("g", "Empty", "range", Coordinator(1, "127.0.0.1", 1), ())

Change = Callable[[Session], object]


def _alter(kind: str, name: str, **values: str) -> Change:
    return lambda session: BrokerConfigs(session).alter(ConfigChange(Entity(kind, name), values))


def _delete_before(session: Session) -> object:
    offsets = BrokerOffsets(session)
    offsets._leaders[A_0] = 1
    return offsets.delete_before({A_0: 1})


BY_CONTROLLER: dict[str, Change] = {
    "acls._created": lambda session: BrokerAcls(session).create([RULE]),
    "acls._deleted": lambda session: BrokerAcls(session).delete([AclBindingFilter.exactly(RULE)]),
    "acls.created": lambda session: BrokerAcls(session).create([RARE_RULE]),
    "acls.deleted": lambda session: BrokerAcls(session).delete([AclBindingFilter.exactly(RARE_RULE)]),
    "cluster._change": lambda session: BrokerCluster(session).unregister_broker(2),
    "configs._alter_by_admin": _alter(TOPICS, "a", **{"retention.ms": "1"}),
    "configs._alter_credentials": _alter(USERS, "u", **{"SCRAM-SHA-256": "[password=p]"}),
    "configs._changed": _alter(BROKERS, DEFAULT, **{"log.cleaner.threads": "2"}),
    "elections.elect": lambda session: BrokerElections(session).elect("PREFERRED", [A_0]),
    "features.update": lambda session: BrokerFeatures(session).update({"f": 1}, 1, False),
    "quorum._change": lambda session: BrokerQuorum(session).remove_voter(2, "AAAAAAAAAAAAAAAAAAAAAQ"),
    "reassignments._alter": lambda session: BrokerReassignments(session).cancel([A_0]),
    "tokens._changed": lambda session: BrokerTokens(session).create(None, (), -1),
    "topic_changes._refused": lambda session: BrokerTopicChanges(session).create_partitions([NewPartitions("a", 0)]),
    "topic_changes.delete_topics": lambda session: BrokerTopicChanges(session).delete_topics(["a"]),
}
REHEARSED: dict[str, Change] = {
    "topic_changes.create": lambda session: BrokerTopicChanges(session).create(NewTopic("b", 1, 1)),
    "topic_changes._added": lambda session: BrokerTopicChanges(session).create_partitions([NewPartitions("a", 2)]),
}
BY_ONE_BROKER: dict[str, Change] = {
    "all_groups.change": lambda session: Coordinators(session, 5.0).change(LEAVE_GROUP, "g", {}),
    "configs._changed": _alter(BROKER_LOGGERS, "1", x="DEBUG"),
    "groups.commit": lambda session: BrokerGroups(session, 5.0).commit("g", {A_0: 1}),
    "groups.delete": lambda session: BrokerGroups(session, 5.0).delete(["g"]),
    "groups.delete_offsets": lambda session: BrokerGroups(session, 5.0).delete_offsets(GROUP, [A_0]),
    "offsets.delete_before": _delete_before,
    "reassignments.move_dirs": lambda session: BrokerReassignments(session).move_dirs({Replica("a", 0, 1): "/d"}),
    "transactions.abort": lambda session: BrokerTransactions(session).abort(AbortMarker(A_0, 1, 1, 1)),
    "transactions.force_terminate": lambda session: BrokerTransactions(session).force_terminate("t"),
}
SENDING = {
    *("change", "create_acls", "delete_acls", "incremental_alter_configs", "create_topics"),
    *("alter_user_scram_credentials", "alter_consumer_group_offsets", "delete_consumer_groups", "delete_topics"),
    *("create_partitions", "delete_records", "elect_leaders"),
}
"""What sends a change: `wire.change`, and methods of AdminClient."""


def _sends(function: ast.FunctionDef) -> bool:
    """Tell whether a function sends a change itself; the deletion of offsets is sent as if it were a question."""
    for each in ast.walk(function):
        if isinstance(each, ast.Attribute) and each.attr in SENDING:
            value = each.value
            name = value.attr if isinstance(value, ast.Attribute) else value.id if isinstance(value, ast.Name) else ""
            if name in ("wire", "admin"):
                return True
        elif isinstance(each, ast.Name) and each.id == "OFFSET_DELETE":
            return True
    return False


def test_no_change_is_forgotten_here() -> None:
    folder = Path(kafka_tools.brokers.__file__).parent
    found = {
        f"{path.stem}.{function.name}"
        for path in folder.glob("*.py")
        for function in ast.walk(ast.parse(path.read_text()))
        if isinstance(function, ast.FunctionDef) and function.name != "send" and _sends(function)
    }
    assert found == BY_CONTROLLER.keys() | REHEARSED.keys() | BY_ONE_BROKER.keys()


def test_who_guards_the_cluster_by_its_id_is_asked_first() -> None:
    asked: list[str] = []

    def refuse(cluster: str) -> None:
        asked.append(cluster)
        raise KafkaToolError(f"{cluster} is read-only")

    broker = OneBroker(a_topic("a", a_partition(0)))
    changes = [*BY_CONTROLLER.values(), *REHEARSED.values(), *BY_ONE_BROKER.values()]
    with serving(broker) as port:
        broker.port = port
        with open_session(Brokers(f"127.0.0.1:{port}", on_cluster=refuse)) as session:
            for change in changes:
                with pytest.raises(KafkaToolError, match="one is read-only"):
                    change(session)
    assert asked == ["one"] * len(changes)
    assert set(broker.requests()) == {"Metadata"}


@pytest.mark.parametrize(
    ("silent", "cause"),
    [
        (DESCRIBE_QUORUM, "Have the controllers lost their majority?"),
        (DESCRIBE_CLIENT_QUOTAS, "Is ZooKeeper gone, or the controller?"),
    ],
)
def test_nothing_is_sent_where_nobody_could_carry_it_out(
    silent: Any, cause: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kafka_tools.brokers.session.CONTROLLER_SECONDS", 0.1)
    broker = OneBroker(a_topic("a", a_partition(0)), more={silent: lambda _: time.sleep(0.5)})
    with session_with(broker) as session:
        for change in BY_CONTROLLER.values():
            with pytest.raises(UnreachableError, match="Nothing was changed") as caught:
                change(session)
            assert caught.value.hint == cause
    assert set(broker.requests()) == {"Metadata", silent.name}


def test_what_the_controller_alone_does_is_not_sent_where_it_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kafka_tools.brokers.session.CONTROLLER_SECONDS", 0.2)
    broker = OneBroker(a_topic("a", a_partition(0)), more={LIST_PARTITION_REASSIGNMENTS: lambda _: {"error_code": 41}})
    broker.controller = 2
    with session_with(broker) as session:
        for name in ("configs._alter_credentials", "elections.elect", "reassignments._alter"):
            with pytest.raises(UnreachableError, match="Nothing was changed"):
                BY_CONTROLLER[name](session)
    assert set(broker.requests()) == {"Metadata", "ListPartitionReassignments"}


def test_a_change_of_a_broker_that_is_down_is_not_waited_for() -> None:
    with session_with(OneBroker()) as session, pytest.raises(UnreachableError, match=r"refused.*Nothing was changed"):
        _alter(BROKERS, "2", **{"log.cleaner.threads": "2"})(session)


def test_records_of_a_leader_that_is_down_are_not_waited_for() -> None:
    broker = OneBroker(a_topic("a", a_partition(0, leader=2)))
    with session_with(broker) as session:
        offsets = BrokerOffsets(session)
        offsets.partitions("a")
        [error] = offsets.delete_before({A_0: 1}).values()
    assert "broker 2" in str(error)
    assert "DeleteRecords" not in broker.requests()
