"""`ktools acls`: kafka-acls.sh.

Source: kafka.admin.AclCommand 3.9; the checks of options against each other are those of AclCommandOptions.checkArgs.
"""

from collections.abc import Callable, Collection, Mapping, Sequence

import click

from kafka_tools.cli import options, types
from kafka_tools.cli.command import ErrorStyle, ToolCommand, conflict
from kafka_tools.cli.options import ACTION, CHANGES, CLUSTER, FILTERS, OTHER, OUTPUT, option
from kafka_tools.errors import BrokerError, KafkaToolError, UsageError, nearest
from kafka_tools.model.acls import (
    SUPPORTED_OPERATIONS,
    AclOperation,
    AuthorizerSettings,
    PatternType,
    ResourceType,
    check_principal,
    read_flag,
    read_super_users,
)
from kafka_tools.model.target import Target, ZooKeeper
from kafka_tools.report import Report
from kafka_tools.settings import choice as settings
from kafka_tools.settings.context_policy import check_change
from kafka_tools.tools.acls.on_zookeeper import AUTHORIZERS, CONNECT, SET_ACL, ensemble
from kafka_tools.tools.acls.output import as_java
from kafka_tools.tools.acls.wanted import NO_RESOURCE, Resources, Rules, Who, operation_named

ACTIONS = ("list_rules", "add", "remove", "can", "who", "export", "import_file")
CHANGING = ("add", "remove", "import_file")

RESOURCES = "Resources"
"""The section of the options that name resources."""

ASKING = ("can", "who")
RULES = ("add", "remove")
ONLY_WITH: Mapping[str, Sequence[str]] = {
    "principal": ("list_rules", "export"),
    **dict.fromkeys(("allow_principal", "allow_host", "deny_principal", "deny_host"), RULES),
    **dict.fromkeys(("producer", "consumer", "idempotent"), RULES),
    "force": ("add", "remove", "list_rules"),
    "host": ("can",),
    "group_by": ("list_rules",),
    "prune": ("import_file",),
    "dry_run": CHANGING,
    "yes": CHANGING,
}
"""Option -> the actions that take it."""

SUPER_USERS, ALLOW_EVERYONE = "super.users", "allow.everyone.if.no.acl.found"
"""The settings of an authorizer that decide with the rules."""

# With the blank at its end, as AclCommand prints it.
ONE_ACTION = "Command must include exactly one action: --list, --add, --remove. "
NOT_WITH_LIST = ("producer", "consumer", "allow_host", "allow_principal", "deny_host", "deny_principal")
NOT_WITH_ROLES = ("operation", "deny_principal", "deny_host")
CONSUMER = (
    "With --consumer you must specify a --topic and a --group and no --cluster or --transactional-id option should be "
    "specified."
)


def check(_: str, given: frozenset[str]) -> None:
    """Raise UsageError in the words of Apache's tool where the options that are given do not fit each other."""
    _check_cluster(given)
    actions = [name for name in ACTIONS if name in given]
    if len(actions) != 1:
        raise UsageError(ONE_ACTION, "ktools also has --can PRINCIPAL, --who, --export and --import FILE.")
    [action] = actions
    if action == "list_rules":
        _refuse(given, action, NOT_WITH_LIST)
    # A role has its own operations, and allows them alone: --operation and denials would contradict it.
    for role in ("producer", "consumer"):
        if role in given:
            _refuse(given, role, NOT_WITH_ROLES)
    _check_roles(action, given)
    for name, takers in ONLY_WITH.items():
        if name in given and action not in takers:
            raise _conflict(name, action)


def _check_cluster(given: Collection[str]) -> None:
    on_brokers, asks = bool({"bootstrap_server", "bootstrap_controller"} & {*given}), bool({*ASKING} & {*given})
    if {"bootstrap_server", "bootstrap_controller"} <= {*given}:
        raise UsageError("Only one of --bootstrap-server or --bootstrap-controller must be specified")
    if on_brokers and "authorizer" in given:
        raise UsageError("Only one of --bootstrap-server or --authorizer must be specified")
    # AclCommand checks the cluster before the action: a line that names neither rightly is told of the cluster first.
    if "authorizer" in given and "authorizer_properties" not in given:
        raise UsageError('Missing required argument "[authorizer-properties]"')
    if "authorizer_properties" in given and not asks:
        if "command_config" in given and not on_brokers:
            raise UsageError("The --command-config option can only be used with --bootstrap-server option")
        if on_brokers:
            raise UsageError("The --authorizer-properties option can only be used with --authorizer option")


