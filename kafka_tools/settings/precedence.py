"""Which cluster is meant, and which settings go to it: every place that may say so, the highest first.

Flags and NAME=VALUE options; --command-config FILE, else KTOOLS_COMMAND_CONFIG; KTOOLS_BOOTSTRAP_SERVERS,
KTOOLS_ZOOKEEPER; KTOOLS_CONTEXT, the folder's .ktools.toml, the current context; a running sandbox; localhost:9092.
Who names the cluster gets no credentials of anybody else: GOES_TO.
"""

import os
from collections.abc import Iterable, Sequence
from enum import Enum, auto
from typing import NamedTuple

from kafka_tools.errors import KafkaToolError, UsageError
from kafka_tools.model.addresses import DEFAULT_BOOTSTRAP_SERVERS, DEFAULT_ZOOKEEPER, checked
from kafka_tools.model.target import DEFAULT_SOURCE
from kafka_tools.settings import contexts, properties, trust
from kafka_tools.settings.contexts import Context, current
from kafka_tools.settings.values import COMMAND_SUFFIX, OWN, Access, Setting
from kafka_tools.zookeeper.connect_string import parse_connect

SERVERS = ("bootstrap.servers", "metadata.broker.list")
SECURITY_PREFIXES = ("security.", "sasl.", "ssl.", "https.", "enable.ssl.", "enable.sasl.", "java.", "zookeeper.")


class Origin(Enum):
    """Where an address or a setting stands. ENVIRONMENT are the KTOOLS_ variables, the file of KTOOLS_COMMAND_CONFIG
    and KAFKA_OPTS; CONTEXT is one of the user's own, REPOSITORY one in a folder's .ktools.toml."""

    COMMAND_LINE = auto()
    COMMAND_CONFIG = auto()
    ENVIRONMENT = auto()
    CONTEXT = auto()
    REPOSITORY = auto()
    SANDBOX = auto()
    DEFAULT = auto()


_SPOKEN = frozenset((Origin.COMMAND_LINE, Origin.COMMAND_CONFIG))
"""What the user says with this very command."""

GOES_TO = {
    Origin.COMMAND_LINE: _SPOKEN | {Origin.ENVIRONMENT},
    Origin.COMMAND_CONFIG: _SPOKEN,
    Origin.ENVIRONMENT: _SPOKEN | {Origin.ENVIRONMENT},
    Origin.CONTEXT: _SPOKEN | {Origin.CONTEXT},
    Origin.REPOSITORY: frozenset((Origin.REPOSITORY,)),
    Origin.SANDBOX: _SPOKEN | {Origin.SANDBOX},
    Origin.DEFAULT: _SPOKEN | {Origin.ENVIRONMENT},
}
"""Who names the cluster -> whose credentials it gets. The one table of this rule; README shows it."""


class Address(NamedTuple):
    """Brokers, or with `is_zookeeper` an ensemble. `source` names the place for people, `origin` is its kind."""

    servers: str
    source: str
    origin: Origin
    is_zookeeper: bool = False


class Choice(NamedTuple):
    """The cluster: `address` is a list of brokers, or with `is_zookeeper` a ZooKeeper connect string; `source` says who
    named it. `settings` are those that apply, one for each name, and `access` is what they may refer to. `context` is
    the context it is, if it is one. `notes` are sentences for stderr about what is left out."""

    address: str
    source: str
    is_zookeeper: bool
    settings: tuple[Setting, ...]
    context: Context | None = None
    access: Access = OWN
    notes: tuple[str, ...] = ()


class Flags(NamedTuple):
    """What the command line says: every part may be missing. `overrides` are `NAME=VALUE` texts."""

    bootstrap_server: str | None = None
    command_config: str | None = None
    overrides: Sequence[str] = ()
    zookeeper: str | None = None


class _Given(NamedTuple):
    """The settings that no cluster brings itself. KTOOLS_COMMAND_CONFIG stands in for --command-config only."""

    command_line: list[Setting]
    command_config: list[Setting]
    environment: list[Setting]

    @classmethod
    def read(cls, flags: Flags) -> "_Given":
        # In place of, not below: two files merged would send one's password with the other's user.
        variable = None if flags.command_config else os.environ.get("KTOOLS_COMMAND_CONFIG")
        return cls(
            _overrides(flags.overrides),
            _file(flags.command_config, "--command-config"),
            _file(variable, "KTOOLS_COMMAND_CONFIG"),
        )


def choose(flags: Flags, brokers_only: bool = False) -> Choice:
    """Return the cluster that the highest place names, and its settings; `brokers_only`: ZooKeeper will not do.

    Raises UsageError for a wrong flag or variable, KafkaToolError for a file that cannot be read, and for credentials
    that the command line gives for a cluster that a repository names.
    """
    # The order is README's: what is said with this command, then the environment, then a context, then the sandbox. A
    # file of settings may name the servers, too, and stands where its own flag or variable stands.
    given = _Given.read(flags)
    address = _said(flags, given, brokers_only)
    if address is not None:
        return _made(address, given)
    context = current_context()
    if context is not None:
        base = of_context(context)
        return _made(_of_context(context, base, brokers_only), given, base, context)
    from kafka_tools.sandbox import endpoints

    running = endpoints.running()
    if running is None:
        return _made(Address(DEFAULT_BOOTSTRAP_SERVERS, DEFAULT_SOURCE, Origin.DEFAULT), given)
    address = Address(running.bootstrap_servers, "the sandbox", Origin.SANDBOX)
    return _made(address, given, _file(running.client_config, "the sandbox"))


