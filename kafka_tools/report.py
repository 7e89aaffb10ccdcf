"""What a tool hands to the renderer, without any format: its result, and how far it is meanwhile."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from kafka_tools.errors import KafkaToolError

if TYPE_CHECKING:
    from kafka_tools.render.views import View


class Report(NamedTuple):
    """The result of one action.

    `rows` are frozen dataclasses or NamedTuples, whose field names are the keys of json, yaml and csv. `columns` maps
    field names to headings, in Apache's order. `plain` yields Apache's lines without their newlines. A terminal gets a
    table of `rows`, or what `tables` returns, or with `names_only` the plain lines. Only what is shown is read, and
    only once: `rows` and `plain` may be generators. `open_ended`: the last plain line is without its newline.

    `notes` are sentences for stderr, `told` those that `plain` has, too: they go there with every other output only.
    `status` is the exit status. Where something failed after something else was done,
    `failure` is the error, which is shown last.

    `streams` says that there may be more than memory holds: lines and rows are written as they come, where the format
    allows it. It is called when all were, may add to `notes`, and returns the status.
    """

    rows: Iterable[Any]
    columns: Mapping[str, str]
    plain: Iterable[str]
    tables: "Callable[[], Iterable[View]] | None" = None
    names_only: bool = False
    notes: Sequence[str] = ()
    told: Sequence[str] = ()
    status: int = 0
    failure: KafkaToolError | None = None
    open_ended: bool = False
    streams: "Callable[[], int] | None" = None


class Stages:
    """Takes the stages of something long, such as the start of a sandbox; this one shows them to nobody."""

    def stage(self, line: str) -> None:
        """Take the line that says what begins now."""

    def detail(self, words: str, done: int = 0, total: int | None = None) -> None:
        """Take what happens within the stage and, where it can be counted, how much of it is `done`; comes often."""
