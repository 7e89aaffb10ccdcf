"""What is never shown, what is told of secrets that others can see, and how a password is asked for."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from kafka_tools.errors import KafkaToolError, UsageError
from kafka_tools.main import run
from kafka_tools.model.security import OAuth
from kafka_tools.settings import choice, edit_contexts
from kafka_tools.settings.contexts import Context
from kafka_tools.settings.librdkafka import KNOWN
from kafka_tools.settings.secrets import SECRET, is_secret, shown

SECRET_TEXT = "hunter2"
LOGIN = ("sasl.mechanism=PLAIN", "sasl.username=me", "sasl.password=${env:PW}")


def said(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [line.removeprefix("ktools: ") for line in capsys.readouterr().err.splitlines()]


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PW", SECRET_TEXT)


def written(path: Path, text: str, mode: int) -> str:
    path.write_text(text)
    path.chmod(mode)
    return str(path)


URLS = [
    "https://me:hunter2@idp/token",
    "https://me:hunt@er2:hunter2@idp/token",
    "http://idp/token?client_secret=hunter2&x=1",
    "HTTPS://hunter2@idp",
    "https://idp/token?hunter2",
    "SASL_SSL://me:hunter2@b1:9093",
]


@pytest.mark.parametrize("url", URLS)
def test_a_url_s_user_password_and_query_are_shown_nowhere(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert SECRET_TEXT not in shown("sasl.oauthbearer.token.endpoint.url", url)
    assert SECRET_TEXT not in repr(OAuth(url))
    with pytest.raises(UsageError) as refused:
        choice.choose(f"{url}:x", None)
    assert SECRET_TEXT not in refused.value.message
    edit_contexts.add(Context("prod", "", url, settings={"sasl.oauthbearer.token.endpoint.url": url}))
    edit_contexts.use("prod")
    for argv in (["list"], ["show"], ["show", "prod"]):
        assert run(["context", *argv]) == 0
        assert SECRET_TEXT not in "".join(capsys.readouterr())


def test_an_address_with_a_password(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["topics", "--list", "--bootstrap-server", "me:hunter2@b:9092"]) == 1
    assert "'********@b:9092' is not HOST:PORT" in capsys.readouterr().err


@pytest.mark.parametrize("url", ["file:///home/me/creds.json", "ftp://x/y", "//idp/token", "idp/token"])
def test_only_http_and_https_are_opened(url: str) -> None:
    given = ["security.protocol=SASL_SSL", "sasl.mechanism=OAUTHBEARER", f"sasl.oauthbearer.token.endpoint.url={url}"]
    with pytest.raises(KafkaToolError, match="only http and https URLs are opened"):
        choice.choose_brokers("b:1", None, given)


@pytest.mark.parametrize(
    "name",
    [
        "sasl.pasword",
        "sasl.passwrod",
        "ssl.keystore.paswd",
        "sasl.oauthbearer.client.secert",
        "my.api.tokens",
        "SASL.PASWORD",
        "ssl.keystore.ke",
        "sasl.jas.confg",
    ],
)
def test_a_misspelled_secret_is_one(name: str) -> None:
    assert shown(name, SECRET_TEXT) == "********"


def test_no_known_setting_is_one_by_its_likeness() -> None:
    assert not [name for name in KNOWN if is_secret(name) and not SECRET.search(name)]
    assert not [name for name in ("java.security.auth.login.config", "zookeeper.connect") if is_secret(name)]


def test_x_without_an_equals_sign_is_not_repeated() -> None:
    with pytest.raises(UsageError) as refused:
        choice.choose("b:1", None, None, ["sasl.password:hunter2"])
    assert SECRET_TEXT not in refused.value.message


def test_a_secret_on_the_command_line_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        choice.choose_brokers("b:1", None, ["security.protocol=SASL_SSL", *LOGIN[:2], "sasl.password=hunter2"])
    assert said(capsys) == [
        "sasl.password is a secret on the command line: others can see it, and the shell's history keeps it"
    ]
    choice.choose_brokers("b:1", None, ["security.protocol=SASL_SSL", *LOGIN])
    assert said(capsys) == []


MODES = [(0o644, ["read it"]), (0o602, ["change"]), (0o646, ["read it", "change"]), (0o600, []), (0o640, [])]


@pytest.mark.parametrize(("mode", "words"), MODES)
def test_files_that_others_can_read_or_change(
    mode: int, words: list[str], home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    given = ["security.protocol=SASL_SSL", *LOGIN[:2]]
    settings = written(home / "client.properties", "\n".join((*given, "sasl.password=hunter2")), mode)
    choice.choose_brokers("b:1", settings)
    told = said(capsys)
    referred = written(home / "pw", SECRET_TEXT, mode)
    choice.choose_brokers("b:1", None, [*given, f"sasl.password=${{file:{referred}}}"])
    told += said(capsys)
    jaas = written(home / "jaas.conf", 'KafkaClient { x required username="me" password="hunter2"; };', mode)
    monkeypatch.setenv("KAFKA_OPTS", f"-Djava.security.auth.login.config={jaas}")
    choice.choose_brokers("b:1", None, ["security.protocol=SASL_SSL", "sasl.mechanism=PLAIN"])
    told += said(capsys)
    monkeypatch.delenv("KAFKA_OPTS")
    edit_contexts.add(
        Context("prod", "", "b:1", settings=dict(each.split("=") for each in (*given, "sasl.password=x")))
    )
    edit_contexts.use("prod")
    config = home / "config" / "ktools" / "config.toml"
    config.chmod(mode)
    choice.choose_brokers(None)
    told += said(capsys)
    assert len(told) == 4 * len(words)
    for path in (settings, referred, jaas, str(config)):
        assert all(any(path in line and word in line for line in told) for word in words)


def test_a_settings_file_without_a_secret_that_others_can_change(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(home / "client.properties", "client.id=x\n", 0o666)
    choice.choose_brokers("b:1", file)
    assert said(capsys) == [
        f"everybody here can change {file}, and so send you and your password anywhere: chmod go-w {file}"
    ]


IN_CLEAR = "PLAIN without TLS sends the secret in clear over the network: use SASL_SSL"
UNVERIFIED = "the server's certificate is not verified: anybody can pose as the cluster"
UNNAMED = "the server's name is not checked: whoever has any trusted certificate can pose as the cluster"
HTTP = "the token endpoint's URL is http: the client's secret goes in clear over the network"
OAUTH = ("security.protocol=SASL_SSL", "sasl.mechanism=OAUTHBEARER", "sasl.oauthbearer.client.secret=${env:PW}")


@pytest.mark.parametrize(
    ("servers", "given", "expected"),
    [
        ("b:1", ("security.protocol=SASL_PLAINTEXT", *LOGIN), [IN_CLEAR]),
        ("localhost:1,b:1", ("security.protocol=SASL_PLAINTEXT", *LOGIN), [IN_CLEAR]),
        ("127.0.0.1:1,[::1]:2,localhost", ("security.protocol=SASL_PLAINTEXT", *LOGIN), []),
        ("b:1", ("security.protocol=SASL_PLAINTEXT", "sasl.mechanism=SCRAM-SHA-256", *LOGIN[1:]), []),
        ("b:1", ("security.protocol=SASL_SSL", *LOGIN), []),
        ("b:1", ("security.protocol=SSL", "enable.ssl.certificate.verification=false"), [UNVERIFIED]),
        ("b:1", ("security.protocol=SSL", "ssl.endpoint.identification.algorithm="), [UNNAMED]),
        ("b:1", (*OAUTH, "sasl.oauthbearer.token.endpoint.url=http://idp:80/t"), [HTTP]),
        ("b:1", (*OAUTH, "sasl.oauthbearer.token.endpoint.url=http://localhost:8080/t"), []),
        ("b:1", (*OAUTH, "sasl.oauthbearer.token.endpoint.url=https://idp/t"), []),
    ],
)
def test_what_goes_in_clear_and_what_is_not_checked(
    servers: str, given: tuple[str, ...], expected: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    choice.choose_brokers(servers, None, given)
    assert said(capsys) == expected


def test_a_file_is_looked_at_where_its_name_begins_with_a_tilde(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(home))
    written(home / "client.properties", "\n".join(("security.protocol=SASL_SSL", *LOGIN[:2], "sasl.password=x")), 0o644)
    monkeypatch.setenv("KTOOLS_COMMAND_CONFIG", "~/client.properties")
    choice.choose_brokers("b:1")
    assert [line for line in said(capsys) if "everybody here can read it" in line]


def test_a_question_names_the_server_and_who_named_it(home: Path) -> None:
    edit_contexts.add(Context("prod", "", "b1:9092", settings={"security.protocol": "SASL_SSL"}))
    edit_contexts.use("prod")
    argv = [sys.executable, "-m", "kafka_tools", "topics", "--list", "-X", "sasl.mechanism=PLAIN"]
    parent, child = pty.openpty()
    with subprocess.Popen(
        [*argv, "-X", "sasl.username=m\x1be"],
        cwd=home,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])},
        stdin=child,
        stderr=child,
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as asking:
        heard = b""
        while b": " not in heard:
            heard += os.read(parent, 1000)
        asking.kill()
    os.close(parent)
    os.close(child)
    assert heard.decode().replace("\r\n", "\n").endswith("Password of m\\x1be at b1:9092 (context prod): ")