def choose_context(name: str) -> Choice:
    """Return the brokers of the context `name`, whatever other place names a cluster. Raises as `choose` does."""
    context = contexts.find(name)
    base = of_context(context)
    return _made(_of_context(context, base, True), _Given.read(Flags()), base, context)


def context_of(flags: Flags) -> Context | None:
    """Return the context whose cluster `choose` would return, None where another place names it.

    Its settings are not read. Raises KafkaToolError for a context that is not there, a file that cannot be read.
    """
    return current_context() if _said(flags, _Given.read(flags), brokers_only=False) is None else None


def choose_zookeeper(flags: Flags) -> Choice:
    """Return the ensemble that the highest place names, and its settings. Raises as `choose` does, and KafkaToolError
    where a context or a sandbox is chosen that has none."""
    given = _Given.read(flags)
    if flags.zookeeper is not None:
        return _made(Address(flags.zookeeper, "--zookeeper", Origin.COMMAND_LINE, True), given)
    variable = os.environ.get("KTOOLS_ZOOKEEPER")
    if variable:
        return _made(Address(variable, "KTOOLS_ZOOKEEPER", Origin.ENVIRONMENT, True), given)
    context = current_context()
    if context is not None:
        if not context.zookeeper:
            raise KafkaToolError(f"context {context.name} names no zookeeper", "Name it by --zookeeper.")
        return _made(_address_in(context, context.zookeeper, True), given, of_context(context), context)
    from kafka_tools.sandbox import endpoints

    running = endpoints.running()
    if running is None:
        return _made(Address(DEFAULT_ZOOKEEPER, DEFAULT_SOURCE, Origin.DEFAULT, True), given)
    if running.zookeeper is None:
        raise KafkaToolError(
            "the sandbox has no ZooKeeper that is up",
            "`ktools sandbox status` shows what is up; a sandbox of --mode kraft has none.",
        )
    address = Address(running.zookeeper, "the sandbox", Origin.SANDBOX, True)
    return _made(address, given, _file(running.zookeeper_config, "the sandbox"))


def current_context() -> Context | None:
    """Return the current context, None without one. Raises KafkaToolError for one that is not there, and for one that a
    folder's file chooses and would have in place of the user's own of that name."""
    named = current()
    if named is None:
        return None
    # `context = "prod"` next to a `[contexts.prod]` of the repository's own: whoever reads the file sees that one, and
    # would be led to the user's prod. Neither is taken.
    if named.source == contexts.project_path() and named.name in contexts.shadowed():
        raise KafkaToolError(
            f"{named.source}: context {named.name} is one of your own, which this file cannot replace",
            f"KTOOLS_CONTEXT={named.name} takes yours.",
        )
    try:
        return contexts.find(named.name)
    except KafkaToolError as error:
        raise KafkaToolError(f"{named.source}: {error.message}", error.hint) from None


def of_context(context: Context) -> list[Setting]:
    """Return a context's own settings, then those of its command-config.

    Raises KafkaToolError; also for a context that came with a repository, until the user has said that it is trusted.
    """
    if context.project:
        trust.check(context.origin)
    return written_in(context)


def check_usable(context: Context) -> None:
    """Raise KafkaToolError where no command could use the context: it names no cluster, or an address or a file that is
    none."""
    found = _of_context(context, of_context(context), brokers_only=False)
    try:
        if not found.is_zookeeper:
            checked(found.servers, "bootstrap-servers")
        if context.zookeeper:
            parse_connect(context.zookeeper)
    except UsageError as error:
        raise KafkaToolError(f"context {context.name}: {error.message}", error.hint) from None


def written_in(context: Context) -> list[Setting]:
    """Return what `of_context` returns, to be shown, not used: whether a repository's file is trusted is not asked."""
    settings = [
        Setting(name, value, f"context {context.name}", context.origin) for name, value in context.settings.items()
    ]
    path = access(context).path("command-config", context.command_config) if context.command_config else ""
    return settings + _file(path, f"context {context.name}")


def access(context: Context) -> Access:
    """Return what a context's settings may refer to."""
    return Access(os.path.realpath(os.path.dirname(context.origin)) if context.project else "", kafka_opts=False)


