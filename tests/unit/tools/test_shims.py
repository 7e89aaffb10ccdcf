"""`ktools shims` and `ktools run-class`: what they say."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kafka_tools.main import run
from kafka_tools.settings import jaas
from kafka_tools.shims import apache
from kafka_tools.tools import names

COUNT = len(apache.scripts(names()))


@pytest.fixture(autouse=True)
def _plain_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")


def said(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    status = run(argv)
    out, err = capsys.readouterr()
    return status, out, err


def test_install_list_remove(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "new" / "bin"
    hint = f'{folder} is not on PATH: PATH="{folder}:$PATH" puts it first.\n'
    assert said(capsys, "shims", "install", str(folder)) == (0, f"Installed {COUNT} scripts in {folder}.\n", hint)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    status, out, err = said(capsys, "shims", "list")
    assert (status, err) == (0, "")
    assert f"kafka-topics.sh\ttopics\tinstalled\t{folder}/kafka-topics.sh\n" in out
    assert out.count("\tinstalled\t") == COUNT
    assert said(capsys, "shims", "install", str(folder))[2] == ""
    assert said(capsys, "shims", "remove", str(folder))[:2] == (0, f"Removed {COUNT} scripts from {folder}.\n")
    assert list(folder.iterdir()) == []
    assert said(capsys, "shims", "remove", str(folder))[:2] == (0, f"Removed 0 scripts from {folder}.\n")
    rows = json.loads(said(capsys, "shims", "list", str(folder), "--output", "json")[1])
    assert {(row["state"], row["path"]) for row in rows} == {("missing", None)}


def test_a_directory_that_comes_first_on_path_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = tmp_path / "kafka", tmp_path / "shims"
    first.mkdir()
    (first / "kafka-topics.sh").write_text("#!/bin/bash\n")
    monkeypatch.setenv("PATH", f"{first}:{second}:/usr/bin")
    err = said(capsys, "shims", "install", str(second))[2]
    assert err == f"{first}/kafka-topics.sh comes first on PATH: {second} has to stand before it.\n"
    assert f"kafka-topics.sh\ttopics\tother\t{first}/kafka-topics.sh\n" in said(capsys, "shims", "list")[1]


def test_force_puts_other_files_aside(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "kafka-topics.sh").write_text("#!/bin/bash\n")
    status, out, err = said(capsys, "shims", "install", str(tmp_path))
    assert (status, out) == (1, "")
    assert "that are not ktools': kafka-topics.sh. Nothing was written.\n--force puts them aside" in err
    assert "Put aside: kafka-topics.sh.before-ktools." in said(capsys, "shims", "install", "--force", str(tmp_path))[2]
    assert "Back in place: kafka-topics.sh.\n" in said(capsys, "shims", "remove", str(tmp_path))[2]


@pytest.mark.parametrize("action", ["install", "list", "remove"])
def test_an_empty_directory_is_refused(action: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "shims", action, "") == (1, "", "ktools: DIR is empty: is a variable not set?\n")


def test_removing_from_a_missing_directory_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "shims", "remove", str(tmp_path / "no")) == (1, "", f"ktools: {tmp_path}/no is no directory\n")


@pytest.mark.parametrize(
    "main_class",
    ["kafka.admin.TopicCommand", "org.apache.kafka.tools.TopicCommand"],
)
@pytest.mark.parametrize("before", [[], ["-loggc", "-name", "x", "-Xmx1g", "-cp", "a:b", "-Dfoo=bar"]])
def test_a_class_runs_its_tool(before: list[str], main_class: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = said(capsys, "run-class", *before, main_class, "--list", "--zzz")
    assert (status, out, err.splitlines()[0]) == (1, "", "zzz is not a recognized option")


def test_every_class_of_a_tool_runs_it(capsys: pytest.CaptureFixture[str]) -> None:
    for tool in set(names()) & set(apache.MAIN_CLASSES):
        for main_class in apache.MAIN_CLASSES[tool]:
            assert said(capsys, "kafka-run-class.sh", main_class, "--help")[0] == 0
            assert said(capsys, "kafka-run-class.sh", main_class, "--version")[0] == 0


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (
            ["kafka.tools.TopicCommand"],
            "ktools: there is no tool for the class kafka.tools.TopicCommand. "
            "Did you mean org.apache.kafka.tools.TopicCommand or kafka.admin.TopicCommand?\n",
        ),
        (["com.acme.X"], "ktools: there is no tool for the class com.acme.X. `ktools --help` lists the tools.\n"),
        (
            ["kafka.tools.StorageTool"],
            "ktools: kafka.tools.StorageTool is kafka-storage.sh, which ktools does not have\n",
        ),
        (["topics", "--list"], "ktools: there is no tool for the class topics. `ktools --help` lists the tools.\n"),
        ([], "USAGE: kafka-run-class.sh [-daemon] [-name servicename] [-loggc] classname [opts]\n"),
        (["-daemon"], "USAGE: kafka-run-class.sh [-daemon] [-name servicename] [-loggc] classname [opts]\n"),
        (["-name"], "USAGE: kafka-run-class.sh [-daemon] [-name servicename] [-loggc] classname [opts]\n"),
    ],
)
def test_an_unknown_class_is_refused(argv: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "run-class", *argv) == (1, "", message)


def test_a_jaas_file_before_the_class(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("KAFKA_OPTS", "-Dold=1 -Djava.security.auth.login.config=/etc/other.conf")
    option = "-Djava.security.auth.login.config=/etc/jaas.conf"
    said(capsys, "run-class", option, "kafka.admin.TopicCommand", "--version")
    assert jaas.system_properties() == {"old": "1", "java.security.auth.login.config": "/etc/jaas.conf"}


def test_a_daemon_leaves_its_output_in_log_dir(tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "kafka_tools", "run-class", "-daemon", "-name", "list", "kafka.admin.TopicCommand"]
    env = os.environ | {"LOG_DIR": str(tmp_path / "logs")}
    done = subprocess.run([*argv, "--version"], env=env, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)
    output, deadline = tmp_path / "logs" / "list.out", time.monotonic() + 30
    while not output.read_text() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert output.read_text().startswith("3.9.1 (ktools ")


DAEMON = ("run-class", "-daemon", "-name")


@pytest.mark.parametrize("name", ["../../x", "/tmp/x", "..", ".", "a/b"])
def test_a_daemon_s_output_stays_in_its_folder(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LOG_DIR", str(tmp_path / "a" / "logs"))
    status, _, err = said(capsys, *DAEMON, name, "kafka.admin.TopicCommand", "--version")
    assert (status, "a name is needed, not a path" in err) == (1, True)
    assert list(tmp_path.iterdir()) == []


def test_a_daemon_s_output_goes_into_no_file_of_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LOG_DIR", str(tmp_path))
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (tmp_path / "link.out").symlink_to(victim)
    (tmp_path / "hard.out").hardlink_to(victim)
    os.mkfifo(tmp_path / "pipe.out")
    for name in ("link", "hard", "pipe"):
        status, _, err = said(capsys, *DAEMON, name, "kafka.admin.TopicCommand", "--version")
        assert (status, f"cannot write {tmp_path}/{name}.out" in err) == (1, True)
    assert victim.read_text() == "mine"
