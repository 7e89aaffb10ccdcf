"""`ktools consumer-groups`: kafka-consumer-groups.sh.

Source: org.apache.kafka.tools.consumer.group.ConsumerGroupCommand and ConsumerGroupCommandOptions, Kafka 3.9.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

import click

from kafka_tools.cli import options, types
from kafka_tools.cli.command import ErrorStyle, ToolCommand, check_available, conflict, given_names
from kafka_tools.cli.options import ACTION, CHANGES, CLUSTER, FILTERS, OTHER, OUTPUT, option
from kafka_tools.errors import KafkaToolError, UsageError
from kafka_tools.model.groups import STATES, TYPES, Goal
from kafka_tools.model.lag import Limits, Pacer, parse_records, parse_seconds
from kafka_tools.model.target import Brokers, ZooKeeper
from kafka_tools.report import Report
from kafka_tools.settings import choice as settings
from kafka_tools.settings.context_policy import check_change

Action = Literal["list", "describe", "delete", "reset-offsets", "delete-offsets", "save", "validate-regex"]

PURPOSE = (
    "This tool helps to list all consumer groups, describe a consumer group, delete consumer group info, "
    "or reset consumer group offsets."
)

SCENARIOS = (
    *("to_offset", "to_datetime", "by_duration", "to_earliest", "to_latest"),
    *("shift_by", "to_current", "from_file", "restore"),
)
"""Where offsets are reset to, in the order in which Apache's tool looks at them."""

VIEWS = ("members", "offsets", "state")
SELECTED = frozenset({"group", "all_groups"})
LAG = ("lag", "lag_seconds", "nagios", "prometheus")

IMPLIED_BY = {
    **dict.fromkeys(LAG, "describe"),
    "save": "save",
    "restore": "reset-offsets",
    "validate_regex": "validate-regex",
    "topic": "describe",
}
"""Option -> the action that it stands for where none is given: Apache's tool has no such option, or not alone."""

PACER: "list[Pacer]" = []
"""The Pacer of this process, if it watches: it remembers the rounds before, from which the pace is told."""

ONLY_WITH = {
    "state": ("list", "describe"),
    "type": ("list",),
    "members": ("describe",),
    "offsets": ("describe",),
    "verbose": ("describe",),
    "group": ("describe", "delete", "reset-offsets", "delete-offsets"),
    "all_groups": ("describe", "delete", "reset-offsets"),
    "topic": ("reset-offsets", "delete-offsets"),
    **dict.fromkeys(LAG, ("describe",)),
    "save": (),
    "validate_regex": (),
    "all_topics": ("reset-offsets",),
    "execute": ("reset-offsets",),
    "dry_run": ("reset-offsets", "delete", "delete-offsets"),
    "export": ("reset-offsets",),
    "yes": ("reset-offsets", "delete", "delete-offsets"),
    "watch": ("describe", "list"),
    "zookeeper": ("list", "describe"),
    **dict.fromkeys(SCENARIOS, ("reset-offsets",)),
}
"""Option -> the actions that it goes with, for a shell's completion."""

AVAILABLE: Mapping[str, Sequence[Action]] = {
    "type": ("list",),
    **dict.fromkeys(("members", "offsets", "verbose", *LAG), ("describe",)),
    "save": ("save",),
    "restore": ("reset-offsets",),
    "validate_regex": ("validate-regex",),
}
"""Options that joptsimple itself refuses without their action."""


def check(action: str, given: frozenset[str]) -> None:
    """Raise UsageError where options do not go together (ConsumerGroupCommandOptions.checkArgs 3.9)."""
    # joptsimple checks availableIf while it parses, before checkArgs: where both complain, a script sees these words.
    check_available(action, given, AVAILABLE)
    if action == "describe":
        _check_describe(given)
    elif action == "delete":
        _check_delete(given)
    elif action == "delete-offsets" and not {"group", "topic"} <= given:
        # Apache's sentence (3.9) names allGroupSelectionScopeOpts, where allDeleteOffsetsOpts was meant.
        raise UsageError("Option [delete-offsets] takes the following options: [all-groups], [group]")
    elif action == "reset-offsets":
        _check_reset(given)
    _check_selected(action, given)
    if "zookeeper" in given:
        _check_zookeeper(action, given)