def _made(address: Address, given: _Given, base: Sequence[Setting] = (), context: Context | None = None) -> Choice:
    """Put together the settings that go to the cluster; `base` are those that belong to its address."""
    takes = GOES_TO[address.origin]
    hidden = contexts.shadowed() if context is not None else []
    spoken = [*given.command_line, *given.command_config]
    # Only a repository's cluster takes nothing of the command line. Such a login is refused, not left out: whoever
    # gives one would else believe it was used, or be asked for a password by the repository's server.
    if not takes >= _SPOKEN:
        for setting in spoken:
            _check_harmless(setting, address.source)
    notes = [f"context {name} of {contexts.project_path()} is not used: you have one of that name" for name in hidden]
    if Origin.ENVIRONMENT in takes:
        spoken += given.environment
    elif given.environment:
        # A variable is set once and forgotten: to refuse the command for it would make contexts useless.
        notes.append(f"KTOOLS_COMMAND_CONFIG is not used: {address.source} names the cluster, and has its own settings")
    allowed = access(context) if context else Access(kafka_opts=Origin.ENVIRONMENT in takes)
    settings = _highest([*spoken, *base])
    return Choice(address.servers, address.source, address.is_zookeeper, settings, context, allowed, tuple(notes))


def _check_harmless(setting: Setting, source: str) -> None:
    """Raise KafkaToolError for a setting that says who the user is, where a repository names the cluster."""
    if setting.name.startswith(SECURITY_PREFIXES) or setting.name.endswith(COMMAND_SUFFIX) or "${" in setting.value:
        raise KafkaToolError(
            f"{setting.name} ({setting.source}) does not go to the cluster of {source}, which came with a repository",
            "Name the cluster by --bootstrap-server, or make a context of your own: `ktools context add`.",
        )


def _said(flags: Flags, given: _Given, brokers_only: bool) -> Address | None:
    """Return the address that a flag, a setting or a variable names; None where a context, or nobody, does."""
    # KTOOLS_COMMAND_CONFIG comes last: it holds settings for any cluster, and names one only where no variable does.
    address = _of_flags(flags) or _of_settings(given) or _of_variables(brokers_only)
    return address or _servers(given.environment, Origin.ENVIRONMENT)


def _of_flags(flags: Flags) -> Address | None:
    if flags.bootstrap_server is not None:
        return Address(flags.bootstrap_server, "--bootstrap-server", Origin.COMMAND_LINE)
    if flags.zookeeper is not None:
        return Address(flags.zookeeper, "--zookeeper", Origin.COMMAND_LINE, True)
    return None


def _of_settings(given: _Given) -> Address | None:
    on_the_line = _servers(given.command_line, Origin.COMMAND_LINE)
    return on_the_line or _servers(given.command_config, Origin.COMMAND_CONFIG)


def _of_variables(brokers_only: bool) -> Address | None:
    servers, zookeeper = os.environ.get("KTOOLS_BOOTSTRAP_SERVERS"), os.environ.get("KTOOLS_ZOOKEEPER")
    if zookeeper and not brokers_only:
        if servers:
            raise UsageError("KTOOLS_BOOTSTRAP_SERVERS and KTOOLS_ZOOKEEPER are both set: name the cluster by a flag")
        return Address(zookeeper, "KTOOLS_ZOOKEEPER", Origin.ENVIRONMENT, True)
    return Address(servers, "KTOOLS_BOOTSTRAP_SERVERS", Origin.ENVIRONMENT) if servers else None


def _servers(settings: Iterable[Setting], origin: Origin) -> Address | None:
    for setting in settings:
        if setting.name in SERVERS and setting.value.strip():
            return Address(setting.value.strip(), setting.source, origin)
    return None


def _of_context(context: Context, settings: Iterable[Setting], brokers_only: bool) -> Address:
    """Return the context's brokers, which its settings may name too, else its ensemble."""
    named = _servers(settings, Origin.CONTEXT)
    servers = context.bootstrap_servers or (named.servers if named else "")
    if servers:
        return _address_in(context, servers, False)
    if brokers_only:
        raise KafkaToolError(f"context {context.name} names no brokers", "Give it bootstrap-servers.")
    if not context.zookeeper:
        raise KafkaToolError(f"context {context.name} names no cluster", "Give it bootstrap-servers or zookeeper.")
    return _address_in(context, context.zookeeper, True)


def _address_in(context: Context, servers: str, is_zookeeper: bool) -> Address:
    origin = Origin.REPOSITORY if context.project else Origin.CONTEXT
    return Address(servers, f"context {context.name}", origin, is_zookeeper)


def _overrides(texts: Iterable[str]) -> list[Setting]:
    settings = []
    for text in reversed(list(texts)):
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise UsageError("-X is no setting: NAME=VALUE is needed")  # its text may be a secret
        # From the last to the first: the last of a name wins, and `_highest` keeps what it meets first.
        settings.append(Setting(name.strip(), value, "the command line"))
    return settings


def _file(path: str | None, source: str) -> list[Setting]:
    if not path:
        return []
    found = properties.read(path).items()
    return [Setting(name, value, f"{path} ({source})", os.path.expanduser(path)) for name, value in found]


def _highest(settings: Iterable[Setting]) -> tuple[Setting, ...]:
    """Keep the first setting of each name: the highest place."""
    found: dict[str, Setting] = {}
    for setting in settings:
        found.setdefault(setting.name, setting)
    return tuple(found.values())
