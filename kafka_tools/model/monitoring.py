"""Writes what monitoring reads: the line of a Nagios plugin, and metrics in Prometheus' text format."""

from collections.abc import Iterable, Iterator, Mapping

from kafka_tools.model.shown import safe

Sample = tuple[Mapping[str, object], float | None]
"""The labels of a metric, and its value; None: not known, and left out."""


def nagios(service: str, state: str, words: str, measured: Iterable[str] = ()) -> str:
    """Return the line of a plugin: `LAG OK - words | performance data`.

    Source: Nagios Plugins Development Guidelines, `'label'=value[unit];[warn];[crit];[min];[max]`.
    """
    data = " ".join(measured)
    # The first bar ends the words for Nagios.
    return f"{service} {state} - {safe(words).replace('|', '/')}{f' | {data}' if data else ''}"


def nagios_label(text: str) -> str:
    """Return a label of performance data: it has no `=`, no quote and no bar."""
    return safe(text).replace("=", "_").replace("'", "_").replace("|", "_")


def prometheus(name: str, words: str, samples: Iterable[Sample]) -> Iterator[str]:
    """Yield the lines of one metric, which is a gauge; `words` say what it means."""
    yield f"# HELP {name} {words}"
    yield f"# TYPE {name} gauge"
    for labels, value in samples:
        if value is not None:
            inner = ",".join(f'{label}="{_escaped(str(text))}"' for label, text in labels.items())
            yield f"{name}{{{inner}}} {value}" if inner else f"{name} {value}"


def _escaped(label: str) -> str:
    # Backslashes first: those of the other two escapes would be doubled else.
    return label.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
