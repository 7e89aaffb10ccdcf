"""From Java's and librdkafka's names to TLS, SASL and librdkafka's settings."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.security import OAuth, Sasl, Security
from kafka_tools.settings import librdkafka, stores
from kafka_tools.settings.librdkafka import KNOWN, LIBRDKAFKA, RANGES
from kafka_tools.settings.security import security
from kafka_tools.settings.values import Values

STORES = Path(__file__).with_name("stores")
PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule required"
SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule required"
OAUTHBEARER = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required"


def understood(settings: dict[str, str]) -> Security:
    return security(Values(settings))


def translated(settings: dict[str, str]) -> dict[str, str]:
    return librdkafka.settings(Values(settings), settings, understood(settings))


def test_nothing_said_is_plaintext() -> None:
    assert understood({}) == Security()
    assert translated({}) == {}


@pytest.mark.parametrize(
    ("protocol", "tls", "sasl"),
    [("PLAINTEXT", False, False), ("ssl", True, False), ("SASL_PLAINTEXT", False, True), ("Sasl_Ssl ", True, True)],
)
def test_protocols(protocol: str, tls: bool, sasl: bool) -> None:
    given = {"security.protocol": protocol, "sasl.mechanism": "PLAIN", "sasl.username": "me", "sasl.password": "x"}
    found = understood(given)
    assert (found.tls is not None, found.sasl is not None) == (tls, sasl)
    assert found.protocol == protocol.strip().upper()


def sasl(**settings: str) -> dict[str, str]:
    return {"security.protocol": "SASL_PLAINTEXT"} | {name.replace("_", "."): value for name, value in settings.items()}


@pytest.mark.parametrize(
    ("mechanism", "module"), [("PLAIN", PLAIN), ("SCRAM-SHA-256", SCRAM), ("SCRAM-SHA-512", SCRAM)]
)
def test_a_jaas_line(mechanism: str, module: str) -> None:
    line = f'{module} username="alice" password="p\\"w; = x";'
    found = sasl(sasl_mechanism=mechanism, sasl_jaas_config=line)
    assert understood(found).sasl == Sasl(mechanism, "alice", 'p"w; = x')
    assert translated(found) == {
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": mechanism,
        "sasl.username": "alice",
        "sasl.password": 'p"w; = x',
    }


def test_librdkafkas_own_names_go_first() -> None:
    line = f'{PLAIN} username="java" password="j";'
    found = sasl(
        sasl_mechanisms="SCRAM-SHA-256",
        sasl_mechanism="PLAIN",
        sasl_username="c",
        sasl_password="p",
        sasl_jaas_config=line,
    )
    assert understood(found).sasl == Sasl("SCRAM-SHA-256", "c", "p")


def test_a_reference_may_hold_what_would_need_quoting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PW", 'a"; b\\')
    line = f'{PLAIN} username="me" password="${{env:PW}}";'
    found = understood(sasl(sasl_mechanism="PLAIN", sasl_jaas_config=line))
    assert found.sasl == Sasl("PLAIN", "me", 'a"; b\\')


def test_the_jaas_file_of_kafka_s_start_scripts(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = home / "jaas.conf"
    file.write_text(
        f'// mine\nKafkaServer {{ x.Y required a=b; }};\nKafkaClient {{\n {PLAIN}\n username="me" password="x"; }};'
    )
    monkeypatch.setenv("KAFKA_OPTS", f"-Xmx1g -Djava.security.auth.login.config={file} -Dx=y")
    assert understood(sasl(sasl_mechanism="PLAIN")).sasl == Sasl("PLAIN", "me", "x")
    own = sasl(sasl_mechanism="PLAIN", sasl_jaas_config=f'{PLAIN} username="line" password="x";')
    assert understood(own).sasl == Sasl("PLAIN", "line", "x")
    file.write_text("KafkaServer { x.Y required a=b; };")
    with pytest.raises(KafkaToolError, match="PLAIN needs a user"):
        understood(sasl(sasl_mechanism="PLAIN"))
    file.write_text("KafkaClient { x.Y required password=hunter2")
    with pytest.raises(KafkaToolError, match=r"jaas\.conf: it does not end") as refused:
        understood(sasl(sasl_mechanism="PLAIN"))
    assert "hunter2" not in refused.value.message


def test_a_password_is_asked_for_when_there_is_none() -> None:
    found = security(Values(sasl(sasl_mechanism="PLAIN", sasl_username="me")), lambda user: f"{user}'s")
    assert found.sasl == Sasl("PLAIN", "me", "me's")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"security.protocol": "TLS"}, "security.protocol cannot be 'TLS'"),
        (sasl(), r"means Java's default, and GSSAPI \(Kerberos\) is not supported"),
        (sasl(sasl_mechanism="GSSAPI"), r"sasl.mechanism: GSSAPI \(Kerberos\) is not supported"),
        (sasl(sasl_mechanism="PLAIN"), "PLAIN needs a user"),
        (sasl(sasl_mechanism="PLAIN", sasl_username="me"), "PLAIN needs a password for me"),
        (sasl(sasl_mechanism="OAUTHBEARER"), "needs sasl.oauthbearer.token.endpoint.url"),
        (
            sasl(sasl_mechanism="PLAIN", sasl_jaas_config='x required password="hunter2"'),
            "does not end with a semicolon",
        ),
        ({"security.protocol": "SSL", "ssl.truststore.location": "/no/such"}, "cannot read /no/such"),
        ({"security.protocol": "SSL", "ssl.truststore.certificates": "hunter2"}, "neither a certificate"),
        (
            {
                "security.protocol": "SASL_SSL",
                "sasl.mechanism": "SCRAM-SHA-256",
                "sasl.jaas.config": f'{SCRAM} username="t" password="p" tokenauth="TRUE";',
            },
            "tokenauth=true, the login with a delegation token, is not supported",
        ),
    ],
)
def test_what_cannot_be_used(settings: dict[str, str], words: str) -> None:
    with pytest.raises(KafkaToolError, match=words) as refused:
        understood(settings)
    assert "hunter2" not in refused.value.message


def tls(**settings: str) -> dict[str, str]:
    return {"security.protocol": "SSL"} | {name.replace("_", "."): value for name, value in settings.items()}


@pytest.mark.parametrize("kind", ["jks", "pkcs12"])
def test_java_stores_become_pem(kind: str) -> None:
    found = tls(
        ssl_truststore_location=str(STORES / f"trust.{kind}"),
        ssl_truststore_password="changeit",
        ssl_keystore_location=str(STORES / f"key.{kind}"),
        ssl_keystore_password="changeit",
        ssl_truststore_type=kind.upper(),
    )
    result = translated(found)
    assert result.keys() == {
        "security.protocol",
        "ssl.ca.pem",
        "ssl.certificate.pem",
        "ssl.key.pem",
        "ssl.endpoint.identification.algorithm",
    }
    assert result["ssl.ca.pem"] == result["ssl.certificate.pem"]
    assert "PRIVATE KEY" in result["ssl.key.pem"]


def test_pem_in_files_and_in_place(tmp_path: Path) -> None:
    store = stores.read(str(STORES / "key.jks"), "changeit")
    for name, text in (("both", store.key + store.chain), ("key", store.key), ("certificate", store.chain)):
        (tmp_path / name).write_text(text)
    ways = (
        tls(ssl_keystore_type="PEM", ssl_keystore_location=str(tmp_path / "both")),
        tls(
            ssl_keystore_type="PEM",
            ssl_keystore_key=store.key.replace("\n", " "),
            ssl_keystore_certificate_chain=store.chain,
        ),
        tls(ssl_key_location=str(tmp_path / "key"), ssl_certificate_location=str(tmp_path / "certificate")),
        tls(ssl_key_pem=store.key, ssl_certificate_pem=store.chain),
    )
    for way in ways:
        found = understood(way).tls
        assert found is not None
        assert (found.certificates, found.key) == (store.chain, store.key)


@pytest.mark.parametrize(
    ("value", "checked"), [(None, True), ("https", True), ("HTTPS", True), ("", False), ("none", False)]
)
def test_the_servers_name(value: str | None, checked: bool) -> None:
    found = understood(tls() | ({} if value is None else {"ssl.endpoint.identification.algorithm": value})).tls
    assert found is not None
    assert found.check_hostname is checked


def test_client_credentials() -> None:
    line = f'{OAUTHBEARER} clientId="id" clientSecret="sec" scope="s" extension_logicalCluster="lc";'
    found = sasl(sasl_mechanism="OAUTHBEARER", sasl_jaas_config=line, sasl_oauthbearer_token_endpoint_url="https://t/")
    assert understood(found).sasl == Sasl(
        "OAUTHBEARER", oauth=OAuth("https://t/", "id", "sec", "s", extensions=(("logicalCluster", "lc"),))
    )
    new_names = sasl(
        sasl_mechanism="OAUTHBEARER",
        sasl_oauthbearer_token_endpoint_url="https://t/",
        sasl_oauthbearer_scope="s",
        sasl_oauthbearer_client_credentials_client_id="id",
        sasl_oauthbearer_client_credentials_client_secret="sec",
    )
    assert translated(new_names)["sasl.oauthbearer.client.id"] == "id"
    assert translated(new_names)["sasl.oauthbearer.method"] == "oidc"


def test_unsecured_tokens() -> None:
    line = f'{OAUTHBEARER} unsecuredLoginStringClaim_sub="me";'
    found = sasl(sasl_mechanism="OAUTHBEARER", sasl_jaas_config=line)
    assert translated(found)["sasl.oauthbearer.config"] == "principal=me"
    assert translated(found)["enable.sasl.oauthbearer.unsecure.jwt"] == "true"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("request.timeout.ms", "5000", {"request.timeout.ms": "5000", "socket.timeout.ms": "5000"}),
        ("max.poll.interval.ms", "2147483647", {"max.poll.interval.ms": "86400000"}),
        ("send.buffer.bytes", "-1", {"socket.send.buffer.bytes": "0"}),
        ("fetch.max.wait.ms", "100", {"fetch.wait.max.ms": "100"}),
        ("auto.offset.reset", "none", {"auto.offset.reset": "error"}),
        (
            "partition.assignment.strategy",
            "org.apache.kafka.clients.consumer.RangeAssignor,x.Own",
            {"partition.assignment.strategy": "range"},
        ),
        ("partition.assignment.strategy", "org.apache.kafka.clients.consumer.StickyAssignor", {}),
        ("partition.assignment.strategy", "range,cooperative-sticky", {"partition.assignment.strategy": "range"}),
        ("client.dns.lookup", "use_all_dns_ips", {"client.dns.lookup": "use_all_dns_ips"}),
        ("key.deserializer", "x", {}),
        ("allow.auto.create.topics", "true", {}),
        ("bootstrap.servers", "a:1", {}),
        ("ssl.cipher.suites", "TLS_AES_128_GCM_SHA256", {}),
        ("statistics.interval.ms", "0", {"statistics.interval.ms": "0"}),
    ],
)
def test_names_and_values(name: str, value: str, expected: dict[str, str]) -> None:
    assert translated({name: value}) == expected


def test_what_is_no_number() -> None:
    with pytest.raises(KafkaToolError, match=r"linger\.ms cannot be 'soon'"):
        translated({"linger.ms": "soon"})


def test_unknown_names_are_told_with_the_nearest() -> None:
    names = ["ssl.trustore.location", "key.serializer", "schema.registry.url", "queued.min.messages", "zzz"]
    assert librdkafka.unknown(names) == [
        "ssl.trustore.location is not known and has no effect: did you mean ssl.truststore.location?",
        "zzz is not known and has no effect",
    ]


VALUES = (
    st.sampled_from(
        ["", "1", "-1", "99999999999", "true", "PLAIN", "SASL_SSL", "SSL", "x.y", "a=b c=d", "${", "${env:NOPE}"]
    )
    | st.text()
)


@given(st.dictionaries(st.sampled_from(sorted(KNOWN)), VALUES))
def test_any_settings_are_taken_or_refused_in_words(settings: dict[str, str]) -> None:
    try:
        found = translated(settings)
    except KafkaToolError:
        return
    assert found.keys() <= LIBRDKAFKA
    assert all(RANGES[name][0] <= int(value) <= RANGES[name][1] for name, value in found.items() if name in RANGES)


def test_nothing_secret_in_a_repr() -> None:
    found = understood(sasl(sasl_mechanism="PLAIN", sasl_username="me", sasl_password="hunter2"))
    assert "hunter2" not in repr(found)
    store = tls(ssl_keystore_location=str(STORES / "key.jks"), ssl_keystore_password="changeit")
    assert "PRIVATE" not in repr(understood(store))
