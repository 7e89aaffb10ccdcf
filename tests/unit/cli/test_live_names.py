"""A prompt waits a moment and no longer, whatever hangs; what comes later is there the next time."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

BREAKS = " \t\n\"'@><=;|&(:"
KTOOLS = (sys.executable, "-m", "kafka_tools")


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("KTOOLS_", "XDG_"))}
    return variables | {
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "XDG_STATE_HOME": str(tmp_path / "state"),
    }


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """A server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(30)
        yield server


def _bash(line: str, env: dict[str, str], cwd: Path | None = None) -> list[str]:
    argv = [*KTOOLS, "completion", "bash", "--", BREAKS, line]
    done = subprocess.run(argv, env=env, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def _code(asking: str) -> str:
    return (
        "import os; from kafka_tools.cli import live_names; from kafka_tools.cli.live_names import Candidate\n"
        f"def ask():\n    {asking}\n    return [Candidate('orders')]\n"
        "print(live_names.soon(lambda: live_names.remembered('key', ask)))"
    )


def _run(code: str, env: dict[str, str]) -> str:
    return subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True).stdout


def _let_through(gate: Path) -> None:
    """Let who waits at the gate go on, unless nobody does: who asks gives up after some seconds."""
    with suppress(OSError):
        os.close(os.open(gate, os.O_WRONLY | os.O_NONBLOCK))


def test_what_comes_too_late_is_there_the_next_time(env: dict[str, str], tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "gate")
    code = _code(f"open({str(tmp_path / 'gate')!r}).read()")
    assert _run(code, env) == "()\n"
    assert _run(code, env) == "()\n", "the same is not asked twice at a time"
    deadline = time.monotonic() + 30
    while _run(code, env) != "(Candidate(value='orders', meaning=''),)\n":
        assert time.monotonic() < deadline
        _let_through(tmp_path / "gate")
        time.sleep(0.05)


def test_where_even_the_start_takes_too_long_it_is_there_the_next_time(env: dict[str, str], tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "gate")
    code = _code("pass")
    slow = code.replace("live_names.remembered", f"open({str(tmp_path / 'gate')!r}).read() or live_names.remembered")
    assert _run(slow, env) == "()\n"
    deadline = time.monotonic() + 30
    while _run(code, env) != "(Candidate(value='orders', meaning=''),)\n":
        assert time.monotonic() < deadline
        _let_through(tmp_path / "gate")
        time.sleep(0.05)


@pytest.mark.parametrize("asking", ["1 / 0", "os.kill(os.getpid(), 9)", "raise SystemExit(3)", "print('noise')"])
def test_whatever_happens_to_who_asks_says_nothing(asking: str, env: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _code(asking)], env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout in ("()\n", "(Candidate(value='orders', meaning=''),)\n")


def test_who_asks_has_no_terminal(env: dict[str, str], tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    is_nothing = "[os.path.samestat(os.fstat(n), os.stat(os.devnull)) for n in range(3)]"
    new = str(tmp_path / "new")
    look = f"open({new!r}, 'w').write(f'{{os.getsid(0) == os.getpid()}} {{{is_nothing}}}')"
    look += f"; os.rename({new!r}, {str(seen)!r})"
    _run(_code(look), env)
    deadline = time.monotonic() + 30
    while not seen.exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert seen.read_text() == "True [True, True, True]"


def test_a_server_that_hangs_is_not_waited_for(env: dict[str, str], silent: socket.socket) -> None:
    line = f"ktools topics --bootstrap-server 127.0.0.1:{silent.getsockname()[1]} --topic "
    assert _bash(line, env) == ["words"]
    asking, _ = silent.accept()
    with asking:
        asking.settimeout(30)
        assert b"ktools" in asking.recv(1000)
        asking.settimeout(0.2)
        with pytest.raises(TimeoutError):  # the prompt has long come back, and the connection is still there
            asking.recv(1000)
        asking.settimeout(30)
        assert asking.recv(1000) == b"", "who asks ends by itself"


def test_a_file_that_hangs_is_not_waited_for(env: dict[str, str], tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "settings")
    assert _bash(f"ktools topics --command-config {tmp_path}/settings --topic ", env) == ["words"]


@pytest.mark.parametrize(
    "options", ["--bootstrap-server 127.0.0.1:1", "--bootstrap-server no.such.host.invalid", "--zookeeper 127.0.0.1:1"]
)
def test_a_cluster_that_is_not_there(options: str, env: dict[str, str]) -> None:
    assert _bash(f"ktools topics {options} --topic ", env) == ["words"]


def test_no_program_is_run_and_no_login_is_sent_for_a_repository(
    env: dict[str, str], silent: socket.socket, tmp_path: Path
) -> None:
    """Only `open`, which has neither, is asked, and only in a trusted file: the only connection is its own."""
    address = f"127.0.0.1:{silent.getsockname()[1]}"
    (tmp_path / "ran.properties").write_text(
        f"bootstrap.servers={address}\nsasl.mechanism=PLAIN\nsecurity.protocol=SASL_PLAINTEXT\nsasl.username=me\n"
        f"sasl.password_command=touch {tmp_path}/ran\n"
    )
    assert _bash(f"ktools topics --command-config {tmp_path}/ran.properties --topic ", env) == ["words"]
    (tmp_path / ".ktools.toml").write_text(
        f'[contexts.login]\nbootstrap-servers = "{address}"\n[contexts.login.settings]\n"security.protocol" = "SSL"\n'
        f'[contexts.open]\nbootstrap-servers = "{address}"\n'
    )
    assert _bash("ktools topics --topic ", env | {"KTOOLS_CONTEXT": "open"}, tmp_path) == ["words"]
    subprocess.run([*KTOOLS, "context", "trust", "--yes"], env=env, cwd=tmp_path, check=True)
    assert _bash("ktools topics --topic ", env | {"KTOOLS_CONTEXT": "login"}, tmp_path) == ["words"]
    silent.setblocking(False)
    with pytest.raises(BlockingIOError):
        silent.accept()
    assert not (tmp_path / "ran").exists()
    silent.settimeout(30)
    assert _bash("ktools topics --topic ", env | {"KTOOLS_CONTEXT": "open"}, tmp_path) == ["words"]
    silent.accept()[0].close()


def test_contexts_and_addresses_come_from_files(env: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "config" / "ktools").mkdir(parents=True)
    (tmp_path / "config" / "ktools" / "config.toml").write_text(
        '[contexts.prod]\nbootstrap-servers = "b1:9093,b2:9093"\n[contexts.old]\nzookeeper = "z1:2181/kafka"\n'
    )
    assert _bash("ktools context use ", env, tmp_path) == ["words", "prod ", "old "]
    assert _bash("ktools context show p", env, tmp_path) == ["words", "prod "]
    assert _bash("ktools topics --bootstrap-server b1:", env, tmp_path) == ["words", "9093,b2:9093 "]
    assert _bash("ktools topics --zookeeper ", env, tmp_path) == ["words", "z1:2181/kafka "]