def _check_roles(action: str, given: Collection[str]) -> None:
    if "principal" in given and action not in ONLY_WITH["principal"]:
        raise UsageError("The --principal option is only available if --list is set")
    if "producer" in given and "topic" not in given:
        raise UsageError("With --producer you must specify a --topic")
    if "idempotent" in given and "producer" not in given:
        raise UsageError("The --idempotent option is only available if --producer is set")
    if "consumer" in given:
        # A producer may name its transactional ids on the same line, a consumer alone has none.
        others = {"cluster", "transactional_id"} & {*given}
        if not {"topic", "group"} <= {*given} or (others and "producer" not in given):
            raise UsageError(CONSUMER)


def _refuse(given: Collection[str], name: str, others: Sequence[str]) -> None:
    other = next((each for each in others if each in given), None)
    if other is not None:
        raise _conflict(name, other)


def _conflict(name: str, other: str) -> UsageError:
    return conflict(_flag(name), _flag(other))


def _flag(name: str) -> str:
    """Return what the option of a parameter is called; two of them would be words of Python's own."""
    # `import` cannot be a parameter of Python's at all, and `list` would hide the type.
    return {"list_rules": "list", "import_file": "import"}.get(name, name)


def _pattern_type(name: str, text: str) -> PatternType:
    # In any case, as joptsimple's EnumConverter reads it; UNKNOWN is no word of the option either.
    found = PatternType.__members__.get(text.upper(), PatternType.UNKNOWN)
    if found is PatternType.UNKNOWN:
        raise KafkaToolError(
            f"Cannot parse argument '{text}' of option {name}", "It is literal, prefixed, any or match."
        )
    return found


PATTERN_TYPE = types.Parsed("TYPE", _pattern_type, ("literal", "prefixed", "any", "match"))
OPERATION = types.words("OPERATION", [each.title for each in AclOperation if each.value > AclOperation.ANY.value])
PRINCIPAL = types.Text("TYPE:NAME", "principal")
HOST = types.Text("HOST")


