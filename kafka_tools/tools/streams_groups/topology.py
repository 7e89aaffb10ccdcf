"""Shows the topology of an application, step by step: `ktools streams-groups --describe --topology`."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from kafka_tools.errors import KafkaToolError, UnsupportedError
from kafka_tools.model.streams_groups import AVAILABLE, ERROR, NOT_STORED, StreamsGroup, TopologyPart
from kafka_tools.report import Report
from kafka_tools.tools.consumer_groups.other_types import DescribeGroups, described

if TYPE_CHECKING:
    from kafka_tools.render.views import View

NOT_KNOWN = {
    NOT_STORED: "No topology description is stored for streams group '{group}'.",
    ERROR: "The broker failed to fetch the topology description for streams group '{group}'. See the broker logs for "
    "details.",
}
COLUMNS = {
    "node": "Step",
    "subtopology": "Subtopology",
    "kind": "Kind",
    "topics": "Topics",
    "stores": "Stores",
    "successors": "Goes on to",
}


class NodeRow(NamedTuple):
    """A step of an application, and the steps before and behind it."""

    group: str
    subtopology: str
    node: str
    kind: str
    topics: tuple[str, ...]
    stores: tuple[str, ...]
    predecessors: tuple[str, ...]
    successors: tuple[str, ...]
    is_global: bool


def describe(request: DescribeGroups) -> Report:
    """Return the topologies of the groups. Raises KafkaToolError; where brokers are older than Kafka 4.4, too."""
    from kafka_tools.brokers.streams_groups import open_streams_groups

    try:
        with open_streams_groups(request.target, request.seconds, topology=True) as groups:
            found, notes = described(groups, request.groups, "Streams group")
    # DescribeStreamsGroups asks for descriptions from the version of Kafka 4.4 on; older brokers
    # would leave them out silently.
    except UnsupportedError as error:
        raise KafkaToolError("The brokers do not tell topologies.", "Those of Kafka 4.4 and later do.") from error
    rows = {each.group: [row for part in each.topology or () for row in _rows(each.group, part)] for each in found}
    # Brokers need a plug-in that keeps descriptions; a group without one is told, and the status is 1.
    told = [why for each in found if (why := _why_not(each))]
    return Report(
        rows=[row for lot in rows.values() for row in lot],
        columns={"group": "Group", **COLUMNS},
        plain=(line for each in found for line in _lines(each)),
        tables=lambda: [_table(each, rows[each.group]) for each in found if not _why_not(each)],
        notes=notes,
        told=told,
        status=int(bool(notes or told)),
    )


def _why_not(group: StreamsGroup) -> str:
    if group.topology_status == AVAILABLE:
        return ""
    unknown = f"No topology description is available for streams group '{group.group}' "
    # A status of a newer broker has no words here, and is told as it is.
    return NOT_KNOWN.get(group.topology_status, f"{unknown}(status: {group.topology_status}).").format(
        group=group.group
    )


def _rows(group: str, part: TopologyPart) -> Iterator[NodeRow]:
    for node in part.nodes:
        # The answer has successors only; the formatter finds predecessors by turning the arrows round.
        before = tuple(sorted(each.name for each in part.nodes if node.name in each.successors))
        yield NodeRow(
            group,
            part.part,
            node.name,
            node.kind.lower(),
            node.topics,
            node.stores,
            before,
            node.successors,
            part.is_global,
        )


def _lines(group: StreamsGroup) -> Iterator[str]:
    """Yield the lines of org.apache.kafka.tools.streams.TopologyDescriptionFormatter (4.4), or why there are none."""
    if words := _why_not(group):
        yield ""
        yield f"Error: {words}"
        return
    yield "Topologies:"
    for part in group.topology or ():
        ending = " for global store (will not generate tasks)" if part.is_global else ""
        yield f"   Sub-topology: {part.part}{ending}"
        for row in _rows(group.group, part):
            yield from _node_lines(row)
        yield ""
    yield ""


def _node_lines(row: NodeRow) -> Iterator[str]:
    match row.kind:
        case "source":
            what = f"topics: [{', '.join(row.topics)}]"
        case "sink":
            # A sink that chooses its topic for each record (TopicNameExtractor) has none, which Java prints as null.
            what = f"topic: {row.topics[0] if row.topics else 'null'}"
        case _:
            what = f"stores: [{', '.join(row.stores)}]"
    yield f"    {row.kind.capitalize()}: {row.node} ({what})"
    if row.kind != "sink":
        yield f"      --> {', '.join(row.successors) or 'none'}"
    if row.kind != "source":
        yield f"      <-- {', '.join(row.predecessors) or 'none'}"


def _table(group: StreamsGroup, rows: Sequence[NodeRow]) -> "View":
    from kafka_tools.render.views import Table

    return Table(rows, COLUMNS, title=group.group, facts=[f"topology epoch {group.topology_epoch}"], spare=("kind",))
