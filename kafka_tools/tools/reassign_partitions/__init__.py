"""`ktools reassign-partitions`: kafka-reassign-partitions.sh.

Source: org.apache.kafka.tools.reassign.ReassignPartitionsCommand and ReassignPartitionsCommandOptions, Kafka 3.9.
"""

import click

from kafka_tools.cli import options, types
from kafka_tools.cli.command import ErrorStyle, ToolCommand
from kafka_tools.cli.options import ACTION, CHANGES, OTHER, option
from kafka_tools.errors import KafkaToolError, UsageError
from kafka_tools.model.folders import read_text
from kafka_tools.report import Report
from kafka_tools.settings import choice as settings
from kafka_tools.settings.context_policy import check_change

DESCRIPTION = """\
Move partitions to other brokers, and replicas to other directories, as a JSON file says; see how far that is, end it,
or have a file proposed.

The file: {"version": 1, "partitions": [{"topic": "t", "partition": 0, "replicas": [1, 2], "log_dirs": ["any", "/d"]}]};
"log_dirs" may be left out. The topics of --generate: {"version": 1, "topics": [{"topic": "t"}]}"""

ACTIONS = ("generate", "execute", "verify", "cancel", "list_all")
FILE, TOPICS = "reassignment_json_file", "topics_to_move_json_file"

NEEDED = {
    "generate": (TOPICS, "broker_list"),
    "execute": (FILE,),
    "verify": (FILE,),
    "cancel": (FILE,),
    "list_all": (),
}
"""Action -> the options that it cannot do without, in the order in which Apache's tool misses them."""

ONLY_WITH = {
    FILE: ("execute", "verify", "cancel"),
    TOPICS: ("generate",),
    "broker_list": ("generate",),
    "disable_rack_aware": ("generate",),
    "throttle": ("execute",),
    "replica_alter_log_dirs_throttle": ("execute",),
    "additional": ("execute",),
    "timeout": ("execute", "cancel"),
    "preserve_throttles": ("verify", "cancel"),
    "yes": ("execute", "verify", "cancel"),
    "watch": ("list_all",),
}
"""Option -> the actions that it goes with."""


def check(_: str, given: frozenset[str]) -> None:
    """Raise UsageError where options do not go together (validateAndParseArgs 3.9)."""
    actions = [name for name in ACTIONS if name in given]
    if len(actions) != 1:
        names = ", ".join(f"--{_flag(name)}" for name in ACTIONS)
        raise UsageError(f"Command must include exactly one action: {names}")
    [action] = actions
    for name in NEEDED[action]:
        if name not in given:
            raise UsageError(f'Missing required argument "[{_flag(name)}]"')
    for name, takers in ONLY_WITH.items():
        if name in given and action not in takers:
            raise UsageError(f'Option "[{_flag(name)}]" can\'t be used with action "[{_flag(action)}]"')


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
@options.bootstrap_server
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
    bootstrap_server: str | None,
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
    preserve_throttles: bool,
    timeout: int | None,
    yes: bool,
) -> Report:
    """Read the file, choose the cluster, and run the action."""
    target = settings.choose_brokers(bootstrap_server, command_config, client_settings, wait or 0.0)
    # --verify takes throttles away: that is a change, too, but not what somebody asks a read-only cluster for.
    if execute or cancel or (verify and not preserve_throttles):
        target = check_change(target, yes)
    seconds = (10_000 if timeout is None else timeout) / 1000
    if list_all or generate:
        from kafka_tools.tools.reassign_partitions import reading

        if list_all:
            return reading.list_reassignments(target)
        text = _text(topics_to_move_json_file)
        return reading.generate(reading.Generate(target, text, broker_list or "", not disable_rack_aware))
    from kafka_tools.tools.reassign_partitions import moving

    text = _text(reassignment_json_file)
    if execute:
        rates = moving.Rates(throttle, replica_alter_log_dirs_throttle)
        return moving.execute(moving.Execute(target, text, rates, additional, seconds))
    if verify:
        return moving.verify(moving.Verify(target, text, preserve_throttles))
    return moving.cancel(moving.Cancel(target, text, preserve_throttles, seconds))


def _text(path: str | None) -> str:
    try:
        return read_text(path or "")
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise KafkaToolError(f"Unable to read file {path}", f"{why}.") from error
