"""The case files themselves: well-formed, recorded, and written as `scripts/record` writes them. No cluster."""

import shutil
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tests.support.conformance.case import FOLDER, PARTS, escaped, names, read, unescaped, write
from tests.support.conformance.replay import TOOLS


def test_every_case_is_run() -> None:
    assert sorted(tool for tools in TOOLS.values() for tool in tools) == sorted({read(name).tool for name in names()})
    assert {path.stem for path in Path(__file__).parent.glob("test_*.py")} >= TOOLS.keys()


def test_every_case_is_recorded() -> None:
    assert [name for name in names() if set(read(name).apache) != set(PARTS)] == []


def test_a_difference_has_its_reason_and_differs() -> None:
    cases = [read(name) for name in names()]
    assert [case.name for case in cases if bool(case.ktools) != bool(case.difference)] == []
    assert [case.name for case in cases if any(case.ktools[part] == case.apache[part] for part in case.ktools)] == []


def test_every_file_is_written_as_it_is_read(tmp_path: Path) -> None:
    copies = Path(shutil.copytree(FOLDER, tmp_path / "cases"))
    for name in names():
        write(read(name), copies)
    files = [f"{name}.txt" for name in names()]
    assert [file for file in files if (copies / file).read_bytes() != (FOLDER / file).read_bytes()] == []


@given(st.binary())
def test_any_output_can_be_written_down(output: bytes) -> None:
    text = output.decode("utf-8", "surrogateescape")
    written = escaped(text)
    assert unescaped(written) == text
    assert not any(line.endswith(" ") or line.startswith("=") for line in written.split("\n"))
    assert written.encode("utf-8").decode("utf-8") == written
