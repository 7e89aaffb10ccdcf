"""Lists and describes groups for `share-groups` and `streams-groups`, which differ in the rest only."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple, Protocol, TypeVar

from kafka_tools.errors import KafkaToolError, as_java_prints
from kafka_tools.model.groups import GroupListing, known_words, missing_notes
from kafka_tools.model.target import Brokers
from kafka_tools.report import Report

MISSING = "-"
Shown = Literal["offsets", "members", "state"]
Group = TypeVar("Group", covariant=True)

LIST_COLUMNS = {"group": "Group", "state": "State"}


class ListGroups(NamedTuple):
    """Asks for the groups in these states (none: in all, and the column is shown; None: in all).

    Each answer is waited for `seconds`.
    """

    target: Brokers
    states: tuple[str, ...] | None
    seconds: float


class DescribeGroups(NamedTuple):
    """Asks for the offsets, the members or the state of these groups, None: of all.

    `seconds` is how long each answer is waited for.
    """

    target: Brokers
    groups: Sequence[str] | None
    view: Shown
    verbose: bool
    seconds: float


class Groups(Protocol[Group]):
    """The groups of one type of a cluster."""

    def listed(self) -> tuple[tuple[GroupListing, ...], tuple[str, ...]]:
        """Return the groups, sorted by name, and what kept brokers from telling theirs."""
        ...

    def described(self, names: Iterable[str], /) -> Mapping[str, Group | KafkaToolError]:
        """Return each group, or why its coordinator did not tell of it."""
        ...


def wanted_states(request: ListGroups, states: Sequence[str]) -> set[str]:
    """Return the states that are asked for. Raises UsageError for a word that is none of `states`."""
    return known_words(request.states, states, "state list", "states")


def list_report(groups: Groups[object], request: ListGroups, states: set[str]) -> Report:
    """Return the groups in these states (none: in all), sorted by name. Raises KafkaToolError where nobody answers."""
    found, failures = groups.listed()
    kept = [each for each in found if not states or each.state in states]
    # A bare --state is the empty tuple: all groups, with their states. Without --state (None) there are names only.
    with_states = request.states is not None
    return Report(
        rows=kept,
        columns=LIST_COLUMNS,
        plain=_list_lines(kept) if with_states else (each.group for each in kept),
        names_only=not with_states,
        notes=missing_notes(failures),
        status=int(bool(failures)),
    )


def _list_lines(groups: Sequence[GroupListing]) -> Iterator[str]:
    # printGroupInfo of 4.4: GROUP is at least 15 wide, and STATE is the last column, not padded.
    width = max([15, *(len(each.group) for each in groups)])
    yield f"{'GROUP':{width}} STATE"
    yield from (f"{each.group:{width}} {each.state}" for each in groups)


def assignment_words(by_topic: Mapping[str, Sequence[int]], form: str = "{}({})", between: str = ", ") -> str:
    """Return a member's partitions: `orders(0,1), pay(2)` as Kafka 2.8 prints them (3.9 leaves the topics out)."""
    # `form` and `between` make the `orders:0,1;pay:2` of 4.4 from the same partitions.
    return between.join(sorted(form.format(topic, ",".join(map(str, numbers))) for topic, numbers in by_topic.items()))


def described(groups: Groups[Group], names: Sequence[str] | None, kind: str) -> tuple[list[Group], list[str]]:
    """Return the groups of these names (None: all) that brokers know, and notes of those that they do not tell.

    `kind` is what one is called: "Share group". Raises the first failure, as Apache's tool prints the exception of a
    future, where none is known.
    """
    notes: list[str] = []
    if names is None:
        listed, failures = groups.listed()
        names, notes = [each.group for each in listed], missing_notes(failures)
    # Each group has its own answer, as groups are spread over coordinators, of which one may be away.
    answers = groups.described(names)
    found = [each for each in answers.values() if not isinstance(each, KafkaToolError)]
    failed = {name: each for name, each in answers.items() if isinstance(each, KafkaToolError)}
    if failed and not found:
        first = next(iter(failed.values()))
        raise KafkaToolError(as_java_prints(first), first.hint)
    return found, notes + [f"{kind} '{name}' is not known: {error.message}" for name, error in failed.items()]
