"""`ktools context`: named clusters; Apache has no such tool."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import click

from kafka_tools.cli import types
from kafka_tools.cli.command import ToolGroup
from kafka_tools.errors import KafkaToolError
from kafka_tools.model.addresses import without_password
from kafka_tools.model.shown import safe
from kafka_tools.render.output_options import FORMATS
from kafka_tools.render.questions import confirmed, is_asked
from kafka_tools.report import Report
from kafka_tools.settings import contexts, edit_contexts, import_contexts, precedence, trust
from kafka_tools.settings.contexts import Context, config_path, current, current_path, project_path
from kafka_tools.settings.precedence import Choice, Flags
from kafka_tools.settings.secrets import holds_secret, shown
from kafka_tools.settings.values import Setting


@dataclass(frozen=True, slots=True)
class ContextRow:
    """One context and the cluster it names; `rules` are `read-only` and `protected`."""

    name: str
    current: bool
    cluster: str
    rules: str
    origin: str


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One setting as it may be shown, and where it came from."""

    name: str
    value: str
    source: str


@click.group("context", cls=ToolGroup)
def command() -> None:
    """Name a cluster once, with its addresses and its security, and never type them again.

    The current context says which cluster, unless a flag or an environment variable does; $KTOOLS_CONTEXT names another
    for one command. Contexts stand in config.toml in the user's configuration folder.

    A file .ktools.toml, in the working folder or above it up to the repository's root, may choose one of your contexts
    (`context = "NAME"`) and a format (`output = "FORMAT"`). Contexts of its own count only after `ktools context
    trust`, get no password, variable or file of yours, and replace none of your contexts.
    """


@command.command("list")
def show_list() -> Report:
    """Show all contexts; a star marks the current one."""
    named = current()
    rows = [_row(context, named is not None and named.name == name) for name, context in _sorted_contexts()]
    lines = [f"{'*' if row.current else ' '} {row.name}  {row.cluster}" for row in rows]
    columns = {"name": "Context", "current": "Current", "cluster": "Cluster", "rules": "Rules", "origin": "From"}
    return Report(rows, columns, lines)


@command.command("show")
@click.argument("name", required=False, type=types.CONTEXT, metavar="[CONTEXT]")
def show(name: str | None) -> Report:
    """Show which cluster is used, every setting, and where each came from; with CONTEXT, what that one says.

    Secrets are never shown.
    """
    # Without flags: what a command would use that is typed here and says nothing of the cluster.
    rows = _of_found(contexts.find(name)) if name else _of_choice(precedence.choose(Flags()))
    lines = [f"{row.name} = {row.value}  ({row.source})" for row in rows]
    return Report(rows, {"name": "Setting", "value": "Value", "source": "From"}, lines)


@command.command("use")
@click.argument("name", type=types.CONTEXT, metavar="CONTEXT")
def use(name: str) -> Report:
    """Make CONTEXT the current one. With `-` no context is the current one."""
    if name == "-":
        edit_contexts.forget_current()
        return _sentences("No context is the current one.")
    edit_contexts.use(name)
    said = current()
    # $KTOOLS_CONTEXT and a repository's file go before it: who is not told would work on another cluster than thought.
    if said is not None and said.name != name:
        return _sentences(f"{name} is the current context, but here {said.source} says {said.name}.")
    return _sentences(f"{name} is the current context.")


@command.command("add")
@click.argument("name")
@click.option("--bootstrap-server", type=types.BOOTSTRAP_SERVER, help="The cluster's brokers.")
@click.option("--zookeeper", type=types.ZOOKEEPER, help="Its ZooKeeper ensemble.")
@click.option("--command-config", type=types.FILE, help="A client.properties file that stays where it is.")
@click.option(
    "-X", "settings", multiple=True, type=types.CLIENT_SETTING, help="A client setting, Java's or librdkafka's."
)
@click.option("--default-output", type=click.Choice(FORMATS), help="The format where --output names none.")
@click.option("--read-only", is_flag=True, help="Nothing may be changed there.")
@click.option("--protected", is_flag=True, help="A change asks for the context's name, and needs --yes in a pipe.")
def add(
    name: str,
    bootstrap_server: str | None,
    zookeeper: str | None,
    command_config: str | None,
    settings: Sequence[str],
    default_output: str | None,
    read_only: bool,
    protected: bool,
) -> Report:
    """Add a context called NAME.

    A password is not taken from the command line, where other users and the shell's history see it: give
    sasl.password=${env:VARIABLE}, ${file:PATH}, sasl.password_command='PROGRAM …', or none, and it is asked for.
    """
    from pathlib import Path

    # Absolute: config.toml is read from every folder, and `_beside` would look next to it.
    config = str(Path(command_config).absolute()) if command_config else ""
    given = _given(settings)
    addresses = bootstrap_server or "", zookeeper or ""
    made = Context(name, "", *addresses, config, given, default_output, read_only, protected)
    # Before it is written: what cannot be used would fail later, in a command that did not ask for it.
    precedence.check_usable(made)
    edit_contexts.add(made)
    return _sentences(
        f"Context {name} is added to {config_path()}.", f"`ktools context use {name}` makes it the current one."
    )


