"""Looks up names on the cluster for a shell's completion, so that Tab never waits long.

A child process asks; the one that a prompt waits for ends when it has run for PROMPT_SECONDS. What was learned is kept
for a minute in the user's cache folder, also when it came too late for this prompt. Nobody is asked for a password, no
program is run (`NAME_command`), and a context that came with a repository gets no login: all that somebody did was to
press Tab.
"""

import os
import signal
import sys
import time
from binascii import crc32
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, NamedTuple, NoReturn

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.folders import cache_folder
from kafka_tools.model.target import Brokers, Target
from kafka_tools.settings import precedence
from kafka_tools.settings.precedence import Choice, Flags
from kafka_tools.settings.secrets import shown
from kafka_tools.settings.values import COMMAND_SUFFIX

PROMPT_SECONDS = 0.25
"""How long a prompt waits at most, from the start of the program on."""

LEAST_SECONDS = 0.1
"""How long names are waited for where the start took that long: what is remembered comes in time."""

AGAIN_SECONDS = 0.05
"""How soon the alarm comes again where the first one was lost."""

FRESH_SECONDS = 60
"""How long names are remembered."""

CLAIM_SECONDS = 5
"""How long nobody else tries while names are learned, or when there were none to learn."""

FORGOTTEN_SECONDS = 86400
"""When a file is deleted."""

OVERRIDES = ("client_settings", "consumer_property", "producer_property")
"""Options with settings of the client."""


class Candidate(NamedTuple):
    """A word that may stand at the cursor, and what it means ("": it says so itself)."""

    value: str
    meaning: str = ""


class _TooLateError(Exception):
    """The time is over."""


def of_cluster(kind: str, given: Mapping[str, Any]) -> tuple[Candidate, ...]:
    """Return the names of a kind of KINDS (`topics`, `groups`, …) of the cluster that the options `given` name.

    Nothing where that cluster must not be asked, or does not answer in time.
    """

    # Controllers know few names, and what stands for them in a context or at the default address is another cluster.
    if given.get("bootstrap_controller"):
        return ()

    def find() -> tuple[Candidate, ...]:
        try:
            choice = _choice(given)
        except KafkaToolError:  # a repository's file that nobody trusts, a file that cannot be read: nothing to offer
            return ()
        if _needs_somebody(choice):
            return ()
        return remembered(f"{kind} {_key(choice)}", lambda: KINDS[kind](_target(choice)))

    return soon(find)


def _choice(given: Mapping[str, Any]) -> Choice:
    overrides = [text for option in OVERRIDES for text in given.get(option) or () if "=" in text]
    servers = given.get("bootstrap_server") or given.get("broker_list")
    zookeeper = given.get("zookeeper") or _authorizer_s_ensemble(given.get("authorizer_properties") or ())
    config = given.get("command_config") or given.get("zk_tls_config_file")
    return precedence.choose(Flags(servers, config, overrides, zookeeper))


def _authorizer_s_ensemble(properties: Iterable[str]) -> str | None:
    """Return the ZooKeeper that --authorizer-properties name; the authorizer's own goes before that of the brokers."""
    named = dict(text.partition("=")[::2] for text in properties)
    return named.get("authorizer.zookeeper.url") or named.get("zookeeper.connect")


def _needs_somebody(choice: Choice) -> bool:
    # Even a trusted repository gets no login by a press of Tab.
    if choice.context is not None and choice.context.project and choice.settings:
        return True
    return any(setting.name.endswith(COMMAND_SUFFIX) for setting in choice.settings)


def _key(choice: Choice) -> str:
    """Return a line that tells one cluster, and one user there, from another; without secrets."""
    settings = (f"{each.name}={shown(each.name, each.value)} {each.file}" for each in choice.settings)
    road = "zookeeper" if choice.is_zookeeper else "brokers"
    return " ".join((road, choice.address, *sorted(settings))).replace("\n", " ")


def _target(choice: Choice) -> Target:
    from kafka_tools.settings.choice import of_brokers, of_zookeeper

    return of_zookeeper(choice) if choice.is_zookeeper else of_brokers(choice)


def _topics(target: Target) -> Iterator[Candidate]:
    from kafka_tools.backends import open_topics

    with open_topics(target) as topics:
        yield from map(Candidate, topics.names())


def _brokers(target: Target) -> Iterator[Candidate]:
    from kafka_tools.backends import open_topics

    with open_topics(target) as topics:
        for broker in topics.brokers():
            yield Candidate(str(broker.broker), f"rack {broker.rack}" if broker.rack else "")


