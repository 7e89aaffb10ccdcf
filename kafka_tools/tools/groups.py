"""`ktools groups`: kafka-groups.sh (org.apache.kafka.tools.GroupsCommand, Kafka 4.4)."""

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

import click

from kafka_tools.cli import options, types
from kafka_tools.cli.command import ErrorStyle, ToolCommand, conflict
from kafka_tools.cli.options import FILTERS, OTHER, option
from kafka_tools.errors import UsageError
from kafka_tools.model.groups import GROUP_TYPES, GroupListing, missing_notes
from kafka_tools.model.target import Brokers
from kafka_tools.report import Report
from kafka_tools.settings import choice as settings

KINDS = ("consumer", "share", "streams")
"""Options that ask for one kind of groups each, and go with no other filter."""

COLUMNS = {"group": "Group", "type": "Type", "protocol": "Protocol", "state": "State"}
LEAST_WIDTH = 20


class ListGroups(NamedTuple):
    """Asks for the groups of a type and a protocol (None: of any), or for those of one of KINDS.

    What brokers have not answered within `seconds` is missing, and named in a note.
    """

    target: Brokers
    type: str | None
    protocol: str | None
    kind: str | None
    seconds: float


def check(_: str, given: frozenset[str]) -> None:
    """Raise UsageError where filters do not go together (GroupsCommandOptions.checkArgs)."""
    filters = (*KINDS, "group_type", "protocol")
    # In the order of --consumer, --share, --streams: the first conflict is the one that is told.
    for kind in KINDS:
        other = next((each for each in filters if each != kind and each in given), None)
        if kind in given and other is not None:
            raise conflict(kind, other)


@click.command(
    "groups",
    cls=ToolCommand,
    help="List the groups of all types: consumer groups of both protocols, share groups, streams groups, and those of "
    "other clients such as Connect. The tools for one type tell more: consumer-groups, share-groups, streams-groups.",
    purpose="This tool helps to list groups of all types.",
    full_stop=".",
    check=check,
    error_style=ErrorStyle("Error while executing groups command : ", to_stdout=True),
)
@options.action("--list", "List the groups, with type and protocol.")
@options.bootstrap_server
@options.command_config
@options.client_settings
@options.wait
@option(
    FILTERS,
    "--group-type",
    type=types.words("TYPE", map(str.lower, GROUP_TYPES)),
    help="Only groups of this type: classic, consumer, share or streams.",
)
@option(
    FILTERS,
    "--protocol",
    type=types.words("PROTOCOL", ("consumer", "share", "streams", "connect", "sr")),
    help="Only groups of this protocol, which clients name: consumer, share, streams, connect, …",
)
@option(FILTERS, "--consumer", help="Only consumer groups, those of offsets that nobody reads by too.")
@option(FILTERS, "--share", help="Only share groups.")
@option(FILTERS, "--streams", help="Only streams groups.")
@option(OTHER, "--timeout", type=types.LONG, help="How long to wait for brokers, in ms. Default: 5000.")
@options.watch
def command(
    *,
    action: Literal["list"],  # noqa: ARG001  the only one
    bootstrap_server: str | None,
    command_config: str | None,
    client_settings: tuple[str, ...],
    wait: float | None,
    group_type: str | None,
    protocol: str | None,
    consumer: bool,
    share: bool,
    streams: bool,
    timeout: int | None,
) -> Report:
    """Read the type, choose the cluster, and list."""
    # Kafka writes a type `Consumer`, and takes any case (GroupType.parse).
    wanted = None if group_type is None else group_type.lower().capitalize()
    if wanted is not None and wanted not in GROUP_TYPES:
        raise UsageError("--group-type must be a valid group type.")
    kind = next((name for name, given in zip(KINDS, (consumer, share, streams), strict=True) if given), None)
    # Brokers are asked side by side, so that this is the time of all of them together.
    seconds = 5.0 if timeout is None else max(timeout, 1) / 1000
    target = settings.choose_brokers(bootstrap_server, command_config, client_settings, wait or 0.0)
    return list_groups(ListGroups(target, wanted, protocol, kind, seconds))


def list_groups(request: ListGroups) -> Report:
    """Return the groups that the filters take, sorted by name. Raises KafkaToolError where no broker answers."""
    from kafka_tools.brokers.all_groups import list_all_groups

    found, failures = list_all_groups(request.target, request.seconds)
    kept = [each for each in found if is_wanted(each, request)]
    return Report(
        rows=kept,
        columns=COLUMNS,
        plain=_lines(kept),
        notes=missing_notes(failures),
        status=int(bool(failures)),
    )


def is_wanted(group: GroupListing, request: ListGroups) -> bool:
    """Tell whether the filters take a group (GroupsCommand.combinedFilter)."""
    match request.kind:
        case "consumer":
            # A group without a protocol never had a member: somebody assigned partitions, and committed offsets for it
            # (`isSimpleConsumerGroup`).
            return group.protocol in ("consumer", "") or group.type == "Consumer"
        case "share" | "streams":
            return group.type == request.kind.capitalize()
        case _:
            return request.type in (None, group.type) and request.protocol in (None, group.protocol)


def _lines(groups: Sequence[GroupListing]) -> Iterator[str]:
    """Yield Apache's table: all three columns are as wide as the longest word, and rows end with a blank."""
    # Headings are shorter than LEAST_WIDTH. Their line has no blank at its end, which only rows have (4.4).
    width = max([LEAST_WIDTH, *(len(word) for each in groups for word in (each.group, each.type, each.protocol))])
    yield f"{'GROUP':{width}} {'TYPE':{width}} {'PROTOCOL':{width}}"
    for each in groups:
        yield f"{each.group:{width}} {each.type:{width}} {each.protocol:{width}} "
