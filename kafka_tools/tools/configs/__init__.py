"""`ktools configs`: kafka-configs.sh.

Source: kafka.admin.ConfigCommand 3.9, org.apache.kafka.tools.ConfigCommand 4.x for groups, and for what only brokers of
Kafka 4 answer; kafka.admin.ConfigCommand 2.8 on ZooKeeper.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import click

from kafka_tools.cli import options, types
from kafka_tools.cli.command import ARGV, ErrorStyle, ToolCommand, conflict
from kafka_tools.cli.options import CHANGES, FILTERS, option
from kafka_tools.errors import (
    AuthenticationError,
    BrokerError,
    KafkaToolError,
    UnreachableError,
    UnsupportedError,
    UsageError,
)
from kafka_tools.model.configs import (
    BROKER_LOGGERS,
    BROKERS,
    CLIENT_METRICS,
    CLIENTS,
    ENTITY_TYPES,
    GROUPS,
    IPS,
    TOPICS,
    USERS,
    ConfigChange,
    Entity,
    checked,
    parse,
)
from kafka_tools.model.target import Brokers, Target, ZooKeeper
from kafka_tools.report import Report
from kafka_tools.settings.context_policy import check_change

if TYPE_CHECKING:
    from kafka_tools.model.configs import Entity
    from kafka_tools.tools.configs.comparing import CompareConfigs
    from kafka_tools.tools.configs.entities import Asked, Named

Action = Literal["describe", "alter", "diff"]

ENTITY = "Entity"
ONLY_WITH = {
    "add_config": ("alter",),
    "add_config_file": ("alter",),
    "delete_config": ("alter",),
    "all": ("describe",),
    "only_overrides": ("describe",),
    "dry_run": ("alter",),
    "yes": ("alter",),
    "force": ("alter",),
    "watch": ("describe",),
}
"""Option -> the actions that take it."""

PURPOSE = (
    "This tool helps to manipulate and describe entity config for a topic, client, user, broker, ip or client-metrics"
)


def check_given(action: str, given: frozenset[str]) -> None:
    """Raise UsageError in the words of Apache's tool for options that do not go together."""
    if {"bootstrap_server", "bootstrap_controller"} <= given:
        # `--boostrap` is how Kafka spells it (ConfigCommand 3.9 and 4.x).
        raise UsageError("Only one of --bootstrap-server, --boostrap-controller, and --zookeeper can be specified")
    for name in ("add_config", "delete_config"):
        if name in given and action != "alter":
            raise conflict(action, name)
    for name, actions in ONLY_WITH.items():
        # Apache's tool ignores --all with --alter and --add-config-file with --describe.
        if name in given and action not in actions and name not in ("all", "add_config_file", "force"):
            raise conflict(name, action)


def _entity_options(function: Any) -> Any:
    """Declare the options that name entities, in both spellings."""
    short = {
        "--topic": (types.TOPIC, "A topic."),
        "--client": (types.Text("CLIENT", "client"), "A client id; with --user that of one user."),
        "--user": (types.Text("USER", "user"), "A user's principal, without `User:`."),
        "--broker": (types.Text("ID", "brokers"), "A broker."),
        "--broker-logger": (types.Text("ID", "brokers"), "The loggers of a broker."),
        "--ip": (types.Text("ADDRESS", "ip"), "An IP address."),
        "--client-metrics": (types.Text("NAME", "client-metrics"), "A subscription to clients' metrics."),
        "--group": (types.GROUP, "A group (Kafka 4)."),
    }
    for flag, what in (
        ("--ip-defaults", "IP addresses"),
        ("--broker-defaults", "brokers"),
        ("--user-defaults", "users"),
        ("--client-defaults", "clients"),
    ):
        function = option(ENTITY, flag, help=f"What counts for all {what} without configs of their own.")(function)
    # A decorator puts its option before those below it: the last one that is applied stands first in --help.
    for flag, (kind, words) in reversed(short.items()):
        function = option(ENTITY, flag, type=kind, help=words)(function)
    # Into the same parameter as --entity-name, as the empty name (DEFAULT): which type a name belongs to is said by its
    # position among all of them.
    function = click.option(
        "--entity-default",
        "entity_names",
        cls=options.ToolOption,
        section=ENTITY,
        is_flag=True,
        multiple=True,
        flag_value="",
        help="The default entity of the type at the same position.",
    )(function)
    function = option(
        ENTITY,
        "--entity-name",
        "entity_names",
        type=types.Text("NAME", "entity"),
        multiple=True,
        help="The name of an entity of the type at the same position; without it, all of the type.",
    )(function)
    return option(
        ENTITY,
        "--entity-type",
        "entity_types",
        type=types.words("TYPE", ENTITY_TYPES),
        multiple=True,
        help="topics, brokers, broker-loggers, users, clients, ips, groups or client-metrics; users and clients may "
        "stand together.",
    )(function)


