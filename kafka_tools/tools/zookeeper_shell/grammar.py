"""The commands of ZooKeeper's shell and how a line of it is read (org.apache.zookeeper.ZooKeeperMain 3.8)."""

import re
from collections import deque
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from kafka_tools.errors import KafkaToolError

if TYPE_CHECKING:
    from kafka_tools.zookeeper.shell import ZooKeeperShell

NOT_FOUND = 127
"""The exit status for a command that is not there (CommandNotFoundException)."""

WORD = re.compile(r"""\s*([^"']\S*|"[^"]*"|'[^']*')\s*""")
QUOTED = re.compile(r"""(['"])(.*)\1""", re.DOTALL)
QUOTAS = {"n": "num soft quota", "b": "bytes soft quota", "N": "num hard quota", "B": "bytes hard quota"}


class Grammar(NamedTuple):
    """What may stand behind a command: `usage` in Apache's words, options that are `flags` or have `values`, of which
    some exclude each other, and how many `words` it needs. `changes`: it changes znodes. `watches`: a second word was
    once the wish to watch."""

    usage: str
    flags: str = ""
    values: tuple[str, ...] = ()
    words: int = 0
    changes: bool = False
    watches: bool = False
    one_of: str = ""


COMMANDS: Mapping[str, Grammar] = {
    "addWatch": Grammar(
        "[-m mode] path # optional mode is one of [PERSISTENT, PERSISTENT_RECURSIVE] - default is PERSISTENT_RECURSIVE",
        "",
        ("m",),
        1,
    ),
    "addauth": Grammar("scheme auth", words=1),
    "close": Grammar(""),
    "config": Grammar("[-c] [-w] [-s]", "cws"),
    "connect": Grammar("host:port"),
    "create": Grammar("[-s] [-e] [-c] [-t ttl] path [data] [acl]", "sec", ("t",), 1, changes=True),
    "delete": Grammar("[-v version] path", "", ("v",), 1, changes=True),
    "deleteall": Grammar("path [-b batch size]", "", ("b",), 1, changes=True),
    "delquota": Grammar("[-n|-b|-N|-B] path", "nbNB", (), 1, changes=True, one_of="nbNB"),
    "get": Grammar("[-s] [-w] path", "sw", (), 1, watches=True),
    "getAcl": Grammar("[-s] path", "s", (), 1),
    "getAllChildrenNumber": Grammar("path", words=1),
    "getEphemerals": Grammar("path"),
    "history": Grammar(""),
    "listquota": Grammar("path", words=1),
    "ls": Grammar("[-s] [-w] [-R] path", "swR", (), 1, watches=True),
    "printwatches": Grammar("on|off"),
    "quit": Grammar(""),
    "reconfig": Grammar(
        "[-s] [-v version] [[-file path] | [-members serverID=host:port1:port2;port3[,...]*]] | "
        "[-add serverId=host:port1:port2;port3[,...]]* [-remove serverId[,...]*]",
        "s",
        ("v", "file", "members", "add", "remove"),
        changes=True,
    ),
    "redo": Grammar("cmdno"),
    "removewatches": Grammar("path [-c|-d|-a] [-l]", "cdal", (), 1),
    "set": Grammar("[-s] [-v version] path data", "s", ("v",), 2, changes=True),
    "setAcl": Grammar("[-s] [-v version] [-R] path acl", "sR", ("v",), 2, changes=True),
    "setquota": Grammar("-n|-b|-N|-B val path", "", ("n", "b", "N", "B"), 1, changes=True, one_of="nbNB"),
    "stat": Grammar("[-w] path", "w", (), 1, watches=True),
    "sync": Grammar("path", words=1),
    "version": Grammar(""),
    "whoami": Grammar(""),
}
"""All commands of ZooKeeper's shell, each with what it takes."""


class Session(Protocol):
    """What a command needs of the shell that runs it."""

    @property
    def znodes(self) -> "ZooKeeperShell":
        """The session with ZooKeeper; it is opened when it is first needed."""
        ...

    def out(self, line: str) -> None:
        """Print a line on stdout."""
        ...

    def err(self, line: str) -> None:
        """Print a line on stderr."""
        ...


