"""Which ZooKeeper `ktools acls` means: --authorizer and its properties, in the words of Kafka 2.8's tool."""

import pytest
from click.testing import CliRunner

from kafka_tools.errors import KafkaToolError
from kafka_tools.tools.acls import command
from kafka_tools.tools.acls.on_zookeeper import AUTHORIZERS, ensemble

CONNECT = "zookeeper.connect=zk:2181/kafka"


def test_the_properties_name_the_ensemble_and_how_znodes_are_protected() -> None:
    assert ensemble(None, [CONNECT], None, (), 0.0).connect == "zk:2181/kafka"
    assert ensemble(None, [CONNECT, "authorizer.zookeeper.url=other:1"], None, (), 0.0).connect == "other:1"
    assert ensemble(AUTHORIZERS[1], [CONNECT], None, (), 0.0).set_acl is False
    assert ensemble(None, [CONNECT, "zookeeper.set.acl=true"], None, (), 0.0).set_acl is True
    login = ("zookeeper.sasl.username=a", "zookeeper.sasl.password=b")
    assert ensemble(None, [CONNECT], None, login, 0.0).set_acl is True
    assert ensemble(None, [CONNECT, "zookeeper.set.acl=false"], None, login, 0.0).set_acl is False


def test_tls_of_the_authorizer_s_own_goes_before_the_broker_s() -> None:
    own = ("zookeeper.ssl.client.enable=false", "authorizer.zookeeper.ssl.client.enable=true")
    algorithm = "authorizer.zookeeper.ssl.endpoint.identification.algorithm="
    found = ensemble(None, [CONNECT, *own], None, (), 0.0).security
    assert found is not None
    assert found.tls is not None
    with pytest.raises(KafkaToolError, match="Missing value for key authorizer"):
        ensemble(None, [CONNECT, algorithm], None, (), 0.0)


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("--authorizer", AUTHORIZERS[0]), 'Missing required argument "[authorizer-properties]"'),
        (
            ("--authorizer", AUTHORIZERS[0], "--bootstrap-server", "a:1"),
            "Only one of --bootstrap-server or --authorizer must be specified",
        ),
        (
            ("--authorizer-properties", CONNECT, "--bootstrap-server", "a:1"),
            "The --authorizer-properties option can only be used with --authorizer option",
        ),
        (
            ("--authorizer-properties", CONNECT, "--command-config", "f"),
            "The --command-config option can only be used with --bootstrap-server option",
        ),
    ],
)
def test_options_that_do_not_fit_are_told_in_apaches_words(argv: tuple[str, ...], said: str) -> None:
    result = CliRunner().invoke(command, ["--list", *argv])
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"{said}\n")


def test_an_authorizer_that_has_no_rules_there_is_named_with_the_nearest() -> None:
    argv = ["--list", "--authorizer", "kafka.security.authorizer.AclAuthoriser", "--authorizer-properties", CONNECT]
    result = CliRunner().invoke(command, argv)
    assert result.stdout == "Error while executing ACL command: kafka.security.authorizer.AclAuthoriser\n"
    assert result.stderr == f"Did you mean {AUTHORIZERS[0]}?\n"
