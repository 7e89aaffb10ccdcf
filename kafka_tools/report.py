"""What an action hands to a renderer: a result, in words that know no format."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from kafka_tools.errors import KafkaToolError

if TYPE_CHECKING:
    from kafka_tools.render.views import View


class Report(NamedTuple):
    """The result of one action.

    `rows` are frozen dataclasses whose field names are the keys of json, yaml and csv, read once and only where they
    are shown; `columns` maps fields to headings in Apache's order; `plain` yields Apache's lines without their
    newlines. `tables` makes what a person sees on a terminal where one table of `rows` would not do, `names_only` says
    that plain lines serve a person best. `notes` go to stderr; `status` is the exit status: a partial failure is a
    result too, and `failure` is shown after what was done before it.
    """

    rows: Iterable[Any]
    columns: Mapping[str, str]
    plain: Iterable[str]
    tables: "Callable[[], Iterable[View]] | None" = None
    names_only: bool = False
    notes: Sequence[str] = ()
    status: int = 0
    failure: KafkaToolError | None = None