@command.command("trust")
@click.argument("file", required=False, type=types.FILE, metavar="[FILE]")
@click.option("--revoke", is_flag=True, help="Trust the file no longer.")
@click.option("--yes", is_flag=True, help="Do not ask: you have read the file.")
def trust_file(file: str | None, revoke: bool, yes: bool) -> Report:
    """Show which clusters a folder's FILE of contexts names, and let them count if you agree.

    FILE is the .ktools.toml of the working folder or its repository, where none is named. It is trusted until it
    changes, or a file in its folder that it names.
    """
    path = file or project_path()
    if not path:
        raise KafkaToolError("there is no .ktools.toml in this folder or above it in its repository")
    if revoke:
        was = trust.forget(path)
        return _sentences(f"{path} is trusted no longer." if was else f"{path} was not trusted.")
    if not path.endswith(contexts.PROJECT_FILE):
        raise KafkaToolError(f"{path} is not called {contexts.PROJECT_FILE}: `ktools context import` reads other files")
    fingerprint = trust.fingerprint(path)  # before it is shown: what was shown is what is trusted
    lines = [line for context in contexts.in_file(path).values() for line in _shown_lines(context)]
    if not lines:
        return _sentences(f"{path} names no cluster of its own: there is nothing to trust.")
    if not yes and not is_asked():
        raise KafkaToolError("nobody can be asked here: nothing is trusted", "--yes says that you have read the file.")
    # The file is somebody else's: a control character could hide from the user a line that is agreed to.
    text = "\n".join(map(safe, (f"{path} says:", *lines)))
    if not yes and not confirmed(f"{text}\nTrust it?"):
        raise KafkaToolError("nothing is trusted")
    trust.remember(path, fingerprint)
    return _sentences(f"{path} is trusted until it changes.")


@command.command("remove")
@click.argument("name", type=types.CONTEXT, metavar="CONTEXT")
def remove(name: str) -> Report:
    """Remove CONTEXT from your own contexts."""
    said = current()
    edit_contexts.remove(name)
    # A repository's or a variable's choice is not ours to forget.
    if said is not None and said.name == name and said.source == current_path():
        edit_contexts.forget_current()
    return _sentences(f"Context {name} is removed.")


@command.command("import")
@click.argument("file", type=types.FILE, metavar="FILE")
@click.option("--name", help="What to call the context, where FILE has no names; else the name of the file.")
def import_file(file: str, name: str | None) -> Report:
    """Make contexts of what another program's FILE says.

    Java's client.properties, kcat's kcat.conf, kaf's ~/.kaf/config, kafkactl's config.yml, kcl's config.toml. Passwords
    are copied; your contexts can be read by nobody else.
    """
    found = import_contexts.read(file, name)
    taken = contexts.tables(contexts.read(config_path()), config_path())
    clash = [context.name for context in found if context.name in taken]
    if clash:
        raise KafkaToolError(f"there are contexts already that are called {', '.join(clash)}", "Nothing was imported.")
    # All or none: a half imported file could be imported a second time only after the first half was removed.
    for context in found:
        precedence.check_usable(context)
    for context in found:
        edit_contexts.add(context)
    names = ", ".join(context.name for context in found)
    return _sentences(f"Imported: {names}.", f"`ktools context use {found[0].name}` makes it the current one.")


def _sorted_contexts() -> list[tuple[str, Context]]:
    return sorted(contexts.all_contexts().items())


def _shown_lines(context: Context) -> list[str]:
    """Return what a repository's context asks for, one line each, to be read before it is trusted."""
    rows = _of_context(context, precedence.written_in(context))
    return [f"  {context.name}: {row.name} = {row.value}" for row in rows]


def _row(context: Context, is_current: bool) -> ContextRow:
    rules = [word for word, there in (("read-only", context.read_only), ("protected", context.protected)) if there]
    # Listed all the same: who wonders why it has no effect looks here.
    if context.project and not trust.is_trusted(context.origin):
        rules.append("not trusted")
    cluster = context.bootstrap_servers or context.zookeeper or context.command_config
    return ContextRow(context.name, is_current, without_password(cluster), ", ".join(rules), context.origin)


def _of_choice(choice: Choice) -> list[SettingRow]:
    name = "zookeeper" if choice.is_zookeeper else "bootstrap-servers"
    rows = [SettingRow(name, without_password(choice.address), choice.source)]
    named = current()
    if choice.context is not None:
        rows.insert(0, SettingRow("context", choice.context.name, named.source if named else ""))
        rows += _rules(choice.context)
    # The servers stand in the first row, with the source that won.
    return rows + [_setting(setting) for setting in choice.settings if setting.name not in precedence.SERVERS]


def _of_found(context: Context) -> list[SettingRow]:
    return _of_context(context, precedence.of_context(context))


def _of_context(context: Context, settings: Iterable[Setting]) -> list[SettingRow]:
    addresses = (("bootstrap-servers", context.bootstrap_servers), ("zookeeper", context.zookeeper))
    rows = [SettingRow(name, without_password(value), context.origin) for name, value in addresses if value]
    return rows + list(_rules(context)) + [_setting(setting) for setting in settings]


def _rules(context: Context) -> Iterator[SettingRow]:
    if context.output:
        yield SettingRow("output", context.output, context.origin)
    if context.read_only:
        yield SettingRow("read-only", "true", context.origin)
    if context.protected:
        yield SettingRow("protected", "true", context.origin)


def _setting(setting: Setting) -> SettingRow:
    # Never the value itself: `shown` masks a secret, and what an address or a JAAS line has of one.
    return SettingRow(safe(setting.name), safe(shown(setting.name, setting.value)), setting.source)


def _given(texts: Sequence[str]) -> dict[str, str]:
    """Return the settings of -X. Raises KafkaToolError for a secret that is written out."""
    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise KafkaToolError(f"-X {name}: NAME=VALUE is needed")
        if holds_secret(name, value):
            raise KafkaToolError(
                f"-X {name}: a secret on the command line stays in the shell's history",
                f"Give {name}=${{env:VARIABLE}}, {name}=${{file:PATH}} or {name}_command='PROGRAM …' instead.",
            )
        found[name] = value
    return found


def _sentences(*sentences: str) -> Report:
    return Report((), {}, sentences[:1], names_only=True, notes=sentences[1:])