@click.command(
    "acls",
    cls=ToolCommand,
    help="Add, remove and list rules of who may do what (ACLs), and ask what they mean.",
    purpose=ONE_ACTION,
    actions=ACTIONS,
    only_with=ONLY_WITH,
    check=check,
    error_style=ErrorStyle("Error while executing ACL command: ", to_stdout=True),
)
@option(ACTION, "--list", "list_rules", help="List the rules, of the resources that are named or of all.")
@option(ACTION, "--add", help="Add rules.")
@option(ACTION, "--remove", help="Remove rules: those that are described, or all of a resource.")
@option(
    ACTION,
    "--can",
    type=PRINCIPAL,
    help="Say whether this principal may do each --operation with each resource, and by which rule; status 1: no.",
)
@option(ACTION, "--who", help="List everybody who may do something with the resources.")
@option(ACTION, "--export", help="Write the rules as a document for --import: JSON, or what --output says.")
@option(
    ACTION,
    "--import",
    "import_file",
    type=types.FILE,
    help="Add the rules of a file that are not there (JSON or YAML).",
)
@options.bootstrap_server
@option(
    CLUSTER,
    "--bootstrap-controller",
    type=types.BOOTSTRAP_SERVER,
    help="The KRaft controllers to connect to instead (Kafka 4); to change rules name all of them.",
)
@option(
    CLUSTER,
    "--authorizer",
    type=types.words("CLASS", AUTHORIZERS),
    help="The authorizer whose rules are in ZooKeeper, with --authorizer-properties. Default: AclAuthorizer.",
)
@options.zk_tls_config_file
@options.command_config
@options.client_settings
@options.wait
@option(
    CLUSTER,
    "--authorizer-properties",
    type=types.words("NAME=VALUE", [f"{name}=" for name in (CONNECT, SET_ACL, SUPER_USERS, ALLOW_EVERYONE)]),
    multiple=True,
    help="A setting of the authorizer: zookeeper.connect=HOST:PORT (up to Kafka 3.9), zookeeper.set.acl, "
    "zookeeper.ssl.…; for --can and --who what no cluster tells: super.users=User:a;User:b, "
    "allow.everyone.if.no.acl.found=true. May be repeated.",
)
@option(RESOURCES, "--topic", type=types.TOPIC, multiple=True, help="A topic, * for all. May be repeated.")
@option(RESOURCES, "--cluster", help="The cluster itself.")
@option(RESOURCES, "--group", type=types.GROUP, multiple=True, help="A consumer group, * for all. May be repeated.")
@option(RESOURCES, "--transactional-id", type=types.Sent("ID"), multiple=True, help="A transactional id, * for all.")
@option(RESOURCES, "--delegation-token", type=types.Sent("ID"), multiple=True, help="A delegation token, * for all.")
@option(
    RESOURCES,
    "--user-principal",
    type=PRINCIPAL,
    multiple=True,
    help="A user whose delegation tokens are meant: operations CreateTokens and DescribeTokens.",
)
@option(
    RESOURCES,
    "--resource-pattern-type",
    type=PATTERN_TYPE,
    help="How names stand for resources: literal (default), prefixed; to list and remove also any (all rules of just "
    "this name) and match (all rules that a resource of this name falls under).",
)
@option(
    CHANGES,
    "--operation",
    type=OPERATION,
    multiple=True,
    help="What is allowed, denied or asked for: Read, Write, … Default: All. May be repeated.",
)
@option(CHANGES, "--allow-principal", type=PRINCIPAL, multiple=True, help="Who is allowed; User:* is everybody.")
@option(
    CHANGES, "--allow-host", type=HOST, multiple=True, help="From which IP address; from 4.3 on a range. Default: *."
)
@option(CHANGES, "--deny-principal", type=PRINCIPAL, multiple=True, help="Who is denied, whatever else allows it.")
@option(CHANGES, "--deny-host", type=HOST, multiple=True, help="From which IP address it is denied. Default: *.")
@option(CHANGES, "--producer", help="The rules of a producer: Write, Describe, Create on topics.")
@option(CHANGES, "--consumer", help="The rules of a consumer: Read, Describe on topics, Read on groups.")
@option(CHANGES, "--idempotent", help="With --producer: IdempotentWrite on the cluster, too.")
@option(CHANGES, "--prune", help="With --import: remove rules that are not in the file, among the named resources.")
@option(CHANGES, "--dry-run", help="Show what an --add, --remove or --import would change; change nothing.")
@option(CHANGES, "--force", help="Answer every question of --remove by yes.")
@option(CHANGES, "--yes", help="Change a protected cluster without a question.")
@option(
    FILTERS,
    "--principal",
    type=PRINCIPAL,
    multiple=True,
    bare="",
    help="List only rules that name this principal. May be repeated.",
)
@option(OTHER, "--host", type=HOST, help="With --can: the IP address from which it is done. Default: any.")
@option(
    OUTPUT,
    "--group-by",
    type=types.Word("WHAT", ("resource", "principal")),
    help="A table for each resource (default) or each principal.",
)
def command(
    *,
    list_rules: bool,
    add: bool,
    remove: bool,  # noqa: ARG001  it is what is left, as exactly one action is given
    can: str | None,
    who: bool,
    export: bool,
    import_file: str | None,
    bootstrap_server: str | None,
    bootstrap_controller: str | None,
    authorizer: str | None,
    zk_tls_config_file: str | None,
    command_config: str | None,
    client_settings: tuple[str, ...],
    wait: float | None,
    authorizer_properties: tuple[str, ...],
    topic: tuple[str, ...],
    cluster: bool,
    group: tuple[str, ...],
    transactional_id: tuple[str, ...],
    delegation_token: tuple[str, ...],
    user_principal: tuple[str, ...],
    resource_pattern_type: PatternType | None,
    operation: tuple[str, ...],
    allow_principal: tuple[str, ...],
    allow_host: tuple[str, ...],
    deny_principal: tuple[str, ...],
    deny_host: tuple[str, ...],
    producer: bool,
    consumer: bool,
    idempotent: bool,
    prune: bool,
    dry_run: bool,
    force: bool,
    yes: bool,
    principal: tuple[str, ...],
    host: str | None,
    group_by: str | None,
) -> Report:
    """Choose the cluster, check what is asked for, and run the action."""
    named = (topic, cluster, group, transactional_id, delegation_token, user_principal)
    resources = Resources(*named, resource_pattern_type or PatternType.LITERAL, idempotent)
    asks = can is not None or who
    of_authorizer = (authorizer, authorizer_properties, zk_tls_config_file)
    servers = (bootstrap_server, bootstrap_controller)
    target = _cluster(servers, command_config, client_settings, wait or 0.0, of_authorizer, asks)
    if asks:
        # A question reads rules alone, so none of what guards changes stands before it.
        said = authorizer_settings(authorizer_properties)
        return _answered(target, resources, said, can, operations_of(operation), host)
    if list_rules or export:
        return _listed(target, resources, principal, group_by or "resource", export)
    if import_file is not None:
        return _imported(target, resources, import_file, prune, dry_run, yes)
    who_named = Who(allow_principal, allow_host, deny_principal, deny_host)
    rules = Rules(resources, who_named, operation, producer, consumer)
    return _changed(target, rules, add, dry_run, force, yes)


