"""How a ZooKeeper ensemble is reached: Kafka's names, ZooKeeper's in KAFKA_OPTS, the JAAS file, our own."""

from pathlib import Path

import pytest

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.security import Tls, ZooKeeperSecurity
from kafka_tools.model.target import ZooKeeper
from kafka_tools.settings import choice, edit_contexts, zookeeper
from kafka_tools.settings.contexts import Context
from tests.support.authority import Authority

DIGEST = "org.apache.zookeeper.server.auth.DigestLoginModule"
LOGIN = {"zookeeper.sasl.username": "kafka", "zookeeper.sasl.password": "hunter2"}
AUTHORITY = Authority()


@pytest.fixture(autouse=True)
def without_options(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KAFKA_OPTS", raising=False)


@pytest.fixture
def ca(tmp_path: Path) -> str:
    file = tmp_path / "ca.pem"
    file.write_text(AUTHORITY.pem)
    return str(file)


def jaas(folder: Path, text: str) -> str:
    file = folder / "client.jaas"
    file.write_text(text)
    return str(file)


def section(name: str, module: str = DIGEST) -> str:
    return f'{name} {{ {module} required username="kafka" password="hunter2"; }};'


def test_plaintext_and_nobody() -> None:
    assert zookeeper.security({}) is None
    assert zookeeper.security({"zookeeper.set.acl": "true", "sasl.username": "me"}) is None


def test_the_jaas_file_of_kafka_opts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = jaas(tmp_path, f"{section('KafkaClient')}\n{section('Client')}\n{section('Other')}")
    monkeypatch.setenv("KAFKA_OPTS", f"-Xmx1g -Djava.security.auth.login.config={file}")
    assert zookeeper.security({}) == ZooKeeperSecurity(None, "kafka", "hunter2")
    assert zookeeper.security({"zookeeper.sasl.client": "false"}) is None
    assert zookeeper.security({"zookeeper.sasl.clientconfig": "Missing"}) is None
    monkeypatch.setenv("KAFKA_OPTS", f"-Djava.security.auth.login.config={file} -Dzookeeper.sasl.clientconfig=Other")
    assert zookeeper.security({}) == ZooKeeperSecurity(None, "kafka", "hunter2")


def test_a_jaas_file_among_the_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = tmp_path / "missing"
    monkeypatch.setenv("KAFKA_OPTS", f"-Djava.security.auth.login.config={missing}")
    file = jaas(tmp_path, section("Client").replace("hunter2", "${env:ZK_PASSWORD}"))
    monkeypatch.setenv("ZK_PASSWORD", "hunter3")
    assert zookeeper.security({"java.security.auth.login.config": file}) == ZooKeeperSecurity(None, "kafka", "hunter3")
    with pytest.raises(KafkaToolError, match=f"cannot read {missing}: No such file"):
        zookeeper.security({})


def test_what_cannot_be_used(tmp_path: Path) -> None:
    kerberos = jaas(tmp_path, section("Client", "com.sun.security.auth.module.Krb5LoginModule"))
    with pytest.raises(KafkaToolError, match="by Krb5LoginModule is not supported: DigestLoginModule is"):
        zookeeper.security({"java.security.auth.login.config": kerberos})
    with pytest.raises(KafkaToolError, match="needs a user and a password"):
        zookeeper.security({"zookeeper.sasl.username": "kafka"})
    broken = jaas(tmp_path, f'Client {{ {DIGEST} required password="hunter2" }}')
    with pytest.raises(KafkaToolError, match=r"client\.jaas: ") as refused:
        zookeeper.security({"java.security.auth.login.config": broken})
    assert "hunter2" not in refused.value.message + refused.value.hint


def test_a_password_that_is_asked_for() -> None:
    found = zookeeper.security({"zookeeper.sasl.username": "kafka"}, lambda user: f"{user}'s")
    assert found == ZooKeeperSecurity(None, "kafka", "kafka's")
    assert "kafka's" not in repr(found)


def test_tls_by_kafka_s_names(ca: str) -> None:
    named = {
        "zookeeper.clientCnxnSocket": "org.apache.zookeeper.ClientCnxnSocketNetty",
        "zookeeper.ssl.client.enable": "true",
        "zookeeper.ssl.truststore.location": ca,
        "zookeeper.ssl.truststore.type": "PEM",
    }
    assert zookeeper.security(named) == ZooKeeperSecurity(Tls(AUTHORITY.pem))
    assert zookeeper.security({**named, "zookeeper.ssl.client.enable": "false"}) is None
    unchecked = zookeeper.security({**named, "zookeeper.ssl.endpoint.identification.algorithm": ""})
    assert unchecked == ZooKeeperSecurity(Tls(AUTHORITY.pem, check_hostname=False))
    assert zookeeper.unknown(named) == []


def test_tls_by_zookeeper_s_system_properties(ca: str, monkeypatch: pytest.MonkeyPatch) -> None:
    options = f"-Dzookeeper.client.secure=true -Dzookeeper.ssl.trustStore.location={ca}"
    monkeypatch.setenv("KAFKA_OPTS", f"{options} -Dzookeeper.ssl.hostnameVerification=false")
    assert zookeeper.security({}) == ZooKeeperSecurity(Tls(AUTHORITY.pem, check_hostname=False))


def test_a_client_certificate_is_somebody(ca: str, tmp_path: Path) -> None:
    own = tmp_path / "own.pem"
    own.write_text("".join(AUTHORITY.pair()))
    named = {"zookeeper.ssl.client.enable": "true", "zookeeper.ssl.truststore.location": ca}
    found = zookeeper.security({**named, "zookeeper.ssl.keystore.location": str(own)})
    assert found is not None
    assert found.names_client
    assert "PRIVATE KEY" not in repr(found)
    anonymous = zookeeper.security(named)
    assert anonymous is not None
    assert not anonymous.names_client


def test_names_that_are_none() -> None:
    assert zookeeper.unknown(["zookeeper.ssl.trustsore.location", "ssl.nonsense"]) == [
        "zookeeper.ssl.trustsore.location is not known and has no effect: did you mean "
        "zookeeper.ssl.truststore.location?"
    ]


def test_every_road_to_the_settings(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    how = ZooKeeperSecurity(None, "kafka", "hunter2")
    file = home / "zk.properties"
    file.write_text("".join(f"{name}={value}\n" for name, value in LOGIN.items()) + "sasl.password_command=false\n")
    file.chmod(0o600)
    overrides = [f"{name}={value}" for name, value in LOGIN.items()]
    assert choice.choose(None, "zk:1", str(file)) == ZooKeeper("zk:1", security=how)
    assert choice.choose(None, "zk:1", None, overrides) == ZooKeeper("zk:1", security=how)
    assert choice.choose_zookeeper("zk:1", str(file)) == ZooKeeper("zk:1", security=how)
    told = [overrides[0], "zookeeper.sasl.password_command=echo hunter2"]
    assert choice.choose(None, "zk:1", None, told) == ZooKeeper("zk:1", security=how)
    assert capsys.readouterr().err.splitlines() == [
        "ktools: zookeeper.sasl.password is a secret on the command line: others can see it, and the shell's history "
        "keeps it"
    ]
    monkeypatch.setenv("KTOOLS_ZOOKEEPER", "zk:2")
    assert choice.choose(None, None, str(file)) == ZooKeeper("zk:2", security=how, source="KTOOLS_ZOOKEEPER")
    monkeypatch.setenv("KAFKA_OPTS", f"-Djava.security.auth.login.config={jaas(home, section('Client'))}")
    assert choice.choose(None, None) == ZooKeeper("zk:2", security=how, source="KTOOLS_ZOOKEEPER")


@pytest.mark.usefixtures("home")
def test_a_context_s_login_goes_to_its_own_ensemble_alone() -> None:
    edit_contexts.add(Context("prod", "", "", "zk:1", settings=LOGIN))
    edit_contexts.use("prod")
    named = choice.choose(None, None)
    assert (named[0], named.security) == ("zk:1", ZooKeeperSecurity(None, "kafka", "hunter2"))
    assert choice.choose(None, "zk:2") == ZooKeeper("zk:2")
