"""The tool that kafka_tools/README.md adds as an example works as it is printed there, on brokers and ZooKeeper."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.clusters import Cluster

PACKAGE = Path(__file__).parents[2] / "kafka_tools"
BLOCK = re.compile(r"^`([\w/]+\.py)`( \(add\))?:\n\n```python\n(.*?)^```", re.DOTALL | re.MULTILINE)


@pytest.fixture
def env(tmp_path: Path, kafka39: Cluster) -> dict[str, str]:
    """A ktools with the new tool."""
    copy = Path(shutil.copytree(PACKAGE, tmp_path / "kafka_tools", ignore=shutil.ignore_patterns("__pycache__")))
    blocks = BLOCK.findall((PACKAGE / "README.md").read_text())
    assert [path for path, *_ in blocks] == ["brokers/cluster.py", "backends.py", "tools/brokers.py"]
    for path, added, code in blocks:
        file = copy / path
        assert file.exists() == bool(added), path
        file.write_text(f"{file.read_text()}\n\n{code}" if added else code)
    [line] = re.findall(r'^    "brokers": About\(.*\),\n', (PACKAGE / "README.md").read_text(), re.MULTILINE)
    table = copy / "tools" / "__init__.py"
    table.write_text(table.read_text().replace("About] = {\n", f"About] = {{\n{line}"))
    return kafka39.env | {"PYTHONPATH": str(tmp_path), "PYTHONSAFEPATH": "1"}


def test_the_new_tool_shows_where_the_brokers_listen(kafka39: Cluster, env: dict[str, str], zookeeper: Any) -> None:
    ids = sorted(zookeeper.get_children("/brokers/ids"), key=int)
    registered = [json.loads(zookeeper.get(f"/brokers/ids/{broker}")[0]) for broker in ids]
    expected = [f"{each['host']}:{each['port']}" for each in registered]
    for to in ((), ("--bootstrap-server", kafka39.bootstrap), ("--zookeeper", kafka39.zookeeper)):
        assert ktools(env, "brokers", *to) == f"{','.join(expected)}\n"
    rows = json.loads(ktools(env, "brokers", "--output", "json"))
    assert [row["address"] for row in rows] == expected
    assert "Show where the brokers listen." in ktools(env, "--help")


def ktools(env: dict[str, str], *argv: str) -> str:
    ran = subprocess.run(
        [sys.executable, "-m", "kafka_tools", *argv], env=env, capture_output=True, text=True, timeout=60, check=True
    )
    return ran.stdout
