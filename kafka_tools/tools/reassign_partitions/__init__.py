"""`ktools reassign-partitions`: kafka-reassign-partitions.sh.

Source: org.apache.kafka.tools.reassign.ReassignPartitionsCommand and ReassignPartitionsCommandOptions, Kafka 3.9.
"""

from collections.abc import Callable, Collection

import click

from kafka_tools.cli import options, types
from kafka_tools.cli.command import ErrorStyle, ToolCommand
from kafka_tools.cli.options import ACTION, CHANGES, OTHER, option
from kafka_tools.errors import KafkaToolError, UsageError
from kafka_tools.model.folders import decoded, read_file, unread
from kafka_tools.model.target import Brokers, Target, ZooKeeper
from kafka_tools.report import Report
from kafka_tools.settings import choice as settings
from kafka_tools.settings.context_policy import check_change
from kafka_tools.tools.reassign_partitions.planning import GOALS, PlanOptions, check_goal, plan_options
from kafka_tools.tools.reassign_partitions.throttles import Rates

DESCRIPTION = """\
Move partitions to other brokers, and replicas to other directories, as a JSON file says; see how far that is, end it,
or have a file proposed.

The file: {"version": 1, "partitions": [{"topic": "t", "partition": 0, "replicas": [1, 2], "log_dirs": ["any", "/d"]}]};
"log_dirs" may be left out. The topics of --generate: {"version": 1, "topics": [{"topic": "t"}]}

--plan makes such a file: the fewest copies that reach its goal, spread over racks, with leaders kept where possible. It
shows what that means first. --execute --batch-size N carries a file out to its end, so many partitions at once; it goes
on where a run before ended, pauses while something else is out of sync or anything is below its min ISR, takes its
throttles away, and leaves the way back in a file for --undo."""

MOST_BYTES = 256 << 20
"""The largest file that is read: 1,000 brokers may have 200,000 partitions, of some 100 bytes each in a plan."""

APACHES = ("generate", "execute", "verify", "cancel", "list_all")
ACTIONS = (*APACHES, "plan", "undo")
FILE, TOPICS = "reassignment_json_file", "topics_to_move_json_file"

NEEDED = {
    "generate": (TOPICS, "broker_list"),
    "execute": (FILE,),
    "verify": (FILE,),
    "cancel": (FILE,),
    "list_all": (),
    "plan": (),
    "undo": (),
}
"""Action -> the options that it cannot do without, in the order in which Apache's tool misses them."""

ONLY_WITH = {
    FILE: ("execute", "verify", "cancel", "plan"),
    TOPICS: ("generate",),
    "broker_list": ("generate",),
    "disable_rack_aware": ("generate", "plan"),
    "throttle": ("execute", "plan", "undo"),
    "replica_alter_log_dirs_throttle": ("execute",),
    "additional": ("execute",),
    "timeout": ("execute", "cancel"),
    "preserve_throttles": ("verify", "cancel"),
    "zookeeper": ("generate", "execute", "verify"),
    "yes": ("execute", "verify", "cancel", "undo"),
    "watch": ("list_all",),
    **dict.fromkeys((*GOALS, "topic", "exclude_internal", "dry_run"), ("plan",)),
    "batch_size": ("execute", "undo"),
}
"""Option -> the actions that it goes with."""

BROKERS_ONLY = ("additional", "replica_alter_log_dirs_throttle", "timeout", "batch_size")
"""Options that work through brokers only (Kafka 2.8). Without this check the default brokers would be changed."""

IGNORED = (
    "Warning: ignoring deprecated --zookeeper option because --bootstrap-server was specified.  The --zookeeper option "
    "will be removed in a future version of Kafka."
)
DEPRECATED = "Warning: --zookeeper is deprecated, and will be removed in a future version of Kafka."


def check(_: str, given: frozenset[str]) -> None:
    """Raise UsageError where options do not go together (validateAndParseArgs 3.9)."""
    # In the order of validateAndParseArgs: the action, what it cannot do without, and then what does not go with it.
    actions = [name for name in ACTIONS if name in given]
    if len(actions) != 1:
        # Apache's sentence has Apache's actions, which scripts may compare; the hint has the others.
        names = ", ".join(f"--{_flag(name)}" for name in APACHES)
        raise UsageError(f"Command must include exactly one action: {names}", "ktools has --plan and --undo, too.")
    [action] = actions
    for name in NEEDED[action]:
        if name not in given:
            raise UsageError(f'Missing required argument "[{_flag(name)}]"')
    if action == "plan":
        check_goal(given)
    for name, takers in ONLY_WITH.items():
        if name in given and action not in takers:
            raise UsageError(f'Option "[{_flag(name)}]" can\'t be used with action "[{_flag(action)}]"')
    if "zookeeper" in given and "bootstrap_server" not in given:
        _check_of_zookeeper(given)


