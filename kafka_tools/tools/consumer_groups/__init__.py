"""`ktools consumer-groups`: kafka-consumer-groups.sh.

Source: org.apache.kafka.tools.consumer.group.ConsumerGroupCommand and ConsumerGroupCommandOptions, Kafka 3.9.
"""

from typing import Literal

import click

from kafka_tools.cli import options, types
from kafka_tools.cli.command import ErrorStyle, ToolCommand, conflict, given_names
from kafka_tools.cli.options import ACTION, CHANGES, FILTERS, OTHER, OUTPUT, option
from kafka_tools.errors import KafkaToolError, UsageError
from kafka_tools.model.groups import STATES, TYPES
from kafka_tools.report import Report
from kafka_tools.settings import choice as settings
from kafka_tools.settings.context_policy import check_change

Action = Literal["list", "describe", "delete", "reset-offsets", "delete-offsets"]

PURPOSE = (
    "This tool helps to list all consumer groups, describe a consumer group, delete consumer group info, "
    "or reset consumer group offsets."
)

SCENARIOS = (
    *("to_offset", "to_datetime", "by_duration", "to_earliest", "to_latest"),
    *("shift_by", "to_current", "from_file"),
)
"""Where offsets are reset to, in the order in which Apache's tool looks at them."""

VIEWS = ("members", "offsets", "state")
SELECTED = frozenset({"group", "all_groups"})

