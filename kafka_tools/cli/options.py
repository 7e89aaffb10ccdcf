"""Options that several tools share, spelled and explained once, and the sections of a help text."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

import click

from kafka_tools import __version__
from kafka_tools.cli import types
from kafka_tools.render.output_options import FORMATS

F = TypeVar("F", bound=Callable[..., Any])


class Decorator(Protocol):
    """Adds an option to a function of which a command is made."""

    def __call__(self, function: F, /) -> F:
        """Return the function."""
        ...


ACTION = "Action"
CLUSTER = "Cluster"
FILTERS = "Filters"
CHANGES = "Changes"
OUTPUT = "Output"
OTHER = "Options"
"""The sections of a help text, in which options stand together; OTHER is the last one."""


BOOTSTRAP_HELP = (
    "The Kafka brokers to connect to. Default: KTOOLS_BOOTSTRAP_SERVERS, the current context, a running sandbox, "
    "localhost:9092."
)


class ToolOption(click.Option):
    """An option that stands in a section of the help text."""

    def __init__(self, *args: Any, section: str = OTHER, **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self.section = section


def option(
    section: str,
    *names: str,
    help: str,  # noqa: A002  click's name for it
    type: click.ParamType[Any] | None = None,  # noqa: A002
    metavar: str | None = None,
    multiple: bool = False,
    bare: str | None = None,
    required: bool = False,
) -> Decorator:
    """Declare an option of a tool.

    `names` are its spellings, the first of which names it in messages, and at will the name of its parameter. Without a
    `type` it is a flag. `multiple` gathers the values of a repeated option, `bare` is the value where none is given.
    """
    if type is None:
        return click.option(*names, cls=ToolOption, section=section, help=help, is_flag=True, multiple=multiple)
    # click's way for an option whose value may be left out: no flag, but with a flag_value.
    optional = {} if bare is None else {"is_flag": False, "flag_value": bare}
    return click.option(
        *names,
        cls=ToolOption,
        section=section,
        help=help,
        type=type,
        metavar=metavar,
        multiple=multiple,
        required=required,
        **optional,
    )


def action(name: str, help: str) -> Decorator:  # noqa: A002
    """Declare one of the flags of which exactly one must be given: the parameter `action` is its name (`list`)."""
    # All flags share one parameter, and click would take the last that is given. That there is just one is checked
    # before click reads the line, in the words of Apache's tools (cli/command.py).
    value = name.lstrip("-")
    return click.option(name, "action", cls=ToolOption, section=ACTION, help=help, flag_value=value)


def bootstrap_server(function: F) -> F:
    """Declare --bootstrap-server."""
    return option(
        CLUSTER,
        "--bootstrap-server",
        type=types.BOOTSTRAP_SERVER,
        help=BOOTSTRAP_HELP,
    )(function)


def zookeeper(function: F) -> F:
    """Declare --zookeeper."""
    return option(
        CLUSTER,
        "--zookeeper",
        type=types.ZOOKEEPER,
        help="The ZooKeeper ensemble of a cluster up to Kafka 3.9, instead of its brokers. Default: KTOOLS_ZOOKEEPER.",
    )(function)


def zk_tls_config_file(function: F) -> F:
    """Declare --zk-tls-config-file."""
    return option(
        CLUSTER,
        "--zk-tls-config-file",
        type=types.FILE,
        help="With ZooKeeper: a properties file that says how to reach it by TLS (zookeeper.ssl.…).",
    )(function)


def command_config(function: F) -> F:
    """Declare --command-config."""
    return option(
        CLUSTER,
        "--command-config",
        type=types.FILE,
        help="A properties file with the client's settings, by Java's names or librdkafka's. "
        "Default: KTOOLS_COMMAND_CONFIG.",
    )(function)


def client_settings(function: F) -> F:
    """Declare -X, the parameter `client_settings`."""
    return option(
        CLUSTER,
        "-X",
        "client_settings",
        type=types.CLIENT_SETTING,
        multiple=True,
        help="A setting of the client, by Java's or librdkafka's name; goes before the file's. May be repeated.",
    )(function)


def wait(function: F) -> F:
    """Declare --wait."""
    return option(
        CLUSTER,
        "--wait",
        type=types.SECONDS,
        help="Keep trying that long while connections are refused, because the cluster is starting.",
    )(function)


def streaming_client(kind: str) -> Decorator:
    """Declare how a streaming tool finds its cluster; `kind`, consumer or producer, is in its options' names.

    The parameters are `bootstrap_server`, `command_config`, `client_settings` and `wait`.
    """
    config = option(
        CLUSTER,
        "--command-config",
        f"--{kind}.config",
        f"--{kind}-config",  # console-share-consumer's spelling
        type=types.FILE,
        help=f"A properties file with the {kind}'s settings; --{kind}-property wins.",
    )
    setting = option(
        CLUSTER,
        f"--{kind}-property",
        "--command-property",  # KIP-1147 (4.2)
        "-X",
        "client_settings",
        type=types.CLIENT_SETTING,
        multiple=True,
        help=f"A setting of the {kind}, by Java's or librdkafka's name; may be repeated.",
    )
    return lambda function: bootstrap_server(config(setting(wait(function))))


def verifiable_client(kind: str, precedence: str) -> Decorator:
    """Declare how a verifiable client finds its cluster; `kind`, consumer or producer, is in its options' names.

    The parameters are `bootstrap_server`, `broker_list`, `command_config`, `client_settings` and `wait`; `precedence`
    says how the settings of the file stand to options.
    """
    older = option(CLUSTER, "--broker-list", type=types.BOOTSTRAP_SERVER, help="The older name of --bootstrap-server.")
    config = option(
        CLUSTER,
        f"--{kind}.config",
        "--command-config",
        "command_config",
        type=types.FILE,
        help=f"A properties file with the {kind}'s settings; {precedence}.",
    )
    return lambda function: bootstrap_server(older(config(client_settings(wait(function)))))


def line_properties(section: str, kind: str, names: Sequence[str], help: str) -> Decorator:  # noqa: A002
    """Declare --property and the file of such properties; `kind`, formatter or reader, is in their newer names.

    The parameters are `property` and `KIND_config`. A shell completes the `names`.
    """
    single = option(
        section,
        "--property",
        f"--{kind}-property",  # KIP-1147 (4.2)
        type=types.words("NAME=VALUE", [f"{name}=" for name in names]),
        multiple=True,
        help=f"{help}; may be repeated.",
    )
    file = option(section, f"--{kind}-config", type=types.FILE, help="A file of such properties; --property wins.")
    return lambda function: single(file(function))


def ignored(*names: str, type: click.ParamType[Any] | None = None, why: str = "") -> Decorator:  # noqa: A002
    """Declare options that Apache's tools had before Kafka 2.0: they are read, and no parameter tells of them."""
    return click.option(
        *names,
        cls=ToolOption,
        section=OTHER,
        help=f"Of versions before 2.0; without effect{why}.",
        expose_value=False,
        **({"is_flag": True} if type is None else {"type": type, "multiple": True}),
    )


