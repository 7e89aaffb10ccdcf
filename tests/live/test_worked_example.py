"""The tool that kafka_tools/README.md adds as an example works as it is printed there, on brokers and ZooKeeper."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.clusters import Cluster

PACKAGE = Path(__file__).parents[2] / "kafka_tools"
BLOCK = re.compile(r"^`([\w/]+\.py)`( \(add\))?:\n\n```python\n(.*?)^```", re.DOTALL | re.MULTILINE)


@pytest.fixture
def env(tmp_path: Path, kafka39: Cluster) -> dict[str, str]:
    """A ktools with the new tool."""
    copy = Path(shutil.copytree(PACKAGE, tmp_path / "kafka_tools", ignore=shutil.ignore_patterns("__pycache__")))
    blocks = BLOCK.findall((PACKAGE / "README.md").read_text())
    assert [path for path, *_ in blocks] == [
        "brokers/cluster.py",
        "zookeeper/cluster.py",
        "backends.py",
        "tools/cluster.py",
    ]
    for path, added, code in blocks:
        file = copy / path
        assert file.exists() == bool(added), path
        file.write_text(f"{file.read_text()}\n\n{code}" if added else code)
    [line] = re.findall(r'^    "cluster": About\(.*\),\n', (PACKAGE / "README.md").read_text(), re.MULTILINE)
    table = copy / "tools" / "__init__.py"
    table.write_text(table.read_text().replace("About] = {\n", f"About] = {{\n{line}"))
    return kafka39.env | {"PYTHONPATH": str(tmp_path), "PYTHONSAFEPATH": "1"}


def test_the_new_tool_shows_the_cluster_s_id(kafka39: Cluster, env: dict[str, str], zookeeper: object) -> None:
    (registered, _) = zookeeper.get("/cluster/id")  # type: ignore[attr-defined]
    expected = f"Cluster ID: {json.loads(registered)['id']}\n"
    for to in ((), ("--bootstrap-server", kafka39.bootstrap), ("--zookeeper", kafka39.zookeeper)):
        assert ktools(env, "cluster", "cluster-id", *to) == expected
    rows = json.loads(ktools(env, "cluster", "cluster-id", "--output", "json"))
    assert [f"Cluster ID: {row['cluster_id']}\n" for row in rows] == [expected]
    assert "Show the id of a cluster." in ktools(env, "--help")


def ktools(env: dict[str, str], *argv: str) -> str:
    ran = subprocess.run(
        [sys.executable, "-m", "kafka_tools", *argv], env=env, capture_output=True, text=True, timeout=60, check=True
    )
    return ran.stdout
