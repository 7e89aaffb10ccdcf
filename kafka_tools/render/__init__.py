"""One result, several renderings: the format is decided here, once, for every tool."""

import sys

import click

from kafka_tools.errors import KafkaToolError
from kafka_tools.report import Report


def emit(report: Report, output: str | None) -> int:
    """Write `report` to stdout as `output` says (None: table on a terminal, else plain), its notes to stderr; return
    its status.

    Raises OSError where stdout cannot take it (BrokenPipeError: its reader went away).
    """
    chosen = output or ("table" if sys.stdout.isatty() and not report.names_only else "plain")
    if chosen == "table":
        from kafka_tools.render.table import write_tables

        write_tables(report)
    elif chosen == "plain":
        _write_text("".join(f"{line}\n" for line in report.plain))
    else:
        from kafka_tools.render import structured

        _write_text(structured.FORMATS[chosen](report))
    for note in report.notes:
        click.echo(note, err=True)
    return report.status


def _write_text(text: str) -> None:
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except UnicodeEncodeError as error:
        raise KafkaToolError(
            f"stdout's encoding {error.encoding} cannot show this text.",
            "Set PYTHONIOENCODING=utf-8 or LC_ALL=C.UTF-8.",
        ) from error
