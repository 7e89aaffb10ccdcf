"""`ktools context`: what it says, and what it never says."""

import json
from pathlib import Path

import pytest

from kafka_tools import main

PROD = (
    "add",
    "prod",
    "--bootstrap-server",
    "b:9092",
    "-X",
    "security.protocol=SASL_SSL",
    "-X",
    "sasl.password=${env:PW}",
)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("BOOTSTRAP_SERVERS", "ZOOKEEPER", "COMMAND_CONFIG", "CONTEXT"):
        monkeypatch.delenv(f"KTOOLS_{name}", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("KTOOLS_SANDBOX_DIR", str(tmp_path / "sandbox"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    status = main.run(["context", *argv])
    out, err = capsys.readouterr()
    return status, out, err


def test_the_life_of_a_context(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = home / "config" / "ktools" / "config.toml"
    assert run(capsys, *PROD, "--protected")[:2] == (0, f"Context prod is added to {file}.\n")
    assert run(capsys, "list")[1] == "  prod  b:9092\n"
    assert run(capsys, "use", "prod")[1] == "prod is the current context.\n"
    assert run(capsys, "list")[1] == "* prod  b:9092\n"
    assert run(capsys, "show")[1].splitlines() == [
        f"context = prod  ({home}/state/ktools/context)",
        "bootstrap-servers = b:9092  (context prod)",
        f"protected = true  ({file})",
        "security.protocol = SASL_SSL  (context prod)",
        "sasl.password = ${env:PW}  (context prod)",
    ]
    assert run(capsys, "remove", "prod")[1] == "Context prod is removed.\n"
    assert run(capsys, "show")[1] == "bootstrap-servers = localhost:9092  (the default)\n"


def test_json(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, *PROD)
    (row,) = json.loads(run(capsys, "list", "--output", "json")[1])
    assert row == {
        "name": "prod",
        "current": False,
        "cluster": "b:9092",
        "rules": "",
        "origin": f"{home}/config/ktools/config.toml",
    }


@pytest.mark.parametrize("setting", ["sasl.password=hunter2", "sasl.jaas.config=a.M required password=hunter2;"])
def test_a_secret_is_not_taken_from_the_command_line(
    home: Path, capsys: pytest.CaptureFixture[str], setting: str
) -> None:
    status, out, err = run(capsys, "add", "dev", "-X", setting)
    assert (status, out) == (1, "")
    assert "stays in the shell's history" in err
    assert "hunter2" not in err
    assert not list(home.rglob("config.toml"))


def test_an_imported_secret_is_kept_and_never_shown(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "client.properties").write_text("bootstrap.servers=c:1\nsasl.password=hunter2\nsasl.username=me\n")
    assert run(capsys, "import", "client.properties", "--name", "mine")[1] == "Imported: mine.\n"
    assert "hunter2" in (home / "config" / "ktools" / "config.toml").read_text()
    for output in ("plain", "table", "json", "yaml", "csv"):
        _, out, err = run(capsys, "show", "mine", "--output", output)
        assert "hunter2" not in out + err
        assert "sasl.username" in out
    assert run(capsys, "import", "client.properties", "--name", "mine")[2].startswith(
        "ktools: there are contexts already that are called mine"
    )


def test_a_project_s_choice_is_told(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, *PROD)
    (home / ".ktools.toml").write_text('context = "team"\n')
    said = run(capsys, "use", "prod")[1]
    assert said == f"prod is the current context, but here {home}/.ktools.toml says team.\n"


def test_no_current_one(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, *PROD)
    run(capsys, "use", "prod")
    assert run(capsys, "use", "-")[1] == "No context is the current one.\n"
    assert list((home / "state" / "ktools").iterdir()) == []


def test_removing_what_a_variable_chose_leaves_the_current_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run(capsys, *PROD)
    run(capsys, "add", "dev", "--bootstrap-server", "d:1")
    run(capsys, "use", "dev")
    monkeypatch.setenv("KTOOLS_CONTEXT", "prod")
    assert run(capsys, "remove", "prod")[0] == 0
    monkeypatch.delenv("KTOOLS_CONTEXT")
    assert run(capsys, "list")[1] == "* dev  d:1\n"


def test_an_unknown_name(capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, *PROD)
    assert run(capsys, "use", "prd") == (1, "", "ktools: there is no context 'prd'\nDid you mean 'prod'?\n")


UNUSABLE = {
    "no cluster": ((), "names no cluster"),
    "brokers that are no addresses": (("--bootstrap-server", "no host"), "'no host' is not HOST:PORT"),
    "brokers among the settings": (("-X", "bootstrap.servers=a:b"), "'a:b' is not HOST:PORT"),
    "an ensemble that is none": (("--zookeeper", "z:x"), "'z:x' is not HOST:PORT"),
    "one of two": (("--bootstrap-server", "b:1", "--zookeeper", "z:x"), "'z:x' is not HOST:PORT"),
    "a file that is not there": (("--bootstrap-server", "b:1", "--command-config", "none"), "cannot read"),
    "an address with a password": (("--bootstrap-server", "http://me:hunter2@b:1"), "'********@b:1' is not HOST:PORT"),
}


@pytest.mark.parametrize(("argv", "words"), UNUSABLE.values(), ids=UNUSABLE.keys())
def test_what_no_command_can_use_is_not_added(
    argv: tuple[str, ...], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = run(capsys, "add", "x", *argv)
    assert (status, out) == (1, "")
    assert words in err
    assert "hunter2" not in err
    assert run(capsys, "list")[1] == ""


def test_what_no_command_can_use_is_not_imported(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "client.properties").write_text("bootstrap.servers=a:b\n")
    status, out, err = run(capsys, "import", "client.properties")
    assert (status, out) == (1, "")
    assert "'a:b' is not HOST:PORT" in err


@pytest.mark.parametrize("servers", ["SASL_SSL://b:1", "[fe80::1%eth0]:9092", "PLAINTEXT://:9092"])
def test_every_address_that_apache_s_tools_take_is_added(servers: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "add", "x", "--bootstrap-server", servers)[0] == 0