ONLY_WITH = {
    "state": ("list", "describe"),
    "type": ("list",),
    "members": ("describe",),
    "offsets": ("describe",),
    "verbose": ("describe",),
    "group": ("describe", "delete", "reset-offsets", "delete-offsets"),
    "all_groups": ("describe", "delete", "reset-offsets"),
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

UNAVAILABLE = {"type": "list", "members": "describe", "offsets": "describe", "verbose": "describe"}
"""Options that joptsimple itself refuses without their action."""


def check(action: str, given: frozenset[str]) -> None:
    """Raise UsageError where options do not go together (ConsumerGroupCommandOptions.checkArgs 3.9)."""
    for name, needed in UNAVAILABLE.items():
        if name in given and action != needed:
            raise UsageError(f"Option(s) [{name}] are unavailable given other options on the command line")
    if action == "describe":
        _check_describe(given)
    elif action == "delete":
        _check_delete(given)
    elif action == "delete-offsets" and not {"group", "topic"} <= given:
        raise UsageError("Option [delete-offsets] takes the following options: [all-groups], [group]")
    elif action == "reset-offsets":
        _check_reset(given)
    for name, others in (("group", ("all_groups",)), ("group", ("list",)), ("topic", ("list", "describe"))):
        for other in others:
            if name in given and (other in given or other == action):
                raise conflict(name, other)


def _check_describe(given: frozenset[str]) -> None:
    if not SELECTED & given:
        raise UsageError("Option [describe] takes one of these options: [reset-offsets], [describe], [delete], [list]")
    if sum(view in given for view in VIEWS) > 1:
        raise UsageError("Option [describe] takes at most one of these options: [members], [offsets], [state]")


def _check_delete(given: frozenset[str]) -> None:
    if not SELECTED & given:
        raise UsageError("Option [delete] takes one of these options: [all-groups], [group]")
    if "topic" in given:
        raise UsageError("The consumer does not support topic-specific offset deletion from a consumer group.")


def _check_reset(given: frozenset[str]) -> None:
    if {"dry_run", "execute"} <= given:
        raise UsageError("Option [reset-offsets] only accepts one of [execute] and [dry-run]")
    if not SELECTED & given:
        raise UsageError("Option [reset-offsets] takes one of these options: [all-groups], [group]")
    chosen = [name for name in SCENARIOS if name in given]
    if len(chosen) > 1:
        raise conflict(chosen[0], chosen[1])
    if "from_file" not in given and not {"topic", "all_topics"} & given:
        raise UsageError("One of the reset scopes should be defined: --all-topics, --topic.")
    if not chosen:
        raise UsageError(
            "Option '[reset-offsets]' requires one of the following scenarios: [[to-offset], [to-current], "
            "[to-datetime], [from-file], [by-duration], [to-earliest], [to-latest], [shift-by]]"
        )


@click.command(
    "consumer-groups",
    cls=ToolCommand,
    help="List and describe consumer groups, reset and delete their offsets, and delete groups.",
    purpose=PURPOSE,
    only_with=ONLY_WITH,
    check=check,
    error_style=ErrorStyle("\nError: Executing consumer group command failed due to ", to_stdout=True),
)
@options.action("--list", "List the groups.")
@options.action("--describe", "Show how far a group is in each partition, its members or its state.")
@options.action("--delete", "Delete groups without members, with all that they committed.")
@options.action("--reset-offsets", "Have a group without members go on from other offsets.")
@options.action("--delete-offsets", "Delete what a group committed for topics that it does not read now.")
@options.bootstrap_server
@options.command_config
@options.client_settings
@options.wait
@option(ACTION, "--group", type=types.GROUP, multiple=True, help="The group; may be repeated.")
@option(ACTION, "--all-groups", help="All groups.")
@option(
    FILTERS,
    "--state",
    type=types.words("[STATE[,…]]", [state.lower() for state in STATES]),
    bare="",
    help="With --list: show states, or only groups in these. With --describe: the state of the group.",
)
@option(
    FILTERS,
    "--type",
    type=types.words("[TYPE[,…]]", [each.lower() for each in TYPES]),
    bare="",
    help="With --list: show types, or only groups of these: classic, consumer.",
)
@option(OUTPUT, "--members", help="With --describe: the members.")
@option(OUTPUT, "--offsets", help="With --describe: offsets and lag of each partition, which is the default.")
@option(OUTPUT, "--verbose", help="With --describe --members: also the partitions of each.")
@option(
    CHANGES,
    "--topic",
    type=types.Text("TOPIC[:N,…]", "topic"),
    multiple=True,
    help="With --reset-offsets and --delete-offsets: this topic, or these partitions of it; may be repeated.",
)
@option(CHANGES, "--all-topics", help="With --reset-offsets: all that the group has committed.")
@option(CHANGES, "--to-earliest", help="Go on from the oldest record.")
@option(CHANGES, "--to-latest", help="Go on from the end.")
@option(CHANGES, "--to-current", help="Stay; where nothing was committed, go on from the end.")
@option(CHANGES, "--to-offset", type=types.LONG, help="Go on from this offset.")
@option(CHANGES, "--shift-by", type=types.LONG, help="Go on so many offsets later, or earlier (-N).")
@option(
    CHANGES,
    "--to-datetime",
    type=types.Text("TIME"),
    help="Go on from the first record of this time or later: 2026-11-23T08:00:00.000, in UTC unless it ends in +01:00.",
)
@option(CHANGES, "--by-duration", type=types.Text("PnDTnHnMnS"), help="The same, as much time ago: P1D, PT30M.")
@option(CHANGES, "--from-file", type=types.FILE, help="Go on from the offsets in a file that --export wrote (csv).")
@option(CHANGES, "--execute", help="With --reset-offsets: do it. Without it the new offsets are only shown.")
@option(CHANGES, "--dry-run", help="Only show what would be done.")
@option(CHANGES, "--export", help="With --reset-offsets: print the new offsets as csv, for --from-file.")
@option(CHANGES, "--yes", help="Go on without a question, also on a protected cluster.")
@option(OTHER, "--timeout", type=types.LONG, help="How long to wait for brokers, in ms. Default: 5000.")
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
    type: str | None,  # noqa: A002  Apache's name for it
    members: bool,
    offsets: bool,  # noqa: ARG001  the default
    verbose: bool,
    topic: tuple[str, ...],
    all_topics: bool,
    to_earliest: bool,
    to_latest: bool,
    to_current: bool,
    to_offset: int | None,
    shift_by: int | None,
    to_datetime: str | None,
    by_duration: str | None,
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
    seconds = 5.0 if timeout is None else max(timeout, 1) / 1000
    target = settings.choose_brokers(bootstrap_server, command_config, client_settings, wait or 0.0)
    groups = None if all_groups else group
    if action in ("list", "describe"):
        from kafka_tools.tools.consumer_groups import reading

        if action == "list":
            return reading.list_groups(reading.ListGroups(target, _words(state), _words(type), seconds))
        view: reading.Shown = "members" if members else "state" if "state" in given_names(ctx) else "offsets"
        return reading.describe(reading.DescribeGroups(target, groups, view, verbose, seconds))
    from kafka_tools.tools.consumer_groups import deleting, resetting

    if execute or (action != "reset-offsets" and not dry_run):
        target = check_change(target, yes)
    if action == "reset-offsets":
        goal = resetting.Goal(
            to_earliest, to_latest, to_current, to_offset, shift_by, to_datetime, by_duration, from_file
        )
        topics = None if all_topics and not topic else topic
        return resetting.reset(resetting.ResetOffsets(target, groups, topics, goal, execute, dry_run, export, seconds))
    if action == "delete":
        return deleting.delete(deleting.DeleteGroups(target, groups, yes, dry_run, seconds))
    if len(group) > 1:
        raise KafkaToolError("Found multiple arguments for option group, but you asked for only one")
    return deleting.delete_offsets(deleting.DeleteOffsets(target, group[0], topic, dry_run, seconds))


def _words(text: str | None) -> tuple[str, ...] | None:
    """Return the words of a list; None where the option was not given, no words where it had no value."""
    if text is None:
        return None
    return tuple(word.strip() for word in text.split(",") if word.strip())