def _groups(target: Target) -> Iterator[Candidate]:
    if not isinstance(target, Brokers):
        from kafka_tools.backends import open_old_consumers

        with open_old_consumers(target) as consumers:
            yield from map(Candidate, consumers.names())
        return
    from kafka_tools.brokers.groups import consumer_group_names

    yield from map(Candidate, consumer_group_names(target))


def _groups_of(group_type: str) -> Callable[[Target], Iterator[Candidate]]:
    """Return what yields the groups of a type (`Share`)."""

    def names(target: Target) -> Iterator[Candidate]:
        if not isinstance(target, Brokers):
            return
        from kafka_tools.brokers.all_groups import group_names

        yield from map(Candidate, group_names(target, group_type))

    return names


def _entities(kind: str) -> Callable[[Target], Iterator[Candidate]]:
    """Return what yields the entities of a type that have configs, each once; ZooKeeper has no client metrics."""

    def names(target: Target) -> Iterator[Candidate]:
        from kafka_tools.backends import open_configs

        with open_configs(target) as configs:
            found = dict.fromkeys(each.entity.name for each in configs.describe({kind: None}))
            yield from (Candidate(name) for name in found if name)

    return names


def _configs_of_broker(kind: str) -> Callable[[Target], Iterator[Candidate]]:
    """Return what yields the names of configs, or of loggers, that a broker lets be changed, as any one has them."""

    def names(target: Target) -> Iterator[Candidate]:
        if not isinstance(target, Brokers):
            from kafka_tools.model.dynamic_configs import NAMES

            yield from map(Candidate, sorted(NAMES))  # nobody is there who could be asked
            return
        from kafka_tools.backends import open_configs
        from kafka_tools.model.configs import Entity

        broker = next(each.value for each in _brokers(target))
        with open_configs(target) as configs:
            entries = configs.current(Entity(kind, broker))
        yield from (Candidate(entry.name) for entry in entries if not entry.read_only)

    return names


def _token_principals(target: Target) -> Iterator[Candidate]:
    if not isinstance(target, Brokers):
        return
    from kafka_tools.backends import open_tokens

    with open_tokens(target) as tokens:
        found = tokens.describe(None)
    named = {str(principal) for token in found for principal in (token.owner, token.requester, *token.renewers)}
    yield from map(Candidate, sorted(named))


def _principals(target: Target) -> Iterator[Candidate]:
    from kafka_tools.backends import open_acls
    from kafka_tools.model.acls import AclBindingFilter

    with open_acls(target) as acls:
        found = acls.describe(AclBindingFilter())
    yield from map(Candidate, sorted({binding.entry.principal for binding in found}))


KINDS: Mapping[str, Callable[[Target], Iterator[Candidate]]] = {
    "brokers": _brokers,
    "brokers configs": _configs_of_broker("brokers"),
    "broker-loggers": _brokers,
    "broker-loggers configs": _configs_of_broker("broker-loggers"),
    "client-metrics": _entities("client-metrics"),
    "clients": _entities("clients"),
    "groups": _groups,
    "ips": _entities("ips"),
    "token-principals": _token_principals,
    "principals": _principals,
    "share-groups": _groups_of("Share"),
    "streams-groups": _groups_of("Streams"),
    "topics": _topics,
    "users": _entities("users"),
}
"""The kinds of names that a cluster is asked for."""


def soon(find: Callable[[], tuple[Candidate, ...]]) -> tuple[Candidate, ...]:
    """Return what `find` finds in time; nothing if it takes longer, whatever it waits for.

    Then another process goes on with it, for the next time, and returns too; see `remembered`.
    """

    def leave(*_: object) -> None:
        if os.fork():
            _give_up()
        # The child returns to where `find` was interrupted, and goes on there.
        _leave_the_prompt()

    found: tuple[Candidate, ...] = ()
    with _Patience() as patience:
        signal.signal(signal.SIGALRM, leave)
        # Again and again, because an exception in the middle of an import may be lost.
        seconds = max(PROMPT_SECONDS - _running_for(), LEAST_SECONDS)
        signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN_SECONDS)
        found = find()
    return () if patience.is_over else found


class _Patience:
    """Ends a wait for good: what comes out of the block once the time is over is nothing that matters.

    The alarm raises its exception wherever Python happens to be. In the middle of an import it becomes another one
    there (a module that is half made), or is only printed (a callback's): measured on a busy machine, 4 times in 200.
    """

    is_over = False

    def __enter__(self) -> "_Patience":
        _Patience.is_over = False
        return self

    def __exit__(self, *_: object) -> bool:
        signal.setitimer(signal.ITIMER_REAL, 0)
        return self.is_over