GOALS: Mapping[str, tuple[click.ParamType[Any] | None, str]] = {
    "--to-earliest": (None, "Go on from the oldest record."),
    "--to-latest": (None, "Go on from the end."),
    "--to-current": (None, "Stay; where the group has no offset yet, go on from the end."),
    "--to-offset": (types.LONG, "Go on from this offset."),
    "--shift-by": (types.LONG, "Go on so many offsets later, or earlier (-N)."),
    "--to-datetime": (
        types.Text("TIME"),
        "Go on from the first record of this time or later: 2026-11-23T08:00:00.000, in UTC unless it ends in +01:00.",
    ),
    "--by-duration": (types.Text("PnDTnHnMnS"), "The same, as much time ago: P1D, PT30M."),
    "--from-file": (types.FILE, "Go on from the offsets in a file that --export wrote (csv)."),
}
"""Where offsets of groups are reset to: the type of each option's value, and what it does."""


def goals(*without: str) -> Decorator:
    """Declare the options that say where offsets are reset to, but for those `without` which a tool is."""

    def declared(function: F) -> F:
        # In a help text stands first what is declared last.
        for name, (kind, what) in reversed(list(GOALS.items())):
            if name not in without:
                function = option(CHANGES, name, type=kind, help=what)(function)
        return function

    return declared


def answer_timeout(function: F) -> F:
    """Declare --timeout of tools that read and change groups; `answer_seconds` tells what it means."""
    return option(
        OTHER,
        "--timeout",
        type=types.LONG,
        help="How long to wait for brokers, in ms. Default: 5000, for changes 30000.",
    )(function)


def answer_seconds(action: str, timeout: int | None) -> float:
    """Return how long an answer is waited for: `timeout` (ms), else 5 s where nothing is changed, else 30 s."""
    if timeout is not None:
        return max(timeout, 1) / 1000
    return 5.0 if action in ("list", "describe") else 30.0


def watch(function: F) -> F:
    """Declare --watch."""
    return option(
        OUTPUT,
        "--watch",
        type=types.SECONDS,
        help="Show it anew every so many seconds, with what changed marked, until Ctrl-C.",
    )(function)


def output_options() -> list[click.Parameter]:
    """Return --output, --columns and --sort-by, which every tool with a Report has."""
    return [
        output_option(),
        ToolOption(
            ["--columns"],
            section=OUTPUT,
            type=types.COLUMNS,
            help="Which columns, in which order, as json names them; not with --output plain.",
        ),
        ToolOption(
            ["--sort-by"],
            section=OUTPUT,
            type=types.SORT_ORDER,
            help="Sort by these columns, ascending or descending; not with --output plain.",
        ),
    ]


def output_option() -> click.Parameter:
    """Return --output."""
    return ToolOption(
        ["--output"],
        section=OUTPUT,
        type=types.Word("FORMAT", FORMATS),
        help=f"{', '.join(FORMATS)}; default: table on a terminal, Apache's plain text in a pipe.",
    )


def version_option(*names: str) -> click.Parameter:
    """Return --version, or what it is called, which prints the version and ends."""
    return ToolOption(
        names or ["--version"],
        is_flag=True,
        expose_value=False,
        is_eager=True,
        callback=_print_version,
        help="Show the version and exit.",
    )


def _print_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    """Print the version; of a tool of Apache's the Kafka first, as scripts look for it (`3.9.1 (Commit:…)` there)."""
    if wanted and not ctx.resilient_parsing:
        from kafka_tools.shims.apache import KAFKA_VERSION, MAIN_CLASSES

        own = f"ktools {__version__}"
        click.echo(f"{KAFKA_VERSION} ({own})" if ctx.command.name in MAIN_CLASSES else own)
        ctx.exit()