def _check_of_zookeeper(given: Collection[str]) -> None:
    for name in BROKERS_ONLY:
        if name in given:
            raise UsageError(f'You must specify --bootstrap-server when using "[{_flag(name)}]"')


def _flag(name: str) -> str:
    return "list" if name == "list_all" else name.replace("_", "-")


@click.command(
    "reassign-partitions",
    cls=ToolCommand,
    help=DESCRIPTION,
    purpose="This tool helps to move topic partitions between replicas.",
    actions=ACTIONS,
    only_with=ONLY_WITH,
    check=check,
    error_style=ErrorStyle("Error: ", to_stdout=True),
)
@option(ACTION, "--generate", help="Propose replicas on some brokers for all partitions of topics; nothing is moved.")
@option(ACTION, "--execute", help="Begin to move what the file says.")
@option(ACTION, "--verify", help="Tell how far the moves of the file are; where all are done, take throttles away.")
@option(ACTION, "--cancel", help="End the moves of the file, and go back to the replicas before.")
@option(ACTION, "--list", "list_all", help="List all partitions that are being moved.")
@plan_options
@options.bootstrap_server
@options.zookeeper
@options.command_config
@options.client_settings
@options.wait
@option(CHANGES, "--reassignment-json-file", type=types.FILE, help="The JSON file with the replicas of partitions.")
@option(CHANGES, "--topics-to-move-json-file", type=types.FILE, help="With --generate: the JSON file with the topics.")
@option(
    CHANGES,
    "--broker-list",
    type=types.Text("N[,M…]", "brokers"),
    help="With --generate: the brokers for the replicas.",
)
@option(CHANGES, "--disable-rack-aware", help="With --generate: racks do not matter.")
@option(CHANGES, "--throttle", type=types.LONG, help="With --execute: copy between brokers at so many bytes/s at most.")
@option(
    CHANGES,
    "--replica-alter-log-dirs-throttle",
    type=types.LONG,
    help="With --execute: copy between directories at so many bytes/s at most.",
)
@option(CHANGES, "--additional", help="With --execute: also while others move; or set another throttle for the same.")
@option(CHANGES, "--preserve-throttles", help="With --verify and --cancel: leave throttles as they are.")
@option(OTHER, "--timeout", type=types.LONG, help="How long directories are waited for, in ms. Default: 10000.")
@option(OTHER, "--yes", help="Go on also on a protected cluster.")
@options.watch
def command(
    *,
    generate: bool,
    execute: bool,
    verify: bool,
    cancel: bool,
    list_all: bool,
    plan: bool,
    undo: str | None,
    bootstrap_server: str | None,
    zookeeper: str | None,
    command_config: str | None,
    client_settings: tuple[str, ...],
    wait: float | None,
    reassignment_json_file: str | None,
    topics_to_move_json_file: str | None,
    broker_list: str | None,
    disable_rack_aware: bool,
    throttle: int | None,
    replica_alter_log_dirs_throttle: int | None,
    additional: bool,
    set_replication_factor: int | None,
    remove_broker: tuple[int, ...] | None,
    add_broker: tuple[int, ...] | None,
    replace_broker: tuple[int, int] | None,
    rebalance: bool,
    balance_log_dirs: int | None,
    topic: str | None,
    exclude_internal: bool,
    dry_run: bool,
    batch_size: int | None,
    preserve_throttles: bool,
    timeout: int | None,
    yes: bool,
) -> Report:
    """Read the file, choose the cluster, and run the action."""
    in_batches = undo is not None or batch_size is not None
    client = command_config, client_settings, wait or 0.0
    target = _target(list_all or cancel or plan or in_batches, bootstrap_server, zookeeper, client)
    # --verify takes throttles away: that is a change, too, but not what somebody asks a read-only cluster for.
    if execute or cancel or in_batches or (verify and not preserve_throttles):
        target = check_change(target, yes)
    rates = Rates(_limit(throttle), _limit(replica_alter_log_dirs_throttle))

    def act() -> Report:
        if plan:
            own = set_replication_factor, remove_broker, add_broker, replace_broker, rebalance, balance_log_dirs
            file = None if dry_run else reassignment_json_file  # with --plan it is written
            return _plan(target, PlanOptions(*own), topic, exclude_internal, not disable_rack_aware, file, rates)
        if in_batches:
            return _carry_out(target, undo or reassignment_json_file or "", batch_size, rates)
        if generate:
            return _generate(target, topics_to_move_json_file, broker_list, not disable_rack_aware)
        if execute:
            return _execute(target, reassignment_json_file, rates, additional, timeout)
        if verify:
            return _verify(target, reassignment_json_file, preserve_throttles)
        return _list(target) if list_all else _cancel(target, reassignment_json_file, preserve_throttles, timeout)

    return act() if isinstance(target, Brokers) and zookeeper is None else _warned(target, act)