@click.command(
    "configs",
    cls=ToolCommand,
    help="Describe and change the configs of topics, brokers, users, clients and other entities.",
    purpose=PURPOSE,
    only_with=ONLY_WITH,
    check=check_given,
    error_style=ErrorStyle(""),
)
@options.action("--describe", "Show configs.")
@options.action("--alter", "Set and delete configs of one entity.")
@options.action("--diff", "Compare two entities, A and B: names of the type, or contexts where one entity is named.")
@options.bootstrap_server
@option(
    options.CLUSTER,
    "--bootstrap-controller",
    type=types.BOOTSTRAP_SERVER,
    help="The controllers of a cluster without ZooKeeper to connect to, where brokers are not to be asked.",
)
@options.zookeeper
@options.command_config
@options.zk_tls_config_file
@options.client_settings
@options.wait
@_entity_options
@option(FILTERS, "--all", help="Also configs that come from elsewhere: the broker, Kafka's own defaults.")
@option(FILTERS, "--only-overrides", help="Leave out Kafka's own defaults, and entities without other configs.")
@option(
    CHANGES,
    "--add-config",
    type=types.Text("NAME=VALUE[,…]", "config"),
    help="Configs to set: k1=v1,k2=[v2,v3]; human units are taken: retention.ms=7d, max.message.bytes=10MiB.",
)
@option(CHANGES, "--add-config-file", type=types.FILE, help="A properties file with configs to set.")
@option(
    CHANGES, "--delete-config", type=types.Text("NAME[,…]", "config-name"), multiple=True, help="Configs to delete."
)
@option(CHANGES, "--dry-run", help="Check an --alter and show values before and after; change nothing.")
@option(CHANGES, "--yes", help="Go on without a question: change a protected cluster.")
@option(CHANGES, "--force", help="Send also a config that looks misspelled.")
@options.watch
@click.argument("words", nargs=-1, type=types.Text("A B"))
@click.pass_context
def command(
    ctx: click.Context,
    /,
    *,
    action: Action,
    bootstrap_server: str | None,
    bootstrap_controller: str | None,
    zookeeper: str | None,
    command_config: str | None,
    zk_tls_config_file: str | None,
    client_settings: tuple[str, ...],
    wait: float | None,
    entity_types: tuple[str, ...],
    entity_names: tuple[str, ...],
    all: bool,  # noqa: A002  Apache's name for it
    only_overrides: bool,
    add_config: str | None,
    add_config_file: str | None,
    delete_config: tuple[str, ...],
    dry_run: bool,
    yes: bool,
    force: bool,
    words: tuple[str, ...],
    topic: str | None,
    client: str | None,
    user: str | None,
    broker: str | None,
    broker_logger: str | None,
    ip: str | None,
    client_metrics: str | None,
    group: str | None,
    client_defaults: bool,
    user_defaults: bool,
    broker_defaults: bool,
    ip_defaults: bool,
) -> Report:
    """Find out which entities are meant, check the options against each other, and run the action."""
    from kafka_tools.tools.configs import entities

    # In the order in which Apache's tool looks at them: `--user a --client b` is told as a change of client b.
    short = {TOPICS: topic, CLIENTS: client, USERS: user, BROKERS: broker, BROKER_LOGGERS: broker_logger, IPS: ip}
    short |= {CLIENT_METRICS: client_metrics, GROUPS: group}
    defaults = {CLIENTS: client_defaults, USERS: user_defaults, BROKERS: broker_defaults, IPS: ip_defaults}
    on_ensemble = zookeeper is not None and bootstrap_server is None
    found = entities.named(entity_types, entity_names, short, defaults, on_ensemble)
    # ConfigCommand.checkArgs looks at the types first, then at the cluster, then at names: the first mistake is told.
    _check_cluster(bootstrap_server, zookeeper, all)
    entities.check_names(found, action)
    _check_changes(action, add_config, add_config_file, delete_config)
    how = (zk_tls_config_file or command_config, client_settings, wait or 0.0)
    target = _cluster(bootstrap_server, bootstrap_controller, zookeeper, how)
    change = partial(_change, add_config, add_config_file, delete_config)
    argv: Sequence[str] = ctx.meta[ARGV]
    if action == "diff":
        from kafka_tools.tools.configs.comparing import compare

        with _told_as_apache_does(argv):
            return compare(_comparison(target, found, words, wait or 0.0))
    asked = entities.Asked(action, found, change, all, only_overrides, dry_run, force, yes)
    return _on_zookeeper(target, asked, argv) if isinstance(target, ZooKeeper) else _on_brokers(target, asked, argv)


def _cluster(
    bootstrap_server: str | None,
    bootstrap_controller: str | None,
    zookeeper: str | None,
    how: tuple[str | None, Sequence[str], float],
) -> Target:
    """Return the cluster; `how` are the file and the texts with its settings, and how long it is tried (s, --wait)."""
    from kafka_tools.settings import choice

    if bootstrap_controller is not None and zookeeper is None:
        return choice.choose_brokers(bootstrap_server, *how, bootstrap_controller)
    return choice.choose(bootstrap_server, zookeeper, *how)


