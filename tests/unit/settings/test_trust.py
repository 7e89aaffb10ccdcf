"""`ktools context trust`: what it shows, what it remembers, and what ends the trust."""

from pathlib import Path

import pytest

from kafka_tools.errors import KafkaToolError
from kafka_tools.main import run
from kafka_tools.settings import choice, contexts, trust

TEAM = """context = "team"
output = "json"
[contexts.team]
bootstrap-servers = "t:1"
command-config = "c.properties"
[contexts.team.settings]
"ssl.ca.location" = "ca.pem"
"sasl.pasword" = "hunter2"
"""


@pytest.fixture
def folder(home: Path) -> Path:
    work = home / "work"
    (work / ".ktools.toml").write_text(TEAM)
    (work / "c.properties").write_text("client.id=${file:id}\njava.security.auth.login.config=jaas.conf\n")
    (work / "jaas.conf").write_text('KafkaClient { x required password="${file:pw}"; };')
    for name in ("ca.pem", "id", "pw"):
        (work / name).write_text("x")
    return work


def said(capsys: pytest.CaptureFixture[str], *argv: str, status: int = 0) -> str:
    assert run(["context", *argv]) == status
    out, err = capsys.readouterr()
    return out + err


def address() -> str:
    return choice.choose_brokers(None).bootstrap_servers


def test_trusted_until_it_is_revoked(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KafkaToolError, match="names clusters of its own") as refused:
        address()
    assert "`ktools context trust`" in refused.value.hint
    assert "nobody can be asked here" in said(capsys, "trust", status=1)
    assert said(capsys, "trust", "--yes") == f"{folder}/.ktools.toml is trusted until it changes.\n"
    assert address() == "t:1"
    capsys.readouterr()
    assert said(capsys, "trust", "--revoke", ".ktools.toml") == ".ktools.toml is trusted no longer.\n"
    assert "was not trusted" in said(capsys, "trust", "--revoke")
    with pytest.raises(KafkaToolError, match="is not trusted"):
        address()


@pytest.mark.parametrize("name", [".ktools.toml", "c.properties", "jaas.conf", "ca.pem", "id", "pw"])
def test_a_change_of_any_of_its_files_ends_the_trust(
    name: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said(capsys, "trust", "--yes")
    with (folder / name).open("a") as file:
        file.write("\n")
    with pytest.raises(KafkaToolError, match="has changed since you trusted it"):
        address()
    assert "not trusted" in said(capsys, "list", "--output", "json")


def test_a_copy_elsewhere_is_another_file(
    folder: Path, home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    said(capsys, "trust", "--yes")
    folder.rename(home / "elsewhere")
    monkeypatch.chdir(home / "elsewhere")
    with pytest.raises(KafkaToolError, match="is not trusted"):
        address()


@pytest.mark.usefixtures("folder")
def test_what_is_shown_has_no_secret(capsys: pytest.CaptureFixture[str]) -> None:
    said(capsys, "trust", "--yes")
    shown = said(capsys, "show")
    assert "sasl.pasword = ********" in shown
    assert "hunter2" not in shown


def test_a_folder_s_file_chooses_one_of_the_user_s_contexts_and_a_format(folder: Path) -> None:
    from kafka_tools.settings import edit_contexts

    (folder / ".ktools.toml").write_text('context = "mine"\noutput = "json"\n')
    edit_contexts.add(contexts.Context("mine", "", "m:1", output="table"))
    assert address() == "m:1"
    assert choice.default_output(None, None) == "json"
    assert choice.default_output("b:1", None) is None


def test_nothing_to_trust(home: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / ".ktools.toml").write_text('context = "mine"\n')
    assert "there is nothing to trust" in said(capsys, "trust")
    (folder / ".ktools.toml").unlink()
    assert "there is no .ktools.toml" in said(capsys, "trust", status=1)
    assert "is not called .ktools.toml" in said(capsys, "trust", str(home / "x"), status=1)


@pytest.mark.parametrize("text", ["a = " + "[" * 20000, "\x00", "context = 'x'\ncontexts = 1"])
def test_a_file_that_cannot_be_read_is_one_line(text: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / ".ktools.toml").write_text(text)
    assert run(["topics", "--list"]) == 1
    assert ".ktools.toml" in capsys.readouterr().out


def test_files_outside_of_the_folder_are_refused_before_they_are_read(
    folder: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "c.properties").write_text("client.id=hunter2\n")
    (folder / ".ktools.toml").write_text(TEAM.replace('"c.properties"', '"../c.properties"'))
    assert "names a file outside of its folder" in said(capsys, "trust", "--yes", status=1)
    (folder / "c.properties").unlink()
    (folder / "c.properties").symlink_to("/dev/zero")
    (folder / ".ktools.toml").write_text(TEAM)
    assert "names a file outside of its folder" in said(capsys, "trust", "--yes", status=1)


ODD = {
    "a NUL": 'command-config = "a\\u0000b"\n',
    "a NUL in a setting": 'settings = {"ssl.truststore.location" = "a\\u0000b", "security.protocol" = "SSL"}\n',
    "a NUL in a reference": 'settings = {"client.id" = "${file:a\\u0000b}"}\n',
    "half of a pair": 'command-config = "half.properties"\n',
    "a malformed escape": 'command-config = "malformed.properties"\n',
}


@pytest.mark.parametrize("table", ODD.values(), ids=ODD.keys())
def test_names_that_no_file_can_have_are_one_line(table: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "half.properties").write_text("client.id=${file:\\ud800}\nssl.truststore.location=\\ud800\n")
    (folder / "malformed.properties").write_text("client.id=\\uzzzz\n")
    file = folder / ".ktools.toml"
    file.write_text(f'context = "odd"\n[contexts.odd]\nbootstrap-servers = "127.0.0.1:1"\n{table}')
    for argv in (["context", "trust", "--yes"], ["context", "list"], ["context", "show"], ["topics", "--list"]):
        assert run(argv) in (0, 1)
    trust.remember(str(file), "x")
    assert run(["topics", "--list"]) == 1
    assert "Traceback" not in capsys.readouterr().err
