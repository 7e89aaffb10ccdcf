"""`ktools configs` on real clusters: what it changes is in force, and what it must not change stays."""

import json
import re
import subprocess
import time
import uuid
from pathlib import Path

import pytest

from tests.support.clusters import Cluster

LINE = b"x" * 2000 + b"\n"


def alter(cluster: Cluster, *options: str) -> subprocess.CompletedProcess[bytes]:
    changed = cluster.run("configs", "--alter", *options)
    assert changed.returncode == 0, changed.stderr.decode()
    return changed


def rows(cluster: Cluster, *options: str) -> list[dict[str, object]]:
    found = cluster.run("configs", "--describe", *options, "--output", "json")
    assert found.returncode == 0, found.stderr.decode()
    described: list[dict[str, object]] = json.loads(found.stdout)
    return described


def unique(kind: str) -> str:
    return f"{kind}-{uuid.uuid4().hex[:8]}"


def test_human_units_are_in_force_on_every_cluster(kafka39: Cluster, kafka4: Cluster, kafka28: Cluster) -> None:
    for cluster in (kafka39, kafka4, kafka28):
        topic = cluster.topic()
        alter(cluster, "--topic", topic, "--add-config", "retention.ms=7d,max.message.bytes=10MiB")
        own = {row["name"]: row["value"] for row in rows(cluster, "--topic", topic)}
        assert own == {"retention.ms": "604800000", "max.message.bytes": "10485760"}


def test_a_dry_run_shows_the_difference_and_changes_nothing(kafka39: Cluster) -> None:
    topic = kafka39.topic(configs=["retention.ms=1000"])
    options = ("--topic", topic, "--add-config", "retention.ms=2s,flush.ms=9", "--dry-run")
    planned = kafka39.run("configs", "--alter", *options)
    assert planned.stdout.decode().splitlines() == ["retention.ms: 1000 -> 2000", "flush.ms: not set -> 9"]
    assert planned.returncode == 0
    assert [row["value"] for row in rows(kafka39, "--topic", topic)] == ["1000"]


def test_a_dry_run_is_checked_by_the_broker(kafka39: Cluster) -> None:
    options = ("--topic", kafka39.topic(), "--add-config", "min.insync.replicas=0", "--dry-run")
    refused = kafka39.run("configs", "--alter", *options)
    assert b"Invalid value 0 for configuration min.insync.replicas: Value must be at least 1" in refused.stderr
    assert (refused.returncode, refused.stdout) == (1, b"")


def test_a_mistyped_key_is_named_before_anything_is_sent(kafka39: Cluster) -> None:
    # A broker takes a config that it does not know, as a plugin of its may know it.
    mistyped = kafka39.run("configs", "--alter", "--broker", "1", "--add-config", "log.cleaner.thread=2")
    assert mistyped.stderr.decode().splitlines()[1:] == [
        "Unknown config: log.cleaner.thread",
        "Did you mean log.cleaner.threads? Nothing was sent; --force sends it as it is.",
    ]
    assert mistyped.returncode == 1
    assert rows(kafka39, "--broker", "1") == []


def test_a_broker_obeys(kafka39: Cluster) -> None:
    topic, option = kafka39.topic(), ("--broker-defaults",)
    alter(kafka39, *option, "--add-config", "message.max.bytes=1000012")
    try:
        synonyms = [
            row["synonyms"] for row in rows(kafka39, "--topic", topic, "--all") if row["name"] == "max.message.bytes"
        ]
        assert synonyms == [
            [
                {"name": "message.max.bytes", "value": "1000012", "source": "DYNAMIC_DEFAULT_BROKER_CONFIG"},
                {"name": "message.max.bytes", "value": "1048588", "source": "DEFAULT_CONFIG"},
            ]
        ]
        refused = kafka39.run("console-producer", "--topic", topic, stdin=b"y" * 1_000_100 + b"\n")
        assert refused.returncode == 1
    finally:
        alter(kafka39, *option, "--delete-config", "message.max.bytes")
    assert kafka39.run("console-producer", "--topic", topic, stdin=b"y" * 1_000_000 + b"\n").returncode == 0


def test_a_quota_throttles_a_producer(kafka39: Cluster) -> None:
    topic, client = kafka39.topic(), unique("client")
    options = ("--topic", topic, "-X", f"client.id={client}", "-X", "batch.num.messages=1")

    def seconds() -> float:
        began = time.monotonic()
        sent = kafka39.run("console-producer", *options, stdin=LINE * 12)
        assert sent.returncode == 0, sent.stderr
        return time.monotonic() - began

    free = seconds()
    alter(kafka39, "--client", client, "--add-config", "producer_byte_rate=1kB")
    # 24 kB at 1 kB/s: a broker counts the last 10 s, and mutes who sent more for as long as it takes, 10 s at most.
    assert seconds() > free + 3


def test_a_scram_user_logs_in(kafka4_secured: Cluster, tmp_path: Path) -> None:
    user = unique("user")
    admin = str(kafka4_secured.logins()["admin"])
    line = (
        f'org.apache.kafka.common.security.scram.ScramLoginModule required username="{user}" password="sesame,open=1";'
    )
    login = kafka4_secured.config("user", tmp_path, sasl_mechanism="SCRAM-SHA-512", sasl_jaas_config=line)
    topics = ("topics", "--list", "--command-config", login)
    assert kafka4_secured.run(*topics).returncode == 1
    credential = "SCRAM-SHA-512=[iterations=4096,password=sesame,open=1]"
    alter(kafka4_secured, "--command-config", admin, "--user", user, "--add-config", credential)
    assert kafka4_secured.run(*topics).returncode == 0
    described = kafka4_secured.run("configs", "--command-config", admin, "--describe", "--user", user)
    assert described.stdout.decode().splitlines() == [
        f"SCRAM credential configs for user-principal '{user}' are SCRAM-SHA-512=iterations=4096"
    ]


