"""Installing and removing shims: what is written, what is kept, and what a shim does when its ktools is gone."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

from kafka_tools import __version__
from kafka_tools.errors import KafkaToolError
from kafka_tools.shims import folder

SCRIPTS = {"kafka-topics": "topics", "kafka-topics.sh": "topics"}
ODD = 'it\'s a "dir" with $HOME, `x`\\n and é'
SHELLS = [shell for shell in ("sh", "bash", "dash", "busybox") if shutil.which(shell)]


def run(*argv: str | Path, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(argv, capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload, no-any-return]


def installed(path: Path) -> Path:
    assert folder.install(path, SCRIPTS, force=False) == []
    return path


def test_a_shim_works_however_it_is_called(tmp_path: Path) -> None:
    bin_folder = installed(tmp_path / ODD)
    env = os.environ | {"KAFKA_HOME": str(tmp_path), "DIR": ODD}
    calls = ["bash kafka-topics.sh", "sh ./kafka-topics", "./kafka-topics.sh", "bash -e ./kafka-topics"]
    calls += ['cd / && "$KAFKA_HOME/$DIR/kafka-topics.sh"', 'PATH="$PWD:$PATH"; kafka-topics', "exec ./kafka-topics.sh"]
    for call in calls:
        done = run("bash", "-c", f"{call} --version", cwd=bin_folder, env=env)
        assert (done.stdout, done.stderr, done.returncode) == (f"3.9.1 (ktools {__version__})\n", "", 0), call


def test_the_path_of_python_may_have_blanks_and_quotes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ODD).mkdir()
    python = tmp_path / ODD / "python"
    python.write_text(f'#!/bin/sh\necho "by the odd one: $*"\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    monkeypatch.setattr(folder.sys, "executable", str(python))
    script = installed(tmp_path / "bin") / "kafka-topics.sh"
    for shell in SHELLS:
        prefix = [shell, "sh"] if shell == "busybox" else [shell]
        done = run(*prefix, script, "--version")
        assert done.stdout.startswith("by the odd one: -EPc ")
        assert done.stdout.endswith(f"3.9.1 (ktools {__version__})\n")


@pytest.mark.parametrize("shell", SHELLS)
def test_without_its_python_a_shim_takes_the_ktools_on_path(
    shell: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder, "_flags", lambda: "-EP")
    monkeypatch.setattr(folder.sys, "executable", str(tmp_path / "gone" / "python"))
    script = installed(tmp_path / "bin") / "kafka-topics.sh"
    (tmp_path / "ktools").write_text('#!/bin/sh\nprintf "<%s>" "$@"\n')
    (tmp_path / "ktools").chmod(0o755)
    (tmp_path / "sh").symlink_to(shutil.which(shell) or "")
    alone = {"PATH": str(tmp_path)}
    argv = (str(tmp_path / "sh"), *(("sh",) if shell == "busybox" else ()), script, "--topic", "a b", "")
    assert run(*argv, env=alone).stdout == "<topics><--topic><a b><>"
    (tmp_path / "ktools").unlink()
    done = run(*argv, env=alone)
    where = tmp_path / "gone" / "python"
    message = f"kafka-topics.sh: ktools is neither where it was ({where}) nor on PATH: pip install kafka-ktools\n"
    assert (done.stdout, done.stderr, done.returncode) == ("", message, 127)


def test_the_callers_python_settings_and_folder_do_not_count(tmp_path: Path) -> None:
    script = installed(tmp_path / "bin") / "kafka-topics.sh"
    for name in ("kafka_tools", "gc"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('the wrong module')\n")
    env = os.environ | {"PYTHONPATH": str(tmp_path), "PYTHONHOME": "/nowhere", "PYTHONVERBOSE": "1"}
    done = run(script, "--version", cwd=tmp_path, env=env)
    assert (done.stdout, done.stderr) == (f"3.9.1 (ktools {__version__})\n", "")


def test_a_ktools_found_by_pythonpath_keeps_it(tmp_path: Path) -> None:
    shutil.copytree(Path(folder.kafka_tools.__file__).parent, tmp_path / "kafka_tools")
    code = "from kafka_tools.shims import folder; from pathlib import Path;"
    code += f"folder.install(Path({str(tmp_path / 'bin')!r}), {SCRIPTS!r}, False)"
    base = Path(sys.base_prefix, "bin", "python3")
    libraries = Path(click.__file__).parents[1]  # this Python has none of its own
    env = {"PYTHONPATH": f"{tmp_path}{os.pathsep}{libraries}", "PATH": os.environ["PATH"]}
    done = run(base, "-c", code, env=env)
    assert (done.returncode, done.stderr) == (0, "")
    assert run(tmp_path / "bin" / "kafka-topics.sh", "--list=x", "--zzz", env=env).stderr.startswith("zzz is not")


def test_files_of_others_are_kept(tmp_path: Path) -> None:
    (tmp_path / "kafka-topics.sh").write_text("Apache's")
    (tmp_path / "kafka-acls.sh").write_text("Apache's, too")
    with pytest.raises(KafkaToolError) as refused:
        folder.install(tmp_path, SCRIPTS, force=False)
    assert "kafka-topics.sh. Nothing was written." in refused.value.message
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kafka-acls.sh", "kafka-topics.sh"]
    assert folder.install(tmp_path, SCRIPTS, force=True) == [tmp_path / "kafka-topics.sh.before-ktools"]
    assert folder.install(tmp_path, SCRIPTS, force=True) == []
    assert folder.state(tmp_path / "kafka-topics.sh", "topics") == "installed"
    removed, back = folder.remove(tmp_path)
    assert (removed, back) == (
        [tmp_path / "kafka-topics", tmp_path / "kafka-topics.sh"],
        [tmp_path / "kafka-topics.sh"],
    )
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        "kafka-topics.sh": "Apache's",
        "kafka-acls.sh": "Apache's, too",
    }


def test_a_link_is_replaced_not_what_it_points_to(tmp_path: Path) -> None:
    original = tmp_path / "opt-kafka-topics.sh"
    original.write_text("Apache's")
    link, dangling = tmp_path / "kafka-topics.sh", tmp_path / "kafka-topics"
    link.symlink_to(original)
    dangling.symlink_to(tmp_path / "nothing")
    with pytest.raises(KafkaToolError):
        folder.install(tmp_path, SCRIPTS, force=False)
    folder.install(tmp_path, SCRIPTS, force=True)
    assert (original.read_text(), link.is_symlink()) == ("Apache's", False)
    folder.remove(tmp_path)
    assert (link.readlink(), dangling.readlink()) == (original, tmp_path / "nothing")


def test_a_link_to_a_shim_is_none(tmp_path: Path) -> None:
    (tmp_path / "opt").mkdir()
    (tmp_path / "bin").mkdir()
    folder.install(tmp_path / "opt", SCRIPTS, force=False)
    link = tmp_path / "bin" / "kafka-topics.sh"
    link.symlink_to(tmp_path / "opt" / "kafka-topics.sh")
    with pytest.raises(KafkaToolError, match="are not ktools'"):
        folder.install(tmp_path / "bin", SCRIPTS, force=False)
    assert folder.remove(tmp_path / "bin") == ([], [])
    assert link.is_symlink()


def test_a_link_at_a_draft_s_name_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / f".kafka-topics.sh-{os.getpid()}").symlink_to(tmp_path / "victim")
    folder.install(tmp_path, SCRIPTS, force=False)
    assert not (tmp_path / "victim").exists()


def test_what_was_put_aside_before_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "kafka-topics.sh").write_text("newer")
    (tmp_path / "kafka-topics.sh.before-ktools").write_text("older")
    with pytest.raises(KafkaToolError, match=r"kafka-topics\.sh\.before-ktools already. Nothing was written"):
        folder.install(tmp_path, SCRIPTS, force=True)
    assert (tmp_path / "kafka-topics.sh.before-ktools").read_text() == "older"


def test_the_states_of_a_shim(tmp_path: Path) -> None:
    path = tmp_path / "kafka-topics"
    assert folder.state(path, "topics") == "missing"
    installed(tmp_path)
    assert folder.state(path, "topics") == "installed"
    assert path.stat().st_mode & 0o777 == 0o755
    path.write_text(f"{folder.MARK} of another day\n")
    assert folder.state(path, "topics") == "outdated"
    path.unlink()
    path.mkdir()
    assert folder.state(path, "topics") == "other"


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(tmp_path)
    before = (tmp_path / "kafka-topics").read_text()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fchmod", full)
    with pytest.raises(OSError, match="No space left"):
        folder.install(tmp_path, SCRIPTS, force=False)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == dict.fromkeys(SCRIPTS, before)
