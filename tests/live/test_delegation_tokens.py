"""A delegation token from its beginning to its end: Apache's Java client logs in with it, and then no longer."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.clusters import Cluster
from tests.support.java import java_tool

HOUR_MS = 3_600_000
TOPICS = "org.apache.kafka.tools.TopicCommand"


def tokens(cluster: Cluster, *argv: str, secret: str = "") -> Any:
    """Run the tool as the sandbox's administrator, and return its rows."""
    ran = cluster.run("delegation-tokens", *argv, "--output", "json", stdin=secret.encode())
    assert (ran.returncode, ran.stderr) == (0, b""), ran.stderr
    return json.loads(ran.stdout)


def login(cluster: Cluster, token: Any, folder: Path) -> str:
    """Write a client's settings that log in with a token, and return the file."""
    module = "org.apache.kafka.common.security.scram.ScramLoginModule"
    options = f'username="{token["token_id"]}" password="{token["hmac"]}" tokenauth="true"'
    return cluster.config("admin", folder, sasl_jaas_config=f"{module} required {options};")


@pytest.mark.parametrize("kind", ["kafka39_secured", "kafka4_secured"])
def test_a_client_logs_in_as_long_as_the_token_lives(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    cluster: Cluster = request.getfixturevalue(kind)
    topic = cluster.topic()

    def listed(file: str) -> tuple[int, bool]:
        """Return the status of Apache's tool, and whether it shows the topic."""
        ran = java_tool(
            "3.9.1", (), TOPICS, "--bootstrap-server", cluster.bootstrap, "--command-config", file, "--list"
        )
        return ran.returncode, topic.encode() in ran.stdout

    [token] = tokens(cluster, "--create", "--max-life-time-period", "-1")
    file = login(cluster, token, tmp_path)
    assert listed(file) == (0, True)

    by_stdin = ("--hmac-file", "-")
    [renewed] = tokens(cluster, "--renew", "--renew-time-period", str(2 * HOUR_MS), *by_stdin, secret=token["hmac"])
    assert renewed["expiry_timestamp"] < token["expiry_timestamp"] <= token["max_timestamp"]
    described = {each["token_id"]: each for each in tokens(cluster, "--describe", "--owner-principal", token["owner"])}
    assert described[token["token_id"]] == token | renewed

    [ended] = tokens(cluster, "--expire", "--expiry-time-period", "-1", *by_stdin, secret=token["hmac"])
    assert ended["expiry_timestamp"] < renewed["expiry_timestamp"]
    left = tokens(cluster, "--describe")
    assert token["token_id"] not in {each["token_id"] for each in left}
    assert listed(file) == (1, False)

    # No client of librdkafka can say that it comes with a token: that is told before anything is sent.
    ours = cluster.run("topics", "--list", "--command-config", file)
    assert (ours.returncode, b"tokenauth=true" in ours.stdout) == (1, True)


def test_several_servers_know_a_token_when_the_tool_ends(kafka39_secured: Cluster) -> None:
    """The same broker by two addresses stands for two: both are asked until they tell of it."""
    servers = ",".join((kafka39_secured.bootstrap, kafka39_secured.bootstrap.replace("127.0.0.1", "localhost")))
    to = ("--bootstrap-server", servers, "--command-config", str(kafka39_secured.logins()["admin"]))
    [token] = tokens(kafka39_secured, "--create", "--max-life-time-period", "60000", *to)
    found = tokens(kafka39_secured, "--describe")
    assert token in found