def _check_zookeeper(action: str, given: frozenset[str]) -> None:
    if "bootstrap_server" in given:
        raise UsageError("Option [bootstrap-server] is not valid with [zookeeper].")
    if action not in ("list", "describe"):
        raise UsageError("With --zookeeper groups are only listed and described", "--bootstrap-server changes groups.")
    for name in ("state", "type", "members", "verbose", "topic", *LAG):
        if name in given:
            raise conflict(name, "zookeeper")


def _check_selected(action: str, given: frozenset[str]) -> None:
    if {"group", "all_groups"} <= given:
        raise conflict("group", "all_groups")
    # checkInvalidArgs at the end of checkArgs (3.9), hence after what belongs to one action.
    for name in ("group", "topic"):
        if name in given and action == "list":
            raise conflict(name, "list")
    # Apache's tool knows no topic here; without --describe it says who reads the topic, with --lag how far they are.
    if "topic" in given and action == "describe" and "action" in given and not set(LAG) & given:
        raise conflict("topic", "describe")


def _check_describe(given: frozenset[str]) -> None:
    if "action" in given and not SELECTED & given and not set(LAG) & given:
        # Here, too, 3.9 prints another set than it checks (allConsumerGroupLevelOpts, a HashSet, hence the order).
        raise UsageError("Option [describe] takes one of these options: [reset-offsets], [describe], [delete], [list]")
    if sum(view in given for view in VIEWS) > 1:
        raise UsageError("Option [describe] takes at most one of these options: [members], [offsets], [state]")
    for name in LAG:
        for other in ("members", "offsets", "state", "verbose"):
            if {name, other} <= given:
                raise conflict(name, other)
    if {"nagios", "prometheus"} <= given:
        raise conflict("nagios", "prometheus")
    # Members and states have no topic; the topic alone shows offsets.
    for view in ("members", "state"):
        if {"topic", view} <= given:
            raise conflict("topic", view)


def _check_delete(given: frozenset[str]) -> None:
    if not SELECTED & given:
        raise UsageError("Option [delete] takes one of these options: [all-groups], [group]")
    if "topic" in given:
        raise UsageError("The consumer does not support topic-specific offset deletion from a consumer group.")


