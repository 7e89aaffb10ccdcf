"""`ktools streams-groups`: kafka-streams-groups.sh.

Source: org.apache.kafka.tools.streams.StreamsGroupCommand and StreamsGroupCommandOptions, Kafka 4.4.
"""

from collections.abc import Sequence
from typing import Literal

import click

from kafka_tools.cli import options, types
from kafka_tools.cli.command import ErrorStyle, ToolCommand, check_available, conflict, given_names
from kafka_tools.cli.options import ACTION, CHANGES, FILTERS, OUTPUT, option
from kafka_tools.errors import UsageError
from kafka_tools.model.groups import Goal
from kafka_tools.model.streams_groups import STATES
from kafka_tools.model.target import Brokers
from kafka_tools.report import Report
from kafka_tools.settings import choice as settings
from kafka_tools.settings.context_policy import check_change

Action = Literal["list", "describe", "delete", "reset-offsets", "delete-offsets"]

SCENARIOS = (
    *("to_offset", "to_datetime", "by_duration", "to_earliest"),
    *("to_latest", "to_current", "shift_by", "from_file"),
)
"""Where offsets are reset to, in the order in which Apache's tool refuses two of them."""

VIEWS = ("members", "offsets", "state", "topology")
TOPICS = frozenset({"input_topic", "all_input_topics"})
SELECTED = frozenset({"group", "all_groups"})

ONLY_WITH = {
    "state": ("list", "describe"),
    "members": ("describe",),
    "offsets": ("describe",),
    "topology": ("describe",),
    "verbose": ("describe",),
    "group": ("describe", "delete", "reset-offsets", "delete-offsets"),
    "all_groups": ("describe", "delete", "reset-offsets"),
    "input_topic": ("reset-offsets", "delete-offsets"),
    "all_input_topics": ("reset-offsets", "delete-offsets"),
    "delete_internal_topic": ("reset-offsets",),
    "delete_all_internal_topics": ("reset-offsets", "delete"),
    "execute": ("reset-offsets",),
    "dry_run": ("reset-offsets",),
    "export": ("reset-offsets",),
    "yes": ("reset-offsets", "delete", "delete-offsets"),
    "watch": ("describe", "list"),
    **dict.fromkeys(SCENARIOS, ("reset-offsets",)),
}
"""Option -> the actions that it goes with, for a shell's completion."""

AVAILABLE = {name: ONLY_WITH[name] for name in ("state", "verbose", *VIEWS)}
"""Options that joptsimple itself refuses without their action."""


def check(action: str, given: frozenset[str]) -> None:
    """Raise UsageError where options do not go together (StreamsGroupCommandOptions.checkArgs 4.4)."""
    check_available(action, given, AVAILABLE)
    match action:
        case "describe":
            _check_describe(given)
        case "delete":
            _check_selected(action, given)
            if TOPICS & given:
                raise UsageError("Kafka Streams does not support topic-specific offset deletion from a streams group.")
        case "delete-offsets" if "group" not in given or not TOPICS & given:
            raise UsageError(
                "Option [delete-offsets] takes the [group] and one of these options: [all-input-topics], [input-topic]"
            )
        case "reset-offsets":
            _check_reset(given)
    # checkArgs of 4.4 looks at these in this order, whatever the action, and at pairs of options last.
    _check_internal_topics(action, given)
    if {"dry_run", "execute"} & given and action != "reset-offsets":
        raise UsageError("Only Option [reset-offsets] accepts [execute] or [dry-run]")
    for name, other in (("group", "all_groups"), ("group", "list")):
        if {name, other} <= given | {action}:
            raise conflict(name, other)
    if "input_topic" in given and action in ("list", "describe"):
        raise conflict("input_topic", action)


def _check_selected(action: str, given: frozenset[str]) -> None:
    if not SELECTED & given:
        raise UsageError(f"Option [{action}] takes one of these options: [all-groups], [group]")


def _check_describe(given: frozenset[str]) -> None:
    _check_selected("describe", given)
    if sum(view in given for view in VIEWS) > 1:
        raise UsageError(
            "Option [describe] takes at most one of these options: [members], [offsets], [state], [topology]"
        )