class Line(NamedTuple):
    """A command as it was read: `words` are those behind its name that are no options."""

    command: str
    flags: frozenset[str] = frozenset()
    values: Mapping[str, str] = {}
    words: tuple[str, ...] = ()

    def number(self, option: str, otherwise: int, message: str = "") -> int:
        """Return the value of an option as a number. Raises KafkaToolError with `message` where it is none."""
        text = self.values.get(option)
        if text is None:
            return otherwise
        if not re.fullmatch(r"[+-]?[0-9]{1,19}", text):
            raise KafkaToolError(message or f"-{option}: '{text}' is no whole number")
        return int(text)


def split(line: str) -> list[str]:
    """Return the words of a line; what stands in quotes is one word, without them."""
    # ARGS_PATTERN of ZooKeeperMain: a quote in the middle of a word is a letter like others, and there is no escape.
    return [QUOTED.sub(r"\2", word) if QUOTED.fullmatch(word) else word for word in WORD.findall(line)]


def usage_lines() -> list[str]:
    """Return what is said to whoever types a command that is not there."""
    commands = (f"\t{name} {COMMANDS[name].usage}" for name in sorted(COMMANDS))
    return ["ZooKeeper -server host:port [-zk-tls-config-file <file>] cmd args", *commands]


def parse(words: Sequence[str]) -> Line:
    """Read the words of a command that is there, by the rules of commons-cli's DefaultParser (1.5).

    Raises KafkaToolError in its words, or with the command's usage where words are missing.
    """
    name, grammar = words[0], COMMANDS[words[0]]
    rest = deque(words[1:])
    flags: set[str] = set()
    values: dict[str, str] = {}
    others: list[str] = []
    while rest:
        word = rest.popleft()
        # Everything behind it is no option.
        if word == "--":
            others += rest
            break
        # Options may stand anywhere, as DefaultParser is asked not to stop at the first word that is none.
        if not word.startswith("-") or word == "-":
            others.append(word)
            continue
        for option, value in _options(grammar, word):
            _check_alone(grammar, option, (*flags, *values))
            if option in grammar.values:
                values[option] = value or _value(grammar, option, rest)
            else:
                flags.add(option)
    # setquota needs one of its group (OptionGroup.setRequired); delquota, whose options are flags, does without.
    if grammar.one_of and grammar.values and not values:
        wanted = ", ".join(f"-{letter} {QUOTAS[letter]}" for letter in grammar.one_of)
        raise _refusal("MissingOption", f"Missing required option: [{wanted}]")
    if len(others) < grammar.words:
        raise KafkaToolError(f"{name} {grammar.usage}")
    return Line(name, frozenset(flags), values, tuple(others))


def _options(grammar: Grammar, word: str) -> list[tuple[str, str]]:
    """Return the options that a word names, each with the value that is attached to it, if any."""
    name, _, attached = word.lstrip("-").partition("=")
    # `-v3` and `-v=3` both attach a value; `-members=…` has a name of several letters.
    if name in grammar.values:
        return [(name, attached)]
    # `-sw` is -s -w.
    if name and all(letter in grammar.flags for letter in name) and not attached:
        return [(letter, "") for letter in name]
    if name[:1] in grammar.values and not word.startswith("--"):
        return [(name[0], word[2:])]
    raise _refusal("UnrecognizedOption", f"Unrecognized option: {word}")


def _check_alone(grammar: Grammar, option: str, given: Sequence[str]) -> None:
    group = grammar.one_of
    # The same option twice is no conflict (OptionGroup.setSelected 1.5): the last value counts.
    before = next((each for each in given if option in group and each in group and each != option), None)
    if before is not None:
        raise _refusal(
            "AlreadySelected",
            f"The option '{option}' was specified but an option from this group has already been selected: '{before}'",
        )


def _value(grammar: Grammar, option: str, rest: "deque[str]") -> str:
    # `-v -1` is version -1 (any), and no option -1.
    negative = bool(rest) and re.fullmatch(r"-[0-9]+(\.[0-9]*)?", rest[0]) is not None
    if not rest or (rest[0].startswith("-") and not negative and rest[0] != "-" and _is_option(grammar, rest[0])):
        raise _refusal("MissingArgument", f"Missing argument for option: {option}")
    return rest.popleft()


def _is_option(grammar: Grammar, word: str) -> bool:
    name = word.lstrip("-").partition("=")[0]
    return name in grammar.values or name[:1] in grammar.flags


def _refusal(kind: str, message: str) -> KafkaToolError:
    return KafkaToolError(f"org.apache.commons.cli.{kind}Exception: {message}")