def _check_reset(given: frozenset[str]) -> None:
    if {"dry_run", "execute"} <= given:
        raise UsageError("Option [reset-offsets] only accepts one of [execute] and [dry-run]")
    # A file that --save wrote names its groups; one that --export wrote may not.
    if not SELECTED & given and "restore" not in given:
        raise UsageError("Option [reset-offsets] takes one of these options: [all-groups], [group]")
    chosen = [name for name in SCENARIOS if name in given]
    if len(chosen) > 1:
        raise conflict(chosen[0], chosen[1])
    # Apache's tool finds this and the next only while it acts, and then prints its usage (getPartitionsToReset and
    # prepareOffsetsToReset 3.9). Here nothing is asked of the cluster first.
    if not {"from_file", "restore", "topic", "all_topics"} & given:
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
    implied_by=IMPLIED_BY,
    check=check,
    # ConsumerGroupCommand.printError (3.9): an empty line first, and all of it on stdout.
    error_style=ErrorStyle("\nError: Executing consumer group command failed due to ", to_stdout=True),
)
@options.action("--list", "List the groups.")
@options.action("--describe", "Show how far a group is in each partition, its members or its state.")
@options.action("--delete", "Delete groups without members, with all that they committed.")
@options.action("--reset-offsets", "Have a group without members go on from other offsets.")
@options.action("--delete-offsets", "Delete what a group committed for topics that it does not read now.")
@options.bootstrap_server
@option(
    CLUSTER,
    "--zookeeper",
    type=types.ZOOKEEPER,
    help="List and describe the groups that consumers of Kafka 0.8 to 1.x kept in this ZooKeeper ensemble.",
)
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
@option(
    OUTPUT,
    "--lag",
    type=types.words("['>N']", (">1000",)),
    bare="",
    help="The lag of all groups, or of --group, summed by topic. With a limit only what exceeds it, and status 2.",
)
@option(
    OUTPUT,
    "--lag-seconds",
    type=types.words("['>TIME']", (">5m",)),
    bare="",
    help="The same, and how much older the next record to be read is than the newest: '>90', '>5m', '>1h30m'.",
)
@option(OUTPUT, "--nagios", help="The lag as one line for Nagios: status 0, 2 or, where not all is known, 3.")
@option(OUTPUT, "--prometheus", help="The lag in Prometheus' text format, with the names of kafka_exporter.")
@option(OUTPUT, "--members", help="With --describe: the members.")
@option(OUTPUT, "--offsets", help="With --describe: offsets and lag of each partition, which is the default.")
@option(
    OUTPUT,
    "--verbose",
    help="With --describe --members: also the partitions of each; there and with --state the epochs of groups of Kafka "
    "4's protocol. With --offsets: the leader epochs that were committed, where brokers are of Kafka 4.",
)
@option(
    CHANGES,
    "--topic",
    type=types.Text("TOPIC[:N,…]", "topic"),
    multiple=True,
    help="With --reset-offsets and --delete-offsets: this topic, or these partitions of it; may be repeated. With "
    "--lag: the lag there. Alone: which groups read it, and how far they are.",
)
@option(CHANGES, "--all-topics", help="With --reset-offsets: all that the group has committed.")
@options.goals()
@option(CHANGES, "--save", type=types.FILE, help="Save in a file (csv) what all groups, or --group, have committed.")
@option(
    CHANGES,
    "--restore",
    type=types.FILE,
    help="Go on from the offsets in a file that --save wrote; --group names other groups for those of a single one.",
)
@option(
    CHANGES, "--execute", help="With --reset-offsets and --restore: do it. Without it the new offsets are only shown."
)
@option(CHANGES, "--dry-run", help="Only show what would be done.")
@option(CHANGES, "--export", help="With --reset-offsets: print the new offsets as csv, for --from-file.")
@option(CHANGES, "--yes", help="Go on without a question, also on a protected cluster.")
@option(
    OTHER,
    "--validate-regex",
    type=types.Text("REGEX"),
    help="Say whether this is a regular expression of RE2, by which groups of Kafka 4's protocol choose topics.",
)
@option(OTHER, "--timeout", type=types.LONG, help="How long to wait for brokers, in ms. Default: 5000.")
@options.watch
@click.pass_context
def command(
    ctx: click.Context,
    *,
    action: Action,
    bootstrap_server: str | None,
    zookeeper: str | None,
    command_config: str | None,
    client_settings: tuple[str, ...],
    wait: float | None,
    group: tuple[str, ...],
    all_groups: bool,
    state: str | None,
    type: str | None,  # noqa: A002  Apache's name for it
    lag: str | None,
    lag_seconds: str | None,
    nagios: bool,  # noqa: ARG001  `given_names` tells what is to be shown
    prometheus: bool,  # noqa: ARG001
    members: bool,  # noqa: ARG001
    offsets: bool,  # noqa: ARG001
    verbose: bool,  # noqa: ARG001
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
    save: str | None,
    restore: str | None,
    execute: bool,
    dry_run: bool,
    export: bool,
    yes: bool,
    validate_regex: str | None,
    timeout: int | None,
) -> Report:
    """Check the options against each other, choose the cluster, and run the action."""
    if validate_regex is not None:
        return _validate_regex(validate_regex)
    seconds = 5.0 if timeout is None else max(timeout, 1) / 1000  # 0 ms or less would end every request at once
    groups = None if all_groups else group  # None: every group; the empty tuple: none was named
    if zookeeper is not None:
        ensemble = settings.choose_zookeeper(zookeeper, command_config, client_settings, wait or 0.0)
        return _of_zookeeper(action, ensemble, groups, seconds)
    target = settings.choose_brokers(bootstrap_server, command_config, client_settings, wait or 0.0)
    if action == "list":
        return _list(target, types.listed(state), types.listed(type), seconds)
    if action == "describe":
        return _describe(ctx, target, groups, topic, (lag, lag_seconds), seconds)
    if save is not None:
        return _save(target, groups, topic, save, seconds)
    target = check_change(target, yes) if execute or not (dry_run or action == "reset-offsets") else target
    if action == "reset-offsets":
        goal = Goal(to_earliest, to_latest, to_current, to_offset, shift_by, to_datetime, by_duration, from_file)
        topics = topic or (None if all_topics or restore else ())  # None: all that was committed; (): --from-file
        return _reset(target, groups, topics, goal._replace(restore=restore), (execute, dry_run, export), seconds)
    return _delete(action, target, groups, topic, yes, dry_run, seconds)