def _check_reset(given: frozenset[str]) -> None:
    if {"dry_run", "execute"} <= given:
        raise UsageError("Option [reset-offsets] only accepts one of [execute] and [dry-run]")
    if not {"dry_run", "execute"} & given:
        raise UsageError("Option [reset-offsets] takes the option: [execute] or [dry-run]")
    _check_selected("reset-offsets", given)
    # Unlike ShareGroupCommandOptions: two goals are refused before a scope is missed.
    chosen = [name for name in SCENARIOS if name in given]
    if len(chosen) > 1:
        raise conflict(chosen[0], chosen[1])
    if "from_file" not in given and not TOPICS & given:
        raise UsageError("One of the reset scopes should be defined: --all-input-topics, --input-topic.")
    if not chosen:
        raise UsageError(
            "Option '[reset-offsets]' requires one of the following scenarios: [[to-offset], [to-datetime], "
            "[by-duration], [to-earliest], [to-latest], [to-current], [shift-by], [from-file]]"
        )


def _check_internal_topics(action: str, given: frozenset[str]) -> None:
    if "delete_all_internal_topics" in given:
        if action not in ("reset-offsets", "delete"):
            raise UsageError(
                "Option [delete-all-internal-topics] takes one of these options: [delete], [reset-offsets]"
            )
        if action == "reset-offsets" and "execute" not in given:
            raise UsageError("Option [delete-all-internal-topics] takes [execute] when [reset-offsets] is used.")
    elif "delete_internal_topic" in given and (action != "reset-offsets" or "execute" not in given):
        raise UsageError("Option [delete-internal-topic] takes [reset-offsets] when [execute] is used.")


