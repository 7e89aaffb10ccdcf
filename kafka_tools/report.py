"""The result that a tool hands to the renderer, without any format."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from kafka_tools.errors import KafkaToolError

if TYPE_CHECKING:
    from kafka_tools.render.views import View


class Report(NamedTuple):
    """The result of one action.

    `rows` are frozen dataclasses, whose field names are the keys of json, yaml and csv. `columns` maps field names to
    headings, in Apache's order. `plain` yields Apache's lines without their newlines. A terminal gets a table of
    `rows`, or what `tables` returns, or with `names_only` the plain lines. Only what is shown is read, and only once:
    `rows` and `plain` may be generators.

    `notes` are sentences for stderr, `status` is the exit status. Where something failed after something else was done,
    `failure` is the error, which is shown last.
    """

    rows: Iterable[Any]
    columns: Mapping[str, str]
    plain: Iterable[str]
    tables: "Callable[[], Iterable[View]] | None" = None
    names_only: bool = False
    notes: Sequence[str] = ()
    status: int = 0
    failure: KafkaToolError | None = None
