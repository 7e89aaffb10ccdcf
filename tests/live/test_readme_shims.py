"""README's table "From kafka-topics.sh to ktools in a minute": each row, as far as it goes without its program."""

import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from tests.support.clusters import Cluster

ROOT = Path(__file__).parents[2]
HEADING = "## From kafka-topics.sh to ktools in a minute"
APACHES = "#!/bin/sh\necho Apache\n"


@pytest.fixture(scope="module")
def rows() -> dict[str, list[str]]:
    """The code of each row, by its first cell."""
    section = (ROOT / "README.md").read_text().partition(f"\n{HEADING}\n")[2].partition("\n## ")[0]
    cells = re.findall(r"^\| ([^|]+?) \| (.+) \|$", section, re.MULTILINE)
    return {first.strip("`"): re.findall(r"`([^`]+)`", second) for first, second in cells}


@pytest.fixture
def env(tmp_path: Path, kafka39: Cluster) -> dict[str, str]:
    """A machine with ktools, without Kafka."""
    (tmp_path / "installed").mkdir()
    (tmp_path / "installed" / "ktools").symlink_to(Path(sys.executable).parent / "ktools")
    path = f"{tmp_path}/installed:/usr/bin:/bin"
    return kafka39.env | {"PATH": path, "HOME": str(tmp_path), "KAFKA_HOME": str(tmp_path / "kafka home")}


def done(script: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["sh", "-ec", script], env=env, capture_output=True, text=True, timeout=60, check=False)


def test_scripts_and_cron(rows: dict[str, list[str]], env: dict[str, str]) -> None:
    install, path = rows["scripts, cron"]
    listed = done(f"{install}\n{path}\nkafka-topics.sh --list > /dev/null; command -v kafka-topics", env)
    assert (listed.stdout.splitlines()[-1], listed.returncode) == (f"{env['HOME']}/kafka-bin/kafka-topics", 0)


def test_in_kafka_home(rows: dict[str, list[str]], env: dict[str, str]) -> None:
    folder = Path(env["KAFKA_HOME"], "bin")
    folder.mkdir(parents=True)
    for name in ("kafka-topics.sh", "kafka-acls.sh"):
        (folder / name).write_text(APACHES)
        (folder / name).chmod(0o755)
    call = '"$KAFKA_HOME/bin/kafka-topics.sh" --version'
    install, remove = rows["$KAFKA_HOME/bin/kafka-topics.sh"]
    installed = done(f"{install}\n{call}", env)
    assert installed.stdout.splitlines()[-1].startswith("3.9.1 (ktools "), installed.stderr
    assert done(f"{remove}\n{call}", env).stdout.splitlines()[-1] == "Apache"


def test_dockerfile(rows: dict[str, list[str]], env: dict[str, str], tmp_path: Path) -> None:
    """pip is the only thing that is not the real one: it installs what is installed already."""
    (line,) = rows["Dockerfile"]
    command = line.removeprefix("RUN ")
    assert command != line
    name = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["name"]
    image = tmp_path / "image"
    image.mkdir()
    (image / "pip").write_text(f'#!/bin/sh\ntest "$*" = "install {name}" && ln -s {sys.executable} "$0.python"\n')
    (image / "pip").chmod(0o755)
    shutil.move(tmp_path / "installed" / "ktools", image / "ktools")
    (image / "usr-local-bin").mkdir()
    command = command.replace("/usr/local/bin", f"{image}/usr-local-bin")
    env["PATH"] = f"{image}:{image}/usr-local-bin:/usr/bin:/bin"
    built = done(f"{command}\nkafka-topics.sh --list > /dev/null", env)
    assert (built.returncode, built.stderr) == (0, "")
    assert (image / "pip.python").exists()


def test_kubernetes_probe(rows: dict[str, list[str]], env: dict[str, str], kafka39: Cluster) -> None:
    (probe,) = rows["Kubernetes probe"]
    command = yaml.safe_load(probe)["exec"]["command"]
    assert "localhost:9092" in command
    done(rows["scripts, cron"][0], env)
    folder = f"{env['HOME']}/kafka-bin"
    for address, status in ((kafka39.bootstrap, 0), ("127.0.0.1:1", 1)):
        argv = [f"{folder}/{command[0]}", *(address if word == "localhost:9092" else word for word in command[1:])]
        assert subprocess.run(argv, env=env, capture_output=True, timeout=30, check=False).returncode == status


def test_ansible_task(rows: dict[str, list[str]], env: dict[str, str], kafka39: Cluster) -> None:
    task = yaml.safe_load("\n".join(rows["Ansible task"]))
    assert task["register"] == "created"
    done(rows["scripts, cron"][0], env)
    topic = "ansible-orders"
    words = {"localhost:9092": kafka39.bootstrap, "orders": topic}
    argv = [words.get(word, word) for word in shlex.split(task["command"])]
    argv[0] = f"{env['HOME']}/kafka-bin/{argv[0]}"
    changed = []
    for _ in range(2):
        created = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=60, check=True)
        changed.append(eval(task["changed_when"], {"created": SimpleNamespace(stdout=created.stdout)}))
    assert changed == [True, False]