def _target(
    of_brokers: bool,
    bootstrap_server: str | None,
    zookeeper: str | None,
    client: tuple[str | None, tuple[str, ...], float],
) -> Target:
    """Choose the cluster: by its brokers, where only they can do it, or they are named."""
    if of_brokers or bootstrap_server is not None:
        return settings.choose_brokers(bootstrap_server, *client)
    return settings.choose(None, zookeeper, *client)


def _seconds(milliseconds: int | None) -> float:
    # 10,000 ms is the default of Apache's --timeout.
    return (10_000 if milliseconds is None else milliseconds) / 1000


def _limit(rate: int | None) -> int | None:
    return rate if rate is not None and rate >= 0 else None  # Apache's default is -1


def _warned(target: Target, act: Callable[[], Report]) -> Report:
    """Return what an action reports, behind a warning of --zookeeper that also stands there where it fails."""
    # A context that names ZooKeeper is warned of as --zookeeper is.
    warning = DEPRECATED if isinstance(target, ZooKeeper) else IGNORED
    try:
        report = act()
    # Wrong usage is told alone, on stderr: Apache's tool has printed nothing by then.
    except UsageError:
        raise
    except KafkaToolError as error:
        return Report([], {}, [warning], told=[warning], failure=error)
    return report._replace(plain=[warning, *report.plain], told=[warning, *report.told])


def _list(target: Target) -> Report:
    from kafka_tools.tools.reassign_partitions import reading

    assert isinstance(target, Brokers)
    return reading.list_reassignments(target)


def _generate(target: Target, path: str | None, brokers: str | None, rack_aware: bool) -> Report:
    from kafka_tools.tools.reassign_partitions import reading

    return reading.generate(reading.Generate(target, _text(path), brokers or "", rack_aware))


def _execute(target: Target, path: str | None, rates: Rates, additional: bool, timeout: int | None) -> Report:
    if isinstance(target, Brokers):
        from kafka_tools.tools.reassign_partitions import moving

        return moving.execute(moving.Execute(target, _text(path), rates, additional, _seconds(timeout)))
    from kafka_tools.tools.reassign_partitions import through_zookeeper

    if additional or rates.between_dirs is not None:  # it is a context that names ZooKeeper
        _check_of_zookeeper({"additional" if additional else "replica_alter_log_dirs_throttle"})
    return through_zookeeper.execute(through_zookeeper.Execute(target, _text(path), rates.between_brokers))


def _verify(target: Target, path: str | None, preserves: bool) -> Report:
    if isinstance(target, Brokers):
        from kafka_tools.tools.reassign_partitions import moving

        return moving.verify(moving.Verify(target, _text(path), preserves))
    from kafka_tools.tools.reassign_partitions import through_zookeeper

    return through_zookeeper.verify(through_zookeeper.Verify(target, _text(path), preserves))


def _cancel(target: Target, path: str | None, preserves: bool, timeout: int | None) -> Report:
    from kafka_tools.tools.reassign_partitions import moving

    assert isinstance(target, Brokers)
    return moving.cancel(moving.Cancel(target, _text(path), preserves, _seconds(timeout)))


def _plan(
    target: Target,
    goals: PlanOptions,
    topic: str | None,
    exclude_internal: bool,
    rack_aware: bool,
    file: str | None,
    rates: Rates,
) -> Report:
    from kafka_tools.tools.reassign_partitions.dir_planning import PlanDirs, plan_dirs
    from kafka_tools.tools.reassign_partitions.planning import MakePlan, make_plan

    assert isinstance(target, Brokers)
    if goals.balance_log_dirs is not None:
        return plan_dirs(PlanDirs(target, goals.balance_log_dirs, topic, exclude_internal, file))
    rate = rates.between_brokers
    return make_plan(MakePlan(target, goals.goal, topic, exclude_internal, rack_aware, file, rate))


def _carry_out(target: Target, file: str, batch: int | None, rates: Rates) -> Report:
    from kafka_tools.tools.reassign_partitions import batches

    assert isinstance(target, Brokers)
    most = batches.BATCH if batch is None else batch
    if most < 1:
        raise UsageError(f"--batch-size: {batch} partitions at once would move none")
    return batches.carry_out(batches.CarryOut(target, file, _text(file), most, rates))


def _text(path: str | None) -> str:
    try:
        return decoded(read_file(path or "", MOST_BYTES))
    except (OSError, ValueError) as error:
        raise unread(path, error) from error
