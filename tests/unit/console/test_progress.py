"""Where no bar may be drawn, and how much of a file is still to be read."""

import os
import pty
from pathlib import Path

from kafka_tools.console.process import bytes_ahead, covers_records, show_nothing


def test_progress_that_nobody_sees() -> None:
    with show_nothing("consuming orders", 10) as progress:
        progress.advance(1, 1, 20)


def test_records_on_a_terminal_or_in_a_pipe_would_be_covered(tmp_path: Path) -> None:
    terminal, reading, writing = *pty.openpty()[1:], *os.pipe()
    with (tmp_path / "records").open("wb") as file, Path(os.devnull).open("wb") as nothing:
        seen = [covers_records(each) for each in (terminal, writing, file.fileno(), nothing.fileno())]
    assert seen == [True, True, False, False]
    for each in (terminal, reading, writing):
        os.close(each)


def test_what_is_ahead_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_bytes(b"abcdef")
    with path.open("rb", buffering=0) as file:
        assert bytes_ahead(file.fileno()) == 6
        file.read(4)
        assert bytes_ahead(file.fileno()) == 2
    reading, writing = os.pipe()
    assert bytes_ahead(reading) is None
    os.close(reading)
    os.close(writing)