@click.command(
    "streams-groups",
    cls=ToolCommand,
    help="List and describe streams groups (KIP-1071), reset and delete their offsets, and delete groups. Needs Kafka "
    "4.1 or later; applications of the older protocol are consumer groups.",
    purpose="This tool helps to list, describe, delete and manage the offsets of streams groups.",
    only_with=ONLY_WITH,
    check=check,
    # 4.4 ends "Command must include exactly one action …" with a full stop, where 3.9's consumer-groups has none.
    full_stop=".",
    # StreamsGroupCommand.printError (4.4): an empty line first, and all of it on stdout.
    error_style=ErrorStyle("\nError: Executing streams group command failed due to ", to_stdout=True),
)
@options.action("--list", "List the groups.")
@options.action("--describe", "Show how far a group is in each partition, its members or its state.")
@options.action("--delete", "Delete groups without members, with all that they committed.")
@options.action("--reset-offsets", "Have a group without members go on from other offsets.")
@options.action("--delete-offsets", "Delete what a group committed for input topics.")
@options.bootstrap_server
@options.command_config
@options.client_settings
@options.wait
@option(ACTION, "--group", type=types.STREAMS_GROUP, multiple=True, help="The group; for some actions may be repeated.")
@option(ACTION, "--all-groups", help="All streams groups.")
@option(
    FILTERS,
    "--state",
    type=types.words("[STATE[,…]]", [state.lower() for state in STATES]),
    bare="",
    help="With --list: show states, or only groups in these. With --describe: the state of the group.",
)
@option(OUTPUT, "--members", help="With --describe: the members and their tasks.")
@option(OUTPUT, "--offsets", help="With --describe: the lag of each partition that is read, which is the default.")
@option(
    OUTPUT,
    "--topology",
    help="With --describe: the steps of the application, where brokers (Kafka 4.4) have a plug-in that keeps them.",
)
@option(OUTPUT, "--verbose", help="With --describe: epochs, offsets and targets, too.")
@option(
    CHANGES,
    "--input-topic",
    type=types.Text("TOPIC[:N,…]", "topic"),
    multiple=True,
    help="With --reset-offsets and --delete-offsets: this input topic, or these partitions of it; may be repeated.",
)
@option(CHANGES, "--all-input-topics", help="All input topics of the group's topology.")
@options.goals()
@option(
    CHANGES,
    "--delete-internal-topic",
    type=types.TOPIC,
    multiple=True,
    help="With --reset-offsets --execute: delete this topic that the application made, too; may be repeated.",
)
@option(
    CHANGES,
    "--delete-all-internal-topics",
    help="With --delete and --reset-offsets --execute: delete all topics that the application made, too.",
)
@option(CHANGES, "--execute", help="With --reset-offsets: do it.")
@option(CHANGES, "--dry-run", help="With --reset-offsets: only show what would be done.")
@option(CHANGES, "--export", help="With --reset-offsets: print the new offsets as csv, for --from-file.")
@option(CHANGES, "--yes", help="Go on without a question, also on a protected cluster.")
@options.answer_timeout
@options.watch
@click.pass_context
def command(
    ctx: click.Context,
    *,
    action: Action,
    bootstrap_server: str | None,
    command_config: str | None,
    client_settings: tuple[str, ...],
    wait: float | None,
    group: tuple[str, ...],
    all_groups: bool,
    state: str | None,
    members: bool,  # noqa: ARG001  asked for by `given_names`, as --state
    offsets: bool,  # noqa: ARG001  the default
    topology: bool,  # noqa: ARG001
    verbose: bool,  # noqa: ARG001
    input_topic: tuple[str, ...],
    all_input_topics: bool,
    to_earliest: bool,
    to_latest: bool,
    to_current: bool,
    to_offset: int | None,
    shift_by: int | None,
    to_datetime: str | None,
    by_duration: str | None,
    from_file: str | None,
    delete_internal_topic: tuple[str, ...],
    delete_all_internal_topics: bool,
    execute: bool,
    dry_run: bool,
    export: bool,
    yes: bool,
    timeout: int | None,
) -> Report:
    """Check the options against each other, choose the cluster, and run the action."""
    if action == "describe" and state:
        raise UsageError("Option [describe] does not take a value for [state]")
    seconds = options.answer_seconds(action, timeout)
    target = settings.choose_brokers(bootstrap_server, command_config, client_settings, wait or 0.0)
    groups: Sequence[str] | None = None if all_groups else group  # None: every streams group
    if action == "list":
        return _list(target, state, seconds)
    if action == "describe":
        return _describe(target, groups, given_names(ctx), seconds)
    from kafka_tools.tools.streams_groups import changing

    if not dry_run:
        target = check_change(target, yes)
    if action == "delete":
        return changing.delete(changing.DeleteGroups(target, groups, delete_all_internal_topics, yes, seconds))
    topics = None if all_input_topics else input_topic  # None: all; (): --from-file names partitions
    if action == "delete-offsets":
        if len(group) > 1:
            raise UsageError(
                f"Option [delete-offsets] supports only one [group] at a time, but found: [{', '.join(group)}]"
            )
        return changing.delete_offsets(changing.DeleteOffsets(target, group[0], topics, seconds))
    goal = Goal(to_earliest, to_latest, to_current, to_offset, shift_by, to_datetime, by_duration, from_file)
    internal = (delete_internal_topic, delete_all_internal_topics)
    request = changing.ResetOffsets(target, groups, topics, goal, execute, export, *internal, seconds)
    return changing.reset(request)


def _list(target: Brokers, state: str | None, seconds: float) -> Report:
    from kafka_tools.tools.consumer_groups import other_types
    from kafka_tools.tools.streams_groups import reading

    return reading.list_groups(other_types.ListGroups(target, types.listed(state), seconds))


def _describe(target: Brokers, groups: Sequence[str] | None, given: frozenset[str], seconds: float) -> Report:
    from kafka_tools.tools.consumer_groups import other_types
    from kafka_tools.tools.streams_groups import reading, topology

    if "topology" in given:
        return topology.describe(other_types.DescribeGroups(target, groups, "state", False, seconds))
    view: other_types.Shown = "members" if "members" in given else "state" if "state" in given else "offsets"
    return reading.describe(other_types.DescribeGroups(target, groups, view, "verbose" in given, seconds))