def _on_brokers(target: Brokers, asked: "Asked", argv: Sequence[str]) -> Report:
    with _told_as_apache_does(argv) as told:
        if asked.action == "describe":
            from kafka_tools.tools.configs.describing import DescribeConfigs, describe

            wanted = asked.named.wanted
            return told(describe(DescribeConfigs(target, wanted, asked.everything, asked.only_overrides)))
        from kafka_tools.tools.configs import changing

        # What is wrong with the change itself is told before a question about a protected cluster.
        change = changing.checked(asked.change(asked.named.entity))
        target = target if asked.dry_run else check_change(target, asked.yes)
        return changing.alter(changing.AlterConfigs(target, change, asked.named.head, asked.dry_run, asked.force))


def _on_zookeeper(target: ZooKeeper, asked: "Asked", argv: Sequence[str]) -> Report:
    from kafka_tools.tools.configs import entities, on_zookeeper

    # Again, as it may not be a flag that names the ensemble.
    entities.check_types(asked.named.types, on_zookeeper=True)
    _check_cluster(None, target.connect, asked.everything)
    if asked.action == "describe":
        act = partial(on_zookeeper.describe, target, asked)
    else:
        act = partial(on_zookeeper.alter, target if asked.dry_run else check_change(target, asked.yes), asked)
    return on_zookeeper.told(act, partial(_with_argv, argv=argv))


def _check_cluster(bootstrap_server: str | None, zookeeper: str | None, everything: bool) -> None:
    if bootstrap_server is not None and zookeeper is not None:
        raise UsageError("Only one of --bootstrap-server or --zookeeper must be specified")
    # There are no defaults in ZooKeeper: brokers alone know what comes from elsewhere.
    if zookeeper is not None and everything:
        raise UsageError("--bootstrap-server must be specified for --all")


def _check_changes(
    action: Action, add_config: str | None, add_config_file: str | None, delete_config: Sequence[str]
) -> None:
    if action != "alter":
        return
    if add_config is not None and add_config_file is not None:
        raise UsageError("Only one of --add-config or --add-config-file must be specified")
    if add_config is None and add_config_file is None and not delete_config:
        raise UsageError(
            "At least one of --add-config, --add-config-file, or --delete-config must be specified with --alter"
        )


def _change(
    add_config: str | None, add_config_file: str | None, delete_config: Sequence[str], entity: "Entity"
) -> ConfigChange:
    """Return the change that the options describe. Raises KafkaToolError for a file or a text that cannot be read."""
    additions = parse(add_config) if add_config is not None else {}
    if add_config_file is not None:
        from kafka_tools.settings import properties

        additions = checked(properties.read(add_config_file))
    # joptsimple splits the value itself, and drops an empty end (withValuesSeparatedBy).
    deletions = tuple(name.strip() for text in delete_config for name in text.rstrip(",").split(","))
    return ConfigChange(entity, additions, deletions)


def _comparison(target: Target, found: "Named", words: Sequence[str], wait: float) -> "CompareConfigs":
    """Return the two sides: entities of the type, or where one entity is named, that of two contexts."""
    from kafka_tools.settings.choice import brokers_of_context
    from kafka_tools.tools.configs.comparing import CompareConfigs, Side

    if len(words) != 2 or len(found.types) != 1:
        raise UsageError("--diff compares two: give the names of two entities of one type, or of two contexts")
    if found.names:
        return CompareConfigs(*(Side(brokers_of_context(word, wait), found.wanted, word) for word in words))
    return CompareConfigs(*(Side(target, {found.types[0]: word}, word) for word in words))


@contextmanager
def _told_as_apache_does(argv: Sequence[str]) -> Iterator[Callable[[Report], Report]]:
    """Put Apache's line before what the cluster says, in what is raised and in a report's failure."""

    def told(report: Report) -> Report:
        return report._replace(failure=_with_argv(report.failure, argv)) if report.failure else report

    try:
        yield told
    # Only what the cluster says: ConfigCommand.main (3.9) tells what is wrong with the arguments
    # (IllegalArgumentException, InvalidConfigurationException) without repeating them.
    except (BrokerError, UnreachableError, AuthenticationError, UnsupportedError) as error:
        raise _with_argv(error, argv) from error


def _with_argv(error: KafkaToolError, argv: Sequence[str]) -> KafkaToolError:
    line = f"Error while executing config command with args '{' '.join(map(_without_secrets, argv))}'"
    return KafkaToolError(f"{line}\n{error.message}", error.hint, error.status)


def _without_secrets(word: str) -> str:
    """Return a word of the command line without a password, which may be anywhere behind its name."""
    # `SCRAM-SHA-256=[iterations=8192,password=x]` becomes `SCRAM-SHA-256=[iterations=8192,password=[hidden]`: rather
    # too much is hidden than a comma inside of a password taken for its end.
    return re.sub(r"((?:password|secret|jaas|\.key)[^=]*=).*", r"\1[hidden]", word, flags=re.IGNORECASE | re.DOTALL)
