"""`ktools share-groups`: kafka-share-groups.sh.

Source: org.apache.kafka.tools.consumer.group.ShareGroupCommand and ShareGroupCommandOptions, Kafka 4.4.
"""

from collections.abc import Sequence
from typing import Literal

import click

from kafka_tools.cli import options, types
from kafka_tools.cli.command import ErrorStyle, ToolCommand, check_available, conflict, flag, given_names
from kafka_tools.cli.options import ACTION, CHANGES, FILTERS, OUTPUT, option
from kafka_tools.errors import KafkaToolError, UsageError
from kafka_tools.model.groups import Goal
from kafka_tools.model.share_groups import STATES
from kafka_tools.report import Report
from kafka_tools.settings import choice as settings
from kafka_tools.settings.context_policy import check_change

Action = Literal["list", "describe", "delete", "reset-offsets", "delete-offsets"]

SCENARIOS = ("to_offset", "to_datetime", "to_earliest", "to_latest", "to_current", "from_file")
"""Where offsets are reset to, in the order in which Apache's tool looks at them."""

SCOPES = ("topic", "all_topics", "from_file")
VIEWS = ("members", "offsets", "state")
SELECTED = frozenset({"group", "all_groups"})

ONLY_WITH = {
    "state": ("list", "describe"),
    "members": ("describe",),
    "offsets": ("describe",),
    "verbose": ("describe",),
    "group": ("describe", "delete", "reset-offsets", "delete-offsets"),
    "all_groups": ("describe", "delete"),
    "topic": ("reset-offsets", "delete-offsets"),
    "all_topics": ("reset-offsets",),
    "execute": ("reset-offsets",),
    "dry_run": ("reset-offsets", "delete", "delete-offsets"),
    "export": ("reset-offsets",),
    "yes": ("reset-offsets", "delete", "delete-offsets"),
    "watch": ("describe", "list"),
    **dict.fromkeys(SCENARIOS, ("reset-offsets",)),
}
"""Option -> the actions that it goes with, for a shell's completion."""

AVAILABLE = {name: ONLY_WITH[name] for name in ("state", "members", "offsets", "verbose")}
"""Options that joptsimple itself refuses without their action."""


def check(action: str, given: frozenset[str]) -> None:
    """Raise UsageError where options do not go together (ShareGroupCommandOptions.checkArgs 4.4)."""
    check_available(action, given, AVAILABLE)
    match action:
        case "describe":
            _check_describe(given)
        case "delete":
            _check_delete(given)
        case "delete-offsets" if not {"group", "topic"} <= given:
            raise UsageError("Option [delete-offsets] takes the following options: [group], [topic]")
        case "reset-offsets":
            _check_reset(given)
    # The three calls of checkInvalidArgs at the end of checkArgs, which come after what belongs to one action.
    for name, others in (("group", ("all_groups",)), ("group", ("list",)), ("topic", ("list", "describe"))):
        for other in others:
            if name in given and (other in given or other == action):
                raise conflict(name, other)


def _check_describe(given: frozenset[str]) -> None:
    if not SELECTED & given:
        raise UsageError("Option [describe] takes one of these options: [all-groups], [group]")
    if sum(view in given for view in VIEWS) > 1:
        raise UsageError("Option [describe] takes at most one of these options: [members], [offsets], [state]")


def _check_delete(given: frozenset[str]) -> None:
    if not SELECTED & given:
        raise UsageError("Option [delete] takes the options [group] or [all-groups].")
    if given >= SELECTED:
        raise UsageError("Option [delete] takes either [group] or [all-groups], not both.")
    if {"topic", "all_topics"} & given:
        raise UsageError("Option [delete] does not take the options [topic] or [all-topics].")


def _check_reset(given: frozenset[str]) -> None:
    if {"dry_run", "execute"} <= given:
        raise UsageError("Option [reset-offsets] only accepts one of [execute] and [dry-run]")
    if not {"dry_run", "execute"} & given:
        raise UsageError("Option [reset-offsets] takes the option: [execute] or [dry-run]")
    if "group" not in given:
        raise UsageError("Option [reset-offsets] takes the option: [group]")
    # The order of checkArgs (4.4): first whether the topics are named, and once, and then whether a goal is.
    if "from_file" not in given and not {"topic", "all_topics"} & given:
        raise UsageError("Option [reset-offsets] takes one of these options: [all-topics], [from-file], [topic]")
    _check_single(SCOPES, given)
    if not given.intersection(SCENARIOS):
        # 4.4 sorts them for this sentence.
        listed = ", ".join(f"[{name}]" for name in sorted(map(flag, SCENARIOS)))
        raise UsageError(f"Option [reset-offsets] takes one of these options: {listed}")
    _check_single(SCENARIOS, given)


