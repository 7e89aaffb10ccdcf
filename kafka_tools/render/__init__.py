"""One result, several renderings: the format is decided here, once, for every tool. The only room that imports rich.

Plain text into a pipe is written without rich: start-up is felt there.
"""

import sys
from collections.abc import Iterable

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.shown import safe
from kafka_tools.render.output_options import OutputOptions
from kafka_tools.report import Report

__all__ = ["OutputOptions", "emit"]

AS_IT_SUITS = OutputOptions()
STREAMED = ("plain", "jsonl")
BLOCK = 1000
"""Lines that are written as they come are written in blocks of so many: 1 µs a line instead of 3 one by one."""


def emit(report: Report, options: OutputOptions = AS_IT_SUITS) -> int:
    """Write `report` to stdout as `options` say, its notes to stderr; return its status.

    What is longer than the terminal is shown by a pager, unless the format was chosen to be another than a table.
    Raises UsageError for a column that the rows lack, OSError where stdout cannot take the text (BrokenPipeError: its
    reader went away).
    """
    output = options.output or ("table" if sys.stdout.isatty() and not report.names_only else "plain")
    # All of the text before any of it is written: where a row cannot be read or a column is not there, a program
    # behind the pipe gets no half of a document.
    text = "" if report.streams and output in STREAMED else _text(report, output, options)
    try:
        if report.streams and output in STREAMED:
            _write_as_it_comes(_lines(report, output, options))
        elif options.output in (None, "table") and sys.stdout.isatty():
            from kafka_tools.render import pager

            pager.write(text)
        else:
            sys.stdout.write(text)
            sys.stdout.flush()
    except UnicodeEncodeError as error:
        raise KafkaToolError(
            f"stdout's encoding {error.encoding} cannot show this text.",
            "Set PYTHONIOENCODING=utf-8 or LC_ALL=C.UTF-8.",
        ) from error
    # `streams` may add to the notes, so that they are read behind it.
    status = report.streams() if report.streams else report.status
    # After the data: whoever redirects both streams into one file finds the notes below it.
    for note in (*(() if output == "plain" else report.told), *report.notes):
        sys.stderr.write(safe(note, kept="\n") + "\n")
    return status


def is_plain(output: str | None) -> bool:
    """Tell whether stdout gets Apache's lines, by --output."""
    return (output or ("table" if sys.stdout.isatty() else "plain")) == "plain"


def say(line: str) -> None:
    """Write one of Apache's lines to stdout at once, before the report of a long run."""
    text = _plain(Report((), {}, [line]))
    sys.stdout.write(text)
    sys.stdout.flush()


def _text(report: Report, output: str, options: OutputOptions) -> str:
    if output == "plain":
        return _plain(report)
    if output == "table":
        from kafka_tools.render.page import page_text

        return page_text(report, options)
    if output in ("svg", "html"):
        from kafka_tools.render import pictures

        return pictures.FORMATS[output](report, options)
    from kafka_tools.render import structured

    return structured.FORMATS[output](report, options)


def _lines(report: Report, output: str, options: OutputOptions) -> Iterable[str]:
    if output == "jsonl":
        from kafka_tools.render import structured

        return structured.json_rows(report, options)
    return report.plain if not sys.stdout.isatty() else (safe(line, kept="\t") for line in report.plain)


def _write_as_it_comes(lines: Iterable[str]) -> None:
    """Write lines in blocks; those before an error that ends them are written, too."""
    waiting: list[str] = []
    try:
        for line in lines:
            waiting.append(line)
            if len(waiting) == BLOCK:
                text = "\n".join([*waiting, ""])
                # Before the write: where that fails (BrokenPipeError), `finally` shall not write the block again.
                waiting.clear()
                sys.stdout.write(text)
    finally:
        text = "\n".join([*waiting, ""]) if waiting else ""
        sys.stdout.write(text)
        sys.stdout.flush()


def _plain(report: Report) -> str:
    """Return Apache's lines: byte for byte in a pipe, without what would act on a terminal where there is one."""
    if not sys.stdout.isatty():
        text = "".join([f"{line}\n" for line in report.plain])
        return text[:-1] if report.open_ended else text
    return "".join([safe(line, kept="\t") + "\n" for line in report.plain])