def _cluster(
    servers: tuple[str | None, str | None],
    command_config: str | None,
    client_settings: Sequence[str],
    wait_seconds: float,
    of_authorizer: tuple[str | None, Sequence[str], str | None],
    asks: bool,
) -> Target:
    """Return the cluster, by its brokers or controllers (`servers`) or by ZooKeeper.

    `of_authorizer` are the authorizer's class, its properties, and the file with how to reach ZooKeeper.
    """
    authorizer, properties, file = of_authorizer
    brokers, controllers = servers
    if controllers is not None:
        # Before any authorizer: --authorizer-properties may stand beside it for a question.
        return settings.choose_brokers(None, command_config, client_settings, wait_seconds, controllers)
    # A question takes properties on brokers, too.
    # Without zookeeper.connect it goes there, too, and is told what is missing in Kafka 2.8's words.
    if authorizer or any(CONNECT in each for each in properties) or (properties and not asks):
        return ensemble(authorizer, properties, file, client_settings, wait_seconds)
    return settings.choose(brokers, None, file or command_config, client_settings, wait_seconds)


def _changed(target: Target, rules: Rules, adds: bool, dry_run: bool, force: bool, yes: bool) -> Report:
    from kafka_tools.tools.acls import changing

    # Wrong usage is told before a protected cluster's name is asked for.
    entries = rules.to_add() if adds else rules.by_pattern()
    target = target if dry_run else check_change(target, yes)
    # Kafka 2.8 shows what there is afterwards.
    listed = rules.resources.filters() if isinstance(target, ZooKeeper) else ()
    if adds:
        return _in_javas_words(lambda: changing.add(changing.AddAcls(target, entries, dry_run, listed)))
    removal = changing.RemoveAcls(target, entries, force, dry_run, rules.unused(), listed)
    return _in_javas_words(lambda: changing.remove(removal))


def _listed(target: Target, resources: Resources, named: Sequence[str], group_by: str, export: bool) -> Report:
    from kafka_tools.tools.acls import listing

    # AclCommand ignores an empty --principal and lists the rules of everybody.
    principals = tuple(dict.fromkeys(check_principal(each.strip()) for each in named if each))
    request = listing.ListAcls(target, resources.filters(), principals, group_by)
    return _in_javas_words(lambda: (listing.export if export else listing.list_acls)(request))


