"""`ktools configs --zookeeper`: what it refuses before it connects, and the lines of Kafka 2.8's tool."""

import pytest
from click.testing import CliRunner

from kafka_tools.model.configs import ConfigEntry, Entity, EntityConfigs
from kafka_tools.tools.configs import command
from kafka_tools.tools.configs.on_zookeeper import lines

ENSEMBLE = ("--zookeeper", "127.0.0.1:1")


@pytest.mark.parametrize(
    ("entity", "shown"),
    [
        (Entity("topics", "a"), "topic 'a'"),
        (Entity("brokers", ""), "default brokers"),
        (Entity("ips", "10.0.0.1"), "ips '10.0.0.1'"),
        (Entity("users", "CN=a, O=b"), "user-principal 'CN=a, O=b'"),
        (Entity("users", "", "c"), "default user-principal, client-id 'c'"),
        (Entity("users", "u", ""), "user-principal 'u', default client-id"),
    ],
)
def test_an_entity_has_kafka_s_words(entity: Entity, shown: str) -> None:
    entries = (ConfigEntry("a", "1"), ConfigEntry("b", "2,3"))
    assert list(lines([EntityConfigs(entity, entries)])) == [f"Configs for {shown} are a=1,b=2,3"]
    assert list(lines([EntityConfigs(entity, ())])) == [f"Configs for {shown} are "]


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("--describe", "--all", "--entity-type", "topics"), "--bootstrap-server must be specified for --all"),
        (
            ("--describe", "--entity-type", "groups"),
            "Invalid entity type groups, the entity type must be one of topics,clients,users,brokers,ips with the "
            "--zookeeper argument",
        ),
        (
            ("--describe", "--entity-type", "topics", "--bootstrap-server", "127.0.0.1:1"),
            "Only one of --bootstrap-server or --zookeeper must be specified",
        ),
    ],
)
def test_what_does_not_fit_is_told_before_zookeeper_is_asked(argv: tuple[str, ...], said: str) -> None:
    result = CliRunner().invoke(command, [*ENSEMBLE, *argv])
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"{said}\n")


def test_one_name_for_two_types_is_told_behind_the_warning() -> None:
    argv = (
        "--alter",
        "--entity-type",
        "users",
        "--entity-type",
        "clients",
        "--entity-name",
        "c",
        "--add-config",
        "a=b",
    )
    result = CliRunner().invoke(command, [*ENSEMBLE, *argv])
    assert result.exit_code == 1
    assert result.stdout.startswith("Warning: --zookeeper is deprecated and will be removed in a future version of")
    assert result.stderr.startswith("--entity-name or --entity-default must be specified with each --entity-type")


def test_no_password_stands_in_the_line_about_a_failure() -> None:
    argv = ("--alter", "--user", "u", "--add-config", "SCRAM-SHA-256=[password=hunter2]")
    result = CliRunner().invoke(command, [*ENSEMBLE, *argv])
    assert result.exit_code == 1
    assert "Error while executing config command with args '--zookeeper 127.0.0.1:1 --alter" in result.stderr
    assert "hunter2" not in result.output
