"""Scripts as people write them, run with the shims: same stdout, same status, same state as with Apache's tools."""

import shutil
from pathlib import Path

import pytest

from kafka_tools.shims import apache
from kafka_tools.tools import names as tool_names
from tests.support.clusters import Cluster
from tests.support.conformance import idiom
from tests.support.conformance.case import section

ALL = [idiom.read(name) for name in idiom.names()]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A $KAFKA_HOME with shims in its bin."""
    from kafka_tools.shims import folder

    path = tmp_path_factory.mktemp("kafka home")
    folder.install(path / "bin", apache.scripts(tool_names()), force=False)
    return path


@pytest.mark.parametrize("name", [each.name for each in ALL if not each.waits_for])
def test_the_shims_do_what_apaches_tools_did(name: str, kafka39: Cluster, home: Path) -> None:
    asked = idiom.read(name)
    with idiom.IdiomStage(asked, kafka39).prepared() as stage:
        found = idiom.run(asked, stage, home, kafka39.env, asked.expected["leaves"])
    assert _shown(found) == _shown(asked.expected)


def test_every_idiom_is_recorded_and_enough_of_them_run() -> None:
    assert [each.name for each in ALL if set(each.apache) != set(idiom.PARTS)] == []
    assert [each.name for each in ALL if bool(each.ktools) != bool(each.difference)] == []
    assert [each.name for each in ALL if not each.tools] == []
    waiting = {tool for each in ALL for tool in each.waits_for}
    assert waiting <= set(apache.MAIN_CLASSES)
    assert sum(not each.waits_for for each in ALL) >= 40


def test_every_file_is_written_as_it_is_read(tmp_path: Path) -> None:
    copies = Path(shutil.copytree(idiom.FOLDER, tmp_path / "idioms"))
    for each in ALL:
        idiom.write(each, copies)
    files = [f"{each.name}.txt" for each in ALL]
    assert [file for file in files if (copies / file).read_bytes() != (idiom.FOLDER / file).read_bytes()] == []


def _shown(found: dict[str, str]) -> str:
    return "".join(section(part, found[part]) for part in idiom.PARTS)