def _imported(target: Target, resources: Resources, file: str, prune: bool, dry_run: bool, yes: bool) -> Report:
    from kafka_tools.tools.acls import changing
    from kafka_tools.tools.acls.documents import read_rules

    rules = read_rules(file)
    target = target if dry_run else check_change(target, yes)
    wanted = changing.ImportAcls(target, rules, resources.filters(), prune, dry_run)
    return _in_javas_words(lambda: changing.import_rules(wanted))


def asked_resources(resources: Resources) -> tuple[tuple[ResourceType, str], ...]:
    """Return the resources of a question. Raises UsageError where there is none, or where a name is a pattern's."""
    # Somebody is let in to a resource, never to a pattern: the answer would be about no request that there is.
    if resources.pattern_type is not PatternType.LITERAL:
        raise UsageError("--can and --who ask about resources by their names: --resource-pattern-type has no meaning")
    patterns = resources.patterns()
    if not patterns:
        raise UsageError(NO_RESOURCE)
    return tuple((pattern.resource_type, pattern.name) for pattern in patterns)


def operations_of(texts: Sequence[str]) -> tuple[AclOperation, ...]:
    """Return the operations of a question. Raises UsageError for one that there is not, with the nearest."""
    found = []
    for text in texts:
        word = operation_named(text)
        # No request is for all operations together: a broker never asks its authorizer so.
        if word in (AclOperation.UNKNOWN, AclOperation.ALL):
            known = [each.title for each in AclOperation if each.value > AclOperation.ALL.value]
            near = nearest(text, known)
            raise UsageError(
                f"--operation cannot be '{text}' here",
                f"Did you mean {near[0]}?" if near else f"Choose from: {', '.join(known)}",
            )
        found.append(word)
    return tuple(dict.fromkeys(found))


def authorizer_settings(properties: Sequence[str]) -> AuthorizerSettings:
    """Return what the user says of the authorizer. Raises UsageError for a setting that does not count here."""
    values = dict(text.partition("=")[::2] for text in properties)
    # Settings of ZooKeeper have been used already, to find the rules.
    unknown = sorted(name for name in values.keys() - {SUPER_USERS, ALLOW_EVERYONE} if "zookeeper." not in name)
    if unknown:
        raise UsageError(
            f"--authorizer-properties: '{unknown[0]}' does not matter here",
            f"Choose from: {SUPER_USERS}, {ALLOW_EVERYONE}",
        )
    return AuthorizerSettings(read_super_users(values.get(SUPER_USERS)), read_flag(values.get(ALLOW_EVERYONE)))


def _answered(
    target: Target,
    resources: Resources,
    said: AuthorizerSettings,
    can: str | None,
    operations: Sequence[AclOperation],
    host: str | None,
) -> Report:
    """Run --can, or --who where no principal is given. Raises UsageError for an operation that a resource lacks."""
    from kafka_tools.model.authorizer import Action
    from kafka_tools.tools.acls import asking

    asked = asked_resources(resources)
    if can is not None and not operations:
        raise UsageError("With --can you must specify an --operation")
    for kind, _ in asked:
        for each in operations:
            if each not in SUPPORTED_OPERATIONS[kind]:
                names = ", ".join(word.title for word in SUPPORTED_OPERATIONS[kind])
                raise UsageError(f"ResourceType {kind.name} only supports operations {names}")
    if can is None:
        return _in_javas_words(lambda: asking.who_can(asking.WhoCan(target, asked, tuple(operations), said)))
    principal = check_principal(can.strip())
    actions = tuple(Action(principal, each, kind, name, host) for kind, name in asked for each in operations)
    return _in_javas_words(lambda: asking.can(asking.Can(target, actions, said)))


def _in_javas_words(run: Callable[[], Report]) -> Report:
    """Run an action; what a broker refuses is told with the name of Java's exception, as AclCommand does."""
    try:
        report = run()
    except BrokerError as error:
        raise as_java(error) from error
    failure = report.failure
    return report._replace(failure=as_java(failure)) if isinstance(failure, BrokerError) else report
