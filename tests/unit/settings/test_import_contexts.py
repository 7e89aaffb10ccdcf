"""Files of other programs become contexts."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kafka_tools.errors import KafkaToolError
from kafka_tools.settings import import_contexts
from kafka_tools.settings.contexts import Context

KAF = """\
current-cluster: local
clusters:
- name: local
  brokers: [localhost:9092]
  SASL: null
  TLS: null
- name: prod cluster
  brokers:
  - b1:9092
  - b2:9092
  SASL: {mechanism: SCRAM-SHA-512, username: me, password: hunter2}
  TLS: {cafile: /ca.pem, clientfile: /c.pem, clientkeyfile: /k.pem, insecure: true}
- name: oauth
  brokers: [o:1]
  security-protocol: SASL_SSL
  SASL: {mechanism: OAUTHBEARER, clientID: id, clientSecret: sec, tokenURL: https://t/, scopes: [a, b]}
"""
KAFKACTL = """\
contexts:
  default:
    brokers: [localhost:9092]
    tls: {enabled: false, ca: x}
  remote:
    brokers: [r:9093]
    tls: {enabled: true, ca: /ca, cert: /c, certKey: /k}
    sasl: {enabled: true, username: me, password: hunter2, mechanism: scram-sha256}
  simple:
    brokers: s:1
    sasl: {enabled: true, username: me, password: hunter2}
current-context: default
"""
KCL = """\
seed_brokers = ["a:1", "b:1"]
[tls]
ca_cert_path = "/ca"
[sasl]
method = "scram_sha256"
user = "me"
pass = "hunter2"
"""
PASSWORD = {"sasl.username": "me", "sasl.password": "hunter2"}


def read(folder: Path, name: str, text: str) -> dict[str, Context]:
    (folder / name).write_text(text)
    return {context.name: context for context in import_contexts.read(str(folder / name))}


def test_kaf(home: Path) -> None:
    found = read(home, "config", KAF)
    assert list(found) == ["local", "prod-cluster", "oauth"]
    assert found["local"] == Context("local", "", "localhost:9092")
    assert found["prod-cluster"].bootstrap_servers == "b1:9092,b2:9092"
    assert found["prod-cluster"].settings == PASSWORD | {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "ssl.ca.location": "/ca.pem",
        "ssl.certificate.location": "/c.pem",
        "ssl.key.location": "/k.pem",
        "enable.ssl.certificate.verification": "false",
        "ssl.endpoint.identification.algorithm": "",
    }
    assert found["oauth"].settings["sasl.oauthbearer.scope"] == "a b"


def test_kafkactl(home: Path) -> None:
    found = read(home, "config.yml", KAFKACTL)
    assert found["default"] == Context("default", "", "localhost:9092")
    assert found["remote"].settings["security.protocol"] == "SASL_SSL"
    assert found["remote"].settings["sasl.mechanism"] == "SCRAM-SHA-256"
    assert found["simple"].settings == PASSWORD | {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "PLAIN"}


def test_kcl(home: Path) -> None:
    (found,) = read(home, "kcl.toml", KCL).values()
    assert (found.name, found.bootstrap_servers) == ("kcl", "a:1,b:1")
    assert found.settings == PASSWORD | {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-256",
        "ssl.ca.location": "/ca",
    }


def test_kcat_has_no_escapes(home: Path) -> None:
    (found,) = read(home, "kcat.conf", "# mine\nbootstrap.servers = a:1\nsasl.password=a\\b\x85=c\n").values()
    assert (found.bootstrap_servers, found.settings) == ("a:1", {"sasl.password": "a\\b\x85=c"})


def test_client_properties(home: Path) -> None:
    (found,) = read(home, "prod.eu.properties", "bootstrap.servers: a:1\nsasl.password=a\\\\b\n").values()
    assert (found.name, found.bootstrap_servers, found.settings) == ("prod", "a:1", {"sasl.password": "a\\b"})


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("x.yml", "a: [", "no YAML"),
        ("x.properties", "", "names no cluster"),
        ("x.properties", "a=\\u1", "malformed"),
        ("x.toml", "=", "no TOML"),
    ],
)
def test_what_cannot_be_read(home: Path, name: str, text: str, words: str) -> None:
    with pytest.raises(KafkaToolError, match=words):
        read(home, name, text)


def test_a_file_that_is_not_there(home: Path) -> None:
    with pytest.raises(KafkaToolError, match="No such file"):
        import_contexts.read(str(home / "none"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["x.yml", "x.toml", "kcat.conf", "x.properties"]),
    st.lists(
        st.sampled_from(
            [
                "contexts:",
                "clusters:",
                " - ",
                "a: ",
                "tls: ",
                "sasl: 1",
                "[tls]",
                "x = 1",
                "{",
                "\n",
                "sasl = 2",
                "brokers: {a: 1}",
            ]
        )
    ).map("".join)
    | st.text(),
)
def test_any_file_is_read_or_refused_in_words(home: Path, name: str, text: str) -> None:
    (home / name).write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        import_contexts.read(str(home / name))
    except KafkaToolError:
        return