def test_whoever_may_not_hears_which_right_is_missing(kafka4_secured: Cluster) -> None:
    reader = str(kafka4_secured.logins()["reader"])
    for options, right in (
        (("--topic", "nope", "--add-config", "retention.ms=1"), "DESCRIBE_CONFIGS on topic 'nope'"),
        (("--user", "u", "--add-config", "SCRAM-SHA-256=[password=p]"), "ALTER on the cluster"),
        (("--client", "c", "--add-config", "producer_byte_rate=1"), "DESCRIBE_CONFIGS on the cluster"),
    ):
        refused = kafka4_secured.run("configs", "--command-config", reader, "--alter", *options)
        lines = refused.stderr.decode().splitlines()
        assert lines[0].startswith("Error while executing config command with args '--command-config ")
        assert lines[-1] == f"It needs {right}."
        assert (refused.returncode, refused.stdout, len(lines)) == (1, b"", 3)


@pytest.mark.parametrize("rule", ["read-only", "protected"])
def test_a_guarded_context_is_not_changed(kafka39: Cluster, tmp_path: Path, rule: str) -> None:
    topic, home = kafka39.topic(), {"XDG_CONFIG_HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state")}
    added = kafka39.run("context", "add", "prod", "--bootstrap-server", kafka39.bootstrap, f"--{rule}", env=home)
    assert added.returncode == 0, added.stderr.decode()
    change = ("configs", "--alter", "--topic", topic, "--add-config", "retention.ms=1000")
    refused = kafka39.run(*change, env=home | {"KTOOLS_CONTEXT": "prod"})
    assert f"context prod is {rule}: nothing was changed" in refused.stderr.decode()
    assert refused.returncode == 1
    assert rows(kafka39, "--topic", topic) == []
    again = kafka39.run(*change, "--yes", env=home | {"KTOOLS_CONTEXT": "prod"})
    assert again.returncode == (0 if rule == "protected" else 1)
    assert kafka39.run(*change, "--dry-run", env=home | {"KTOOLS_CONTEXT": "prod"}).returncode == 0


def test_two_topics_and_two_clusters_are_compared(kafka39: Cluster, kafka4: Cluster, tmp_path: Path) -> None:
    left, right = (
        kafka39.topic(configs=["retention.ms=1000"]),
        kafka39.topic(configs=["retention.ms=2000", "flush.ms=9"]),
    )
    differing = kafka39.run("configs", "--diff", "--entity-type", "topics", left, right)
    assert differing.stdout.decode().splitlines() == [
        f"--- {left}",
        f"+++ {right}",
        f"-flush.ms={(1 << 63) - 1}",
        "+flush.ms=9",
        "-retention.ms=1000",
        "+retention.ms=2000",
    ]
    assert differing.returncode == 1
    same = kafka39.run("configs", "--diff", "--entity-type", "topics", left, left)
    assert (same.returncode, same.stdout) == (0, b"")
    home = {"XDG_CONFIG_HOME": str(tmp_path)}
    for name, cluster in (("old", kafka39), ("new", kafka4)):
        kafka39.run("context", "add", name, "--bootstrap-server", cluster.bootstrap, env=home)
    brokers = kafka39.run("configs", "--diff", "--broker-defaults", "old", "new", env=home)
    # Kafka 4's controller sets it by itself (KIP-966).
    assert brokers.stdout.decode().splitlines() == ["--- old", "+++ new", "+min.insync.replicas=1"]
    assert (brokers.returncode, brokers.stderr) == (1, b"")


def test_what_an_older_broker_does_not_have_is_said_in_a_line(kafka28: Cluster) -> None:
    for kind, said in (
        ("group", "Groups have configs from Kafka 4.0 on (KIP-848): these brokers are older."),
        ("client-metrics", "Client metrics need Kafka 3.7 or later without ZooKeeper (KIP-714)"),
    ):
        refused = kafka28.run("configs", "--describe", f"--{kind}", "x")
        assert said in refused.stderr.decode().splitlines()[1]
        assert refused.stdout.decode() == f"Dynamic configs for {kind.removesuffix('s')} x are:\n"
        assert refused.returncode == 1


def test_only_overrides_leaves_out_what_is_as_always(kafka39: Cluster) -> None:
    plain, own = kafka39.topic(), kafka39.topic(configs=["retention.ms=1000"])
    found = kafka39.run("configs", "--describe", "--entity-type", "topics", "--only-overrides").stdout.decode()
    assert f"topic {own} " in found
    assert plain not in found
    everything = rows(kafka39, "--topic", own, "--all")
    overrides = rows(kafka39, "--topic", own, "--all", "--only-overrides")
    assert [row for row in everything if row["source"] != "DEFAULT_CONFIG"] == overrides


def test_a_name_that_is_typed_wrong_is_told_in_a_line(kafka39: Cluster) -> None:
    for option in ("--topik", "--entity-typ", "--add-confg", "--bootstrap-servers", "--descibe"):
        wrong = kafka39.run("configs", "--describe", option, "x")
        name = option.lstrip("-")
        lines = wrong.stderr.decode().splitlines()
        assert lines[0] == f"{name} is not a recognized option"
        assert re.fullmatch("Did you mean --[a-z-]+[?]", lines[1])
        assert wrong.returncode == 1
