"""Who names the cluster gets no secret of anybody else: every place of an address with every place of a password."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pytest

from kafka_tools.errors import KafkaToolError
from kafka_tools.sandbox import endpoints
from kafka_tools.sandbox.endpoints import Endpoints
from kafka_tools.settings import choice, edit_contexts, trust
from kafka_tools.settings.contexts import Context

SECRET = "hunter2"
LOGIN = {
    "security.protocol": "SASL_PLAINTEXT",
    "sasl.mechanism": "PLAIN",
    "sasl.username": "me",
    "sasl.password": SECRET,
}
PARTS = {name: value for name, value in LOGIN.items() if name in ("security.protocol", "sasl.mechanism")}


class Road(NamedTuple):
    """What a place adds to the command line (`flag`, `overrides`, `lines` of --command-config)."""

    flag: str | None = None
    overrides: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    variable_lines: tuple[str, ...] = ()
    context: Mapping[str, str] = {}
    repository: Mapping[str, str] = {}
    sandbox: tuple[str, ...] = ()
    kafka_opts: bool = False


def pairs(settings: dict[str, str]) -> tuple[str, ...]:
    return tuple(f"{name}={value}" for name, value in settings.items())


ADDRESS = "127.0.0.1:1"
NAMED_BY = {
    "flag": Road(flag=ADDRESS),
    "-X": Road(overrides=(f"bootstrap.servers={ADDRESS}",)),
    "file": Road(lines=(f"bootstrap.servers={ADDRESS}",)),
    "variable": Road(),
    "variable's file": Road(variable_lines=(f"bootstrap.servers={ADDRESS}",)),
    "context": Road(context={}),
    "repository": Road(repository={}),
    "sandbox": Road(),
    "default": Road(),
}
PASSWORD_IN = {
    "-X": Road(overrides=pairs(LOGIN)),
    "file": Road(lines=pairs(LOGIN)),
    "variable's file": Road(variable_lines=pairs(LOGIN)),
    "KAFKA_OPTS": Road(kafka_opts=True),
    "context": Road(context=LOGIN),
    "repository": Road(repository=LOGIN),
    "sandbox": Road(sandbox=pairs(LOGIN)),
}
SENT = {
    "flag": {"-X", "file", "variable's file", "KAFKA_OPTS"},
    "-X": {"-X", "file", "variable's file", "KAFKA_OPTS"},
    "file": {"-X", "file"},
    "variable": {"-X", "file", "variable's file", "KAFKA_OPTS"},
    "variable's file": {"-X", "variable's file", "KAFKA_OPTS"},
    "context": {"-X", "file", "context"},
    "repository": {"repository"},
    "sandbox": {"-X", "file", "sandbox"},
    "default": {"-X", "file", "variable's file", "KAFKA_OPTS"},
}
"""README's table."""


def written(path: Path, lines: tuple[str, ...]) -> str:
    path.write_text("".join(f"{line}\n" for line in lines))
    path.chmod(0o600)
    return str(path)


def toml(settings: Mapping[str, str], named: bool) -> str:
    table = "".join(f'"{name}" = "{value}"\n' for name, value in settings.items())
    chosen = 'context = "team"\n' if named else ""
    return f'{chosen}[contexts.team]\nbootstrap-servers = "{ADDRESS}"\n[contexts.team.settings]\n{table}'


@pytest.fixture
def sent(home: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], bool]:
    """Return a function that says whether the cluster of one place gets the password of the other."""

    def is_sent(named_by: str, password_in: str) -> bool:
        where, secret = NAMED_BY[named_by], PASSWORD_IN[password_in]
        kafka_opts = pairs(PARTS) if secret.kafka_opts else ()
        if kafka_opts:
            jaas = home / "jaas.conf"
            jaas.write_text(f'KafkaClient {{ x.PlainLoginModule required username="me" password="{SECRET}"; }};')
            monkeypatch.setenv("KAFKA_OPTS", f"-Djava.security.auth.login.config={jaas}")
        if named_by == "variable":
            monkeypatch.setenv("KTOOLS_BOOTSTRAP_SERVERS", ADDRESS)
        if lines := (*where.variable_lines, *secret.variable_lines):
            monkeypatch.setenv("KTOOLS_COMMAND_CONFIG", written(home / "variable.properties", lines))
        if named_by == "context" or secret.context:
            edit_contexts.add(Context("prod", "", ADDRESS, settings=secret.context or {}))
            edit_contexts.use("prod") if named_by in ("context", "repository") else None
        if named_by == "repository" or secret.repository:
            file = home / "work" / ".ktools.toml"
            file.write_text(toml(secret.repository, named_by == "repository"))
            trust.remember(str(file), trust.fingerprint(str(file)))
        config = written(home / "sandbox.properties", secret.sandbox) if secret.sandbox else None
        if named_by == "sandbox" or secret.sandbox:
            running = Endpoints(ADDRESS, None, config) if named_by == "sandbox" else None
            monkeypatch.setattr(endpoints, "running", lambda: running)
        lines = (*where.lines, *secret.lines)
        file_given = written(home / "given.properties", lines) if lines else None
        protocol = kafka_opts if named_by != "repository" else ()
        target = choice.choose_brokers(where.flag, file_given, [*where.overrides, *secret.overrides, *protocol])
        address = "localhost:9092" if named_by == "default" else ADDRESS
        return target.bootstrap_servers == address and SECRET in target.config.values()

    return is_sent


@pytest.mark.parametrize("password_in", PASSWORD_IN)
@pytest.mark.parametrize("named_by", NAMED_BY)
def test_a_password_goes_only_where_the_table_says(
    named_by: str, password_in: str, sent: Callable[[str, str], bool]
) -> None:
    went = False
    with suppress(KafkaToolError):
        went = sent(named_by, password_in)
    assert went == (password_in in SENT[named_by])


@pytest.mark.parametrize("password_in", ["-X", "file"])
def test_a_login_given_for_a_repository_s_cluster_is_refused_in_words(
    password_in: str, sent: Callable[[str, str], bool]
) -> None:
    with pytest.raises(KafkaToolError, match="does not go to the cluster of context team") as refused:
        sent("repository", password_in)
    assert "--bootstrap-server" in refused.value.hint


@pytest.mark.parametrize("named_by", ["context", "repository", "sandbox"])
def test_a_variable_s_file_that_is_left_out_is_said(
    named_by: str, sent: Callable[[str, str], bool], capsys: pytest.CaptureFixture[str]
) -> None:
    assert not sent(named_by, "variable's file")
    assert "KTOOLS_COMMAND_CONFIG is not used" in capsys.readouterr().err


def test_what_says_nothing_of_the_user_goes_to_a_repository_s_cluster(home: Path) -> None:
    file = home / "work" / ".ktools.toml"
    file.write_text(toml({}, True))
    trust.remember(str(file), trust.fingerprint(str(file)))
    assert choice.choose_brokers(None, None, ["isolation.level=read_committed"]).config == {
        "isolation.level": "read_committed"
    }
    for setting in ("client.id=${env:HOME}", "ssl.key.location=/k", "client.id_command=whoami"):
        with pytest.raises(KafkaToolError, match="does not go to"):
            choice.choose_brokers(None, None, [setting])