def _give_up(*_: object) -> NoReturn:
    _Patience.is_over = True
    sys.unraisablehook = _nothing
    signal.signal(signal.SIGALRM, _give_up)
    raise _TooLateError


def _nothing(_: object) -> None:
    """Say nothing of an exception that nobody can catch."""


def _running_for() -> float:
    """Return for how many seconds this process runs; 0 where only another program could tell."""
    from kafka_tools.sandbox.endpoints import started

    ticks = started(os.getpid()) if sys.platform == "linux" else None
    if ticks is None:
        return 0.0
    return max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - int(ticks) / os.sysconf("SC_CLK_TCK"))


def remembered(key: str, ask: Callable[[], Iterable[Candidate]]) -> tuple[Candidate, ...]:
    """Return what `ask` gives, or gave a short time ago for the same `key`.

    `ask` runs in a process of its own, which may hang, fail and be killed. That one returns too, with nothing and
    without a stdout: it is to end as the program does.
    """
    known = recall(key)
    if known is not None:
        return known
    # A shell may ask at each Tab: without this line ten presses would start ten processes that ask the cluster.
    remember(key, b"")  # tells others that it is being learned
    reader, writer = os.pipe()
    if os.fork():
        # This process answers the prompt: when its time is over it gives up, and the child goes on for the next time.
        signal.signal(signal.SIGALRM, _give_up)
        os.close(writer)
        with open(reader, "rb") as answer:
            return parse(answer.read())
    _leave_the_prompt()
    learned = text(ask())
    remember(key, learned)
    # The prompt may be gone by now: what was learned is in the file for the next one.
    with suppress(BrokenPipeError), open(writer, "wb") as answer:
        answer.write(learned)
    return ()


def _leave_the_prompt() -> None:
    """Have no terminal to ask or to write on, get no signals from it, and end in time."""
    # A session of its own has no terminal: getpass finds none, and Ctrl-C at the prompt does not end it.
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(CLAIM_SECONDS)


def recall(key: str) -> tuple[Candidate, ...] | None:
    """Return what is remembered for `key`: nothing while it is being learned, None where it has to be.

    A file's first line is its key, each other one a name and, after a tab, what it means.
    """
    path = _path(key)
    if path is None:
        return None
    try:
        with open(path, "rb") as file:
            age = time.time() - os.fstat(file.fileno()).st_mtime
            own, _, lines = file.read().partition(b"\n")
    except OSError:
        return None
    is_fresh = -1 < age < (FRESH_SECONDS if lines else CLAIM_SECONDS)  # after now: the clock was set back
    # Keys of two clusters may have the same checksum, which is the file's name.
    return parse(lines) if is_fresh and own == _encoded(key) else None


def remember(key: str, lines: bytes) -> None:
    """Remember these names; where nothing can be written, nothing is remembered."""
    path = _path(key)
    if path is None:
        return
    # Renamed when it is whole: another prompt may be reading, or another process learn the same.
    new = f"{path}.{os.getpid()}"
    with suppress(OSError):
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(_encoded(key) + b"\n" + lines)
        os.replace(new, path)
        _forget(os.path.dirname(path))


def text(candidates: Iterable[Candidate]) -> bytes:
    """Return the names as they are remembered, without those that no shell can show in a line."""
    # Control characters would go to the terminal by the shell's own list of candidates.
    lines = (f"{each.value}\t{each.meaning}\n" for each in candidates if "".join(each).isprintable())
    return _encoded("".join(lines))


def parse(lines: bytes) -> tuple[Candidate, ...]:
    """Return the names in a text; a line that is cut off is none."""
    whole = lines.decode(errors="surrogateescape").split("\n")[:-1]
    return tuple(Candidate(name, meaning) for name, _, meaning in (line.partition("\t") for line in whole))


def _encoded(words: str) -> bytes:
    return words.encode(errors="surrogateescape")


def _path(key: str) -> str | None:
    """Return the file of `key`; None where there is no folder that is the user's alone."""
    folder = os.path.join(cache_folder(), "completion")
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        status = os.stat(folder)
    except OSError:
        return None
    # Names of topics may be confidential, and a file of somebody else's could hold what a shell would run.
    is_private = status.st_uid == os.getuid() and not status.st_mode & 0o077
    return os.path.join(folder, f"{crc32(_encoded(key)):08x}") if is_private else None


def _forget(folder: str) -> None:
    """Delete what is old, and what a killed process left."""
    for entry in os.scandir(folder):
        if time.time() - entry.stat().st_mtime > FORGOTTEN_SECONDS:
            os.unlink(entry.path)
