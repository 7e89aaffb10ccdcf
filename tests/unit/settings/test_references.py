"""Values that stand elsewhere, and what may be shown of a setting."""

from pathlib import Path

import pytest

from kafka_tools.errors import KafkaToolError
from kafka_tools.settings import choice, import_contexts
from kafka_tools.settings.secrets import holds_secret, is_secret, shown
from kafka_tools.settings.values import commands_run, resolved

SECRETS = [
    "sasl.jaas.config",
    "sasl.password",
    "sasl.oauthbearer.client.secret",
    "sasl.oauthbearer.client.credentials.client.secret",
    "sasl.oauthbearer.assertion.private.key.passphrase",
    "sasl.oauthbearer.assertion.private.key.pem",
    "ssl.key.password",
    "ssl.key.pem",
    "ssl.keystore.key",
    "ssl.keystore.password",
    "ssl.truststore.password",
    "schema.registry.basic.auth.user.info",
    "sasl.username_command",
]
OPEN = ["sasl.username", "ssl.key.location", "ssl.keystore.location", "key.serializer", "ssl.keystore.type", "group.id"]


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret(name: str) -> None:
    assert is_secret(name)
    assert "hunter2" not in shown(name, "hunter2")


@pytest.mark.parametrize("name", OPEN)
def test_no_secret(name: str) -> None:
    assert shown(name, "value") == "value"


def test_a_reference_shows_and_an_address_hides_its_user() -> None:
    assert shown("sasl.password", "${env:PW}") == "${env:PW}"
    assert "hunter2" not in shown("sasl.password", "hunter2${env:PW}")
    assert "hunter2" not in shown("sasl.oauthbearer.token.endpoint.url", "https://me:hunter2@host/token")


def test_what_holds_a_secret_itself() -> None:
    module = "a.Module required username=me password="
    assert holds_secret("sasl.jaas.config", f'{module}"hunter2";')
    assert not holds_secret("sasl.jaas.config", f'{module}"${{env:PW}}";')
    assert holds_secret("sasl.jaas.config", "not a line")
    assert not holds_secret("sasl.password_command", "pass show x")


def test_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PW", 'a"b')
    assert resolved("sasl.password", "x${env:PW}y${env:PW}") == 'xa"bya"b'
    with pytest.raises(KafkaToolError, match=r"sasl\.password: the environment has no NOT_THERE"):
        resolved("sasl.password", "${env:NOT_THERE}")
    assert resolved("group.id", "$PW ${other:x} ${") == "$PW ${other:x} ${"


def test_files(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("pässword \n")
    (tmp_path / "a.properties").write_text("key = value \\u00e9\n")
    assert resolved("x", f"${{file:{tmp_path}/secret}}") == "pässword "
    assert resolved("x", f"${{file:{tmp_path}/a.properties:key}}") == "value é"
    with pytest.raises(KafkaToolError, match="has no other"):
        resolved("x", f"${{file:{tmp_path}/a.properties:other}}")
    with pytest.raises(KafkaToolError, match="No such file"):
        resolved("x", f"${{file:{tmp_path}/none}}")


def test_programs() -> None:
    settings = {"sasl.password_command": "printf 'one two\\n'", "sasl.username": "me"}
    assert commands_run(settings) == {"sasl.password": "one two", "sasl.username": "me"}


def test_a_program_is_not_run_for_what_is_there() -> None:
    given = {"sasl.password_command": "false", "sasl.password": "x"}
    assert commands_run(given) == {"sasl.password": "x"}


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("sh -c 'exit 3' hunter2", "status 3"),
        ("/no/such hunter2", "No such file"),
        ("", "cannot be run"),
        ("'", "cannot be run"),
    ],
)
def test_a_program_that_fails(command: str, words: str) -> None:
    with pytest.raises(KafkaToolError, match=words) as failed:
        commands_run({"sasl.password_command": command})
    assert "hunter2" not in failed.value.message


@pytest.mark.parametrize("name", ["/dev/zero", "/dev/urandom"])
def test_a_file_without_an_end_is_refused(name: str) -> None:
    reads = (
        lambda: choice.choose("b:1", None, name),
        lambda: resolved("sasl.password", f"${{file:{name}}}"),
        lambda: choice.choose("b:1", None, None, ["security.protocol=SSL", f"ssl.truststore.location={name}"]),
        lambda: choice.choose(
            "b:1",
            None,
            None,
            ["security.protocol=SASL_SSL", "sasl.mechanism=PLAIN", f"java.security.auth.login.config={name}"],
        ),
        lambda: import_contexts.read(name),
    )
    for read in reads:
        with pytest.raises(KafkaToolError, match=f"cannot read {name}|{name}: .*MiB"):
            read()
