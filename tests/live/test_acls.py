"""`ktools acls` against what secured brokers really allow, with ZooKeeper and without."""

import json
import random
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import (
    AdminClient,
    NewTopic,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from kafka_tools.backends import open_acls
from kafka_tools.model.acls import (
    CLUSTER_NAME,
    SUPPORTED_OPERATIONS,
    AccessControlEntry,
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AuthorizerSettings,
    PatternType,
    ResourcePattern,
    ResourceType,
)
from kafka_tools.model.authorizer import Action
from kafka_tools.tools.acls import asking
from tests.support.clusters import Cluster

TOPIC, CLUSTER = ResourceType.TOPIC, ResourceType.CLUSTER
HERE = "127.0.0.1"
NOBODY_ELSE = AuthorizerSettings(frozenset(), allow_everyone=False)
"""The users of this test are none of the sandbox's super users, which its brokers do not tell."""


@pytest.fixture(params=["kafka39_secured", "kafka4_secured"])
def secured(request: pytest.FixtureRequest) -> Cluster:
    cluster: Cluster = request.getfixturevalue(request.param)
    return cluster


def users(cluster: Cluster, count: int) -> dict[str, AdminClient]:
    """Make users who may do nothing yet; return each with a client of theirs."""
    found = {}
    admin, mark = cluster.admin(), uuid.uuid4().hex[:6]
    names = [f"u-{mark}-{number}" for number in range(count)]
    info = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
    made = [UserScramCredentialUpsertion(name, info, b"secret-of-nobody") for name in names]
    for future in admin.alter_user_scram_credentials(made).values():
        future.result()
    for name in names:
        login = {"sasl.username": name, "sasl.password": "secret-of-nobody", "sasl.mechanism": "SCRAM-SHA-512"}
        how = {"bootstrap.servers": cluster.bootstrap, "security.protocol": "SASL_PLAINTEXT", "log_level": 0}
        found[f"User:{name}"] = AdminClient(how | login)
    return found


@contextmanager
def added(cluster: Cluster, rules: Sequence[AclBinding]) -> Iterator[None]:
    """Have these rules while the block runs."""
    with open_acls(cluster.brokers()) as acls:
        try:
            assert not any(acls.create(rules).values())
            yield
        finally:
            acls.delete([AclBindingFilter.exactly(each) for each in rules])


def generated(chance: random.Random, principals: Sequence[str], topics: Sequence[str]) -> list[AclBinding]:
    """Return some rules for each topic, for prefixes of several, for all topics, and for the cluster."""
    names = [(topic, PatternType.LITERAL) for topic in topics for _ in range(3)]
    names += [(topic[: chance.randint(12, len(topic))], PatternType.PREFIXED) for topic in topics[::3]]
    found = [_rule(chance, ResourcePattern(TOPIC, *name), [*principals, "User:*"]) for name in names]
    # What is about all topics may only be about users of this test: others share the cluster.
    found += [_rule(chance, ResourcePattern(TOPIC, "*"), [principal]) for principal in principals[1:]]
    cluster = ResourcePattern(CLUSTER, CLUSTER_NAME)
    found += [_rule(chance, cluster, [principal]) for principal in principals for _ in range(2)]
    return list(dict.fromkeys(found))


def _rule(chance: random.Random, pattern: ResourcePattern, principals: Sequence[str]) -> AclBinding:
    operations = (*SUPPORTED_OPERATIONS[pattern.resource_type], AclOperation.ALL, AclOperation.ALL)
    entry = AccessControlEntry(
        chance.choice(principals),
        chance.choice(["*", "*", "*", HERE, "10.1.2.3", "127.0.0.0/8", "10.0.0.0/8"]),
        chance.choice(operations),
        chance.choice([AclPermissionType.ALLOW] * 4 + [AclPermissionType.DENY]),
    )
    return AclBinding(pattern, entry)


def allowed_topics(user: AdminClient, topics: Sequence[str]) -> dict[str, set[str] | None]:
    """Return what a broker says that a user may do with each topic; None for one that the user may not see."""
    found: dict[str, set[str] | None] = {}
    asked = user.describe_topics(TopicCollection(list(topics)), include_authorized_operations=True)
    for topic, future in asked.items():
        try:
            found[topic] = {operation.name for operation in future.result(30).authorized_operations or ()}
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_AUTHORIZATION_FAILED:
                raise
            found[topic] = None
    return found


def answers(cluster: Cluster, actions: Sequence[Action]) -> dict[Action, bool | None]:
    """Return what `ktools acls --can` says to all these questions."""
    report = asking.can(asking.Can(cluster.brokers(), tuple(actions), NOBODY_ELSE))
    return {action: row.allowed for action, row in zip(actions, report.rows, strict=True)}


def test_can_agrees_with_the_broker(secured: Cluster) -> None:
    """Rules and requests are made by a fixed seed; the broker tells what it would let each user do."""
    chance = random.Random(14)
    mark = uuid.uuid4().hex[:8]
    topics = [f"t-{mark}-{''.join(chance.choices('ab', k=3))}{number}" for number in range(30)]
    admin = secured.admin()
    for future in admin.create_topics([NewTopic(topic, 1, 1) for topic in topics]).values():
        future.result(30)
    clients = users(secured, 3)
    rules = generated(chance, list(clients), topics)
    compared: list[tuple[Action, bool | None, bool]] = []
    with added(secured, rules):
        for principal, client in clients.items():
            asked = {
                topic: [Action(principal, each, TOPIC, topic, HERE) for each in SUPPORTED_OPERATIONS[TOPIC]]
                for topic in topics
            }
            said = answers(secured, [action for actions in asked.values() for action in actions])
            for topic, may in allowed_topics(client, topics).items():
                # Of a topic that may not be seen the broker says nothing else.
                seen = [each for each in asked[topic] if may is not None or each.operation is AclOperation.DESCRIBE]
                compared += [(action, said[action], action.operation.name in (may or ())) for action in seen]
            cluster_may = client.describe_cluster(include_authorized_operations=True).result(30).authorized_operations
            actions = [Action(principal, each, CLUSTER, CLUSTER_NAME, HERE) for each in SUPPORTED_OPERATIONS[CLUSTER]]
            shown = {operation.name for operation in cluster_may or ()}
            compared += [
                (action, said, action.operation.name in shown) for action, said in answers(secured, actions).items()
            ]
    for future in admin.delete_topics(topics).values():
        future.result(30)
    assert len(compared) >= 300
    assert {broker for *_, broker in compared} == {True, False}
    assert [each for each in compared if each[1] is not each[2]] == []


def test_a_rule_is_there_for_the_next_command(secured: Cluster) -> None:
    topic, admin = f"t-{uuid.uuid4().hex[:8]}", ("--command-config", str(secured.logins()["admin"]))
    rule = ("--topic", topic, "--operation", "Write", "--allow-principal", "User:x")
    assert secured.run("acls", *admin, "--add", *rule).returncode == 0
    listed = secured.run("acls", *admin, "--list", "--topic", topic, "--output", "json")
    assert [row["operation"] for row in json.loads(listed.stdout)] == ["Write"]
    question = ("--topic", topic, "--operation", "Describe", "--operation", "Write")
    assert secured.run("acls", *admin, "--can", "User:x", *question).returncode == 0
    no = secured.run("acls", *admin, "--can", "User:x", *question, "--operation", "Read")
    assert (no.returncode, no.stdout.splitlines()[-1][:3]) == (1, b"no:")
    assert secured.run("acls", *admin, "--remove", "--force", *rule).returncode == 0
    assert secured.run("acls", *admin, "--list", "--topic", topic).stdout == b""


def test_rules_of_a_file(secured: Cluster, tmp_path: Path) -> None:
    topic, admin = f"t-{uuid.uuid4().hex[:8]}", ("--command-config", str(secured.logins()["admin"]))
    named = ("--topic", topic)
    kept: dict[str, Any] = {"resource_type": "Topic", "resource": topic, "principal": "User:x", "operation": "Read"}
    file = tmp_path / "rules.json"
    file.write_text(json.dumps([kept, kept | {"resource_type": "User", "operation": "CreateTokens"}]))
    assert secured.run("acls", *admin, "--add", *named, "--allow-principal", "User:y").returncode == 0
    rehearsal = secured.run("acls", *admin, "--import", str(file), "--prune", *named, "--dry-run")
    assert [line[:1] for line in rehearsal.stdout.splitlines()] == [b"+", b"+", b"-"]
    assert secured.run("acls", *admin, "--import", str(file), "--prune", *named).returncode == 0
    exported = secured.run("acls", *admin, "--export", *named, "--user-principal", topic)
    assert [row["principal"] for row in json.loads(exported.stdout)] == ["User:x", "User:x"]
    file.write_text("[]")
    both = (*named, "--user-principal", topic)
    assert secured.run("acls", *admin, "--import", str(file), "--prune", *both).returncode == 0
    assert secured.run("acls", *admin, "--export", *both).stdout == b"[]\n"


def test_a_read_only_context_keeps_its_rules(secured: Cluster, tmp_path: Path) -> None:
    config = tmp_path / "config" / "ktools"
    config.mkdir(parents=True)
    (config / "config.toml").write_text(
        f'[contexts.guarded]\nbootstrap-servers = "{secured.bootstrap}"\nread-only = true\n'
    )
    env = {"XDG_CONFIG_HOME": str(tmp_path / "config"), "XDG_STATE_HOME": str(tmp_path / "state")}
    admin = ("--bootstrap-server", secured.bootstrap, "--command-config", str(secured.logins()["admin"]))
    (tmp_path / "rules").write_text("[]")
    for change in (
        ("--add", "--topic", "t", "--allow-principal", "User:x"),
        ("--remove", "--topic", "t", "--force"),
        ("--import", str(tmp_path / "rules"), "--prune"),
    ):
        ran = secured.run("acls", *admin, *change, env=env)
        assert ran.returncode == 1
        assert b"context guarded is read-only: nothing was changed" in ran.stdout
    assert secured.run("acls", *admin, "--list", env=env).returncode == 0


def test_controllers(kafka4_secured: Cluster, tmp_path: Path) -> None:
    """The controllers' own listener takes PLAIN alone in a sandbox."""
    changes = {"sasl_mechanism": "PLAIN", "bootstrap_servers": ""}
    file = Path(kafka4_secured.config("admin", tmp_path, **changes))
    file.write_text(file.read_text().replace("scram.ScramLoginModule", "plain.PlainLoginModule"))
    there = ("--bootstrap-controller", kafka4_secured.controllers, "--command-config", str(file))
    rule = ("--topic", f"t-{uuid.uuid4().hex[:8]}", "--allow-principal", "User:x", "--operation", "Read")
    assert kafka4_secured.run("acls", *there, "--add", *rule).returncode == 0
    listed = kafka4_secured.run("acls", *there, "--list", *rule[:2])
    assert b"(principal=User:x, host=*, operation=READ, permissionType=ALLOW)" in listed.stdout
    assert kafka4_secured.run("acls", *there, "--remove", "--force", *rule).returncode == 0
    assert kafka4_secured.run("acls", *there, "--list", *rule[:2]).stdout == b""