def _check_single(names: Sequence[str], given: frozenset[str]) -> None:
    chosen = [name for name in names if name in given]
    if len(chosen) > 1:
        raise conflict(chosen[0], chosen[1])


@click.command(
    "share-groups",
    cls=ToolCommand,
    help="List and describe share groups, reset and delete how far they are, and delete groups. Needs Kafka 4.1 or "
    "later.",
    purpose="This tool helps to list, describe, delete and manage the offsets of share groups.",
    only_with=ONLY_WITH,
    check=check,
    # 4.4 ends "Command must include exactly one action …" with a full stop, where 3.9's consumer-groups has none.
    full_stop=".",
    # ShareGroupCommand.printError (4.4): an empty line first, and all of it on stdout.
    error_style=ErrorStyle("\nError: Executing share group command failed due to ", to_stdout=True),
)
@options.action("--list", "List the groups.")
@options.action("--describe", "Show how far a group is in each partition, its members or its state.")
@options.action("--delete", "Delete groups without members, with all that is known of how far they are.")
@options.action("--reset-offsets", "Have a group without members go on from other offsets.")
@options.action("--delete-offsets", "Forget how far a group without members is in topics.")
@options.bootstrap_server
@options.command_config
@options.client_settings
@options.wait
@option(
    ACTION, "--group", type=types.SHARE_GROUP, multiple=True, help="The group; for some actions it may be repeated."
)
@option(ACTION, "--all-groups", help="All share groups.")
@option(
    FILTERS,
    "--state",
    type=types.words("[STATE[,…]]", [state.lower() for state in STATES]),
    bare="",
    help="With --list: show states, or only groups in these. With --describe: the state of the group.",
)
@option(OUTPUT, "--members", help="With --describe: the members.")
@option(OUTPUT, "--offsets", help="With --describe: start offset and lag of each partition, which is the default.")
@option(OUTPUT, "--verbose", help="With --describe: epochs, too.")
@option(
    CHANGES,
    "--topic",
    type=types.Text("TOPIC[:N,…]", "topic"),
    multiple=True,
    help="With --reset-offsets: this topic, or these partitions of it. With --delete-offsets: this topic. May be "
    "repeated.",
)
@option(CHANGES, "--all-topics", help="With --reset-offsets: all topics that the group has read.")
@options.goals("--shift-by", "--by-duration")
@option(CHANGES, "--execute", help="With --reset-offsets: do it.")
@option(CHANGES, "--dry-run", help="Only show what would be done.")
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
    members: bool,
    offsets: bool,  # noqa: ARG001  the default
    verbose: bool,
    topic: tuple[str, ...],
    all_topics: bool,
    to_earliest: bool,
    to_latest: bool,
    to_current: bool,
    to_offset: int | None,
    to_datetime: str | None,
    from_file: str | None,
    execute: bool,
    dry_run: bool,
    export: bool,
    yes: bool,
    timeout: int | None,
) -> Report:
    """Check the options against each other, choose the cluster, and run the action."""
    if action == "describe" and state:
        raise UsageError("Option [describe] does not take a value for [state]")
    is_reading = action in ("list", "describe")
    seconds = options.answer_seconds(action, timeout)
    target = settings.choose_brokers(bootstrap_server, command_config, client_settings, wait or 0.0)
    groups = None if all_groups else group  # None: every share group
    if is_reading:
        from kafka_tools.tools.consumer_groups import other_types
        from kafka_tools.tools.share_groups import reading

        if action == "list":
            return reading.list_groups(other_types.ListGroups(target, types.listed(state), seconds))
        view: other_types.Shown = "members" if members else "state" if "state" in given_names(ctx) else "offsets"
        return reading.describe(other_types.DescribeGroups(target, groups, view, verbose, seconds))
    from kafka_tools.tools.consumer_groups import deleting
    from kafka_tools.tools.share_groups import changing

    # --delete and --describe take several groups (valuesOf); elsewhere joptsimple refuses a second in these words.
    if len(group) > 1 and action != "delete":
        raise KafkaToolError("Found multiple arguments for option group, but you asked for only one")
    # A reset needs --execute or --dry-run (`check`); the deletions have no --execute.
    if execute or (action != "reset-offsets" and not dry_run):
        target = check_change(target, yes)
    if action == "delete":
        return changing.delete(deleting.DeleteGroups(target, groups, yes, dry_run, seconds))
    if action == "delete-offsets":
        return changing.delete_offsets(deleting.DeleteOffsets(target, group[0], topic, dry_run, seconds))
    goal = Goal(to_earliest, to_latest, to_current, to_offset, None, to_datetime, None, from_file)
    # None: all that the group has read; the empty tuple comes with --from-file, whose lines name partitions.
    topics = None if all_topics else topic
    return changing.reset(changing.ResetOffsets(target, group[0], topics, goal, execute, export, seconds))