def _validate_regex(pattern: str) -> Report:
    from kafka_tools.model import re2

    wrong = re2.mistake(pattern)
    line = f"The regular expression `{pattern}` is {'valid' if wrong is None else f'invalid: {wrong}'}."
    return Report([], {}, [line], names_only=True, status=int(wrong is not None))


def _list(target: Brokers, states: tuple[str, ...] | None, kinds: tuple[str, ...] | None, seconds: float) -> Report:
    from kafka_tools.tools.consumer_groups import reading

    return reading.list_groups(reading.ListGroups(target, states, kinds, seconds))


def _save(target: Brokers, groups: Sequence[str] | None, topics: Sequence[str], path: str, seconds: float) -> Report:
    from kafka_tools.tools.consumer_groups import saving

    return saving.save(saving.SaveOffsets(target, groups or None, topics or None, path, seconds))


def _reset(
    target: Brokers,
    groups: Sequence[str] | None,
    topics: Sequence[str] | None,
    goal: Goal,
    how: tuple[bool, bool, bool],
    seconds: float,
) -> Report:
    from kafka_tools.tools.consumer_groups import resetting

    return resetting.reset(resetting.ResetOffsets(target, groups, topics, goal, *how, seconds))


def _delete(
    action: Action,
    target: Brokers,
    groups: Sequence[str] | None,
    topics: Sequence[str],
    yes: bool,
    dry_run: bool,
    seconds: float,
) -> Report:
    from kafka_tools.tools.consumer_groups import deleting

    if action == "delete":
        return deleting.delete(deleting.DeleteGroups(target, groups, yes, dry_run, seconds))
    if groups is None or len(groups) > 1:
        raise KafkaToolError("Found multiple arguments for option group, but you asked for only one")
    return deleting.delete_offsets(deleting.DeleteOffsets(target, groups[0], topics, dry_run, seconds))


def _of_zookeeper(action: Action, ensemble: ZooKeeper, groups: Sequence[str] | None, seconds: float) -> Report:
    from kafka_tools.tools.consumer_groups import on_zookeeper

    if action == "list":
        return on_zookeeper.list_groups(ensemble)
    return on_zookeeper.describe(on_zookeeper.DescribeOldGroups(ensemble, groups, seconds))


def _describe(
    ctx: click.Context,
    target: Brokers,
    groups: Sequence[str] | None,
    topics: Sequence[str],
    limits: tuple[str | None, str | None],
    seconds: float,
) -> Report:
    # With --list the states stand behind --state; here a bare --state is the view, and Apache's tool refuses a value.
    if ctx.params["state"]:
        raise UsageError("Option [describe] does not take a value for [state]")
    given = given_names(ctx)
    pacer = _pacer() if ctx.params.get("watch") is not None else None
    if not given.isdisjoint(LAG):
        from kafka_tools.tools.consumer_groups import lag

        shape: lag.Shape = "nagios" if "nagios" in given else "prometheus" if "prometheus" in given else "lines"
        in_time, most = "lag_seconds" in given, Limits(parse_records(limits[0] or ""), parse_seconds(limits[1] or ""))
        return lag.lag(lag.ShowLag(target, groups or None, topics or None, most, in_time, shape, seconds, pacer))
    from kafka_tools.tools.consumer_groups import reading

    view: reading.Shown = "members" if "members" in given else "state" if "state" in given else "offsets"
    # A topic alone asks who reads it, whichever groups these are.
    names = groups or None if topics else groups
    return reading.describe(
        reading.DescribeGroups(target, names, view, "verbose" in given, seconds, topics or None, pacer)
    )


def _pacer() -> Pacer:
    if not PACER:
        PACER.append(Pacer())
    return PACER[0]
