"""Types of option values: how a text is read, in Java's words where it is refused, and what completes it.

What is no value raises UsageError, or KafkaToolError where Apache's tools tell it as a failure of the command; never
click's BadParameter, whose words and exit status (2) are another's.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click

from kafka_tools.errors import KafkaToolError, UsageError
from kafka_tools.model.text import MAX_STRING, is_sendable

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from kafka_tools.model.assignment import Assignment

EMPTY = "Is a variable not set?"

MAX_DIGITS = 5000
"""Python refuses to read longer numbers (sys.int_info, CVE-2020-10735); no number of Java's is near."""


def option_name(param: click.Parameter | None) -> str:
    """Return what an option is called in Apache's messages: `replication-factor` for `--replication-factor`."""
    return param.opts[0].lstrip("-") if param is not None and param.opts else "value"


class _Suggested:
    """What a shell completes a value with: `completes` are the words, or the kind of names, that it may be."""

    completes: str | tuple[str, ...] = ""

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> "list[CompletionItem]":
        """Return what the value may be, also what does not begin with `incomplete`."""
        from kafka_tools.cli.suggestions import items

        return items(self.completes, incomplete, ctx.params)


class Text(_Suggested, click.ParamType[str]):
    """Any text; `metavar` is what the help calls it."""

    name = "text"

    def __init__(self, metavar: str, completes: str | tuple[str, ...] = "") -> None:
        self.metavar = metavar
        self.completes = completes

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """Return what the help calls the value."""
        return self.metavar


class Sent(Text):
    """A name that goes to brokers. Raises KafkaToolError for one that Kafka's protocol cannot carry."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name."""
        # confluent-kafka (2.16) raises a UnicodeEncodeError, ValueError or RuntimeError for such a name, or ends the
        # process: which one depends on the call.
        if not is_sendable(value):
            raise KafkaToolError(f"--{option_name(param)}: '{value}' is not UTF-8 text.")
        if len(value.encode()) > MAX_STRING:
            raise KafkaToolError(f"--{option_name(param)}: no name in Kafka has more than {MAX_STRING:,} bytes.")
        return str(value)


class Filled(Text):
    """A text that is not empty: the name of a file, or addresses; `what` says which to who left it empty."""

    def __init__(self, metavar: str, completes: str, what: str) -> None:
        super().__init__(metavar, completes)
        self.what = what

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text. Raises UsageError for an empty one.

        A script whose variable is not set gives it. It must not mean the same as an option that is left out: that may
        be another cluster, a login without a password, or all partitions.
        """
        if not value.strip():
            raise UsageError(f"--{option_name(param)}: '{value}' is not {self.what}", EMPTY)
        return str(value)


class Word(Text):
    """One of a few words. Raises UsageError that lists them for any other."""

    def __init__(self, metavar: str, words: Sequence[str]) -> None:
        super().__init__(metavar, tuple(words))
        self.words = tuple(words)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the word."""
        if value not in self.words:
            raise UsageError(f"--{option_name(param)} cannot be '{value}'", f"Choose from: {', '.join(self.words)}")
        return str(value)


class WholeNumber(click.ParamType[int]):
    """A whole number of Java's `int` or `long`, as Integer.valueOf and Long.valueOf read it."""

    name = "number"

    def __init__(self, bits: int, metavar: str = "N") -> None:
        self.limit = 1 << (bits - 1)
        self.metavar = metavar

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number. Raises KafkaToolError in joptsimple's words where Java refuses the text."""
        text = str(value)
        # Java takes one sign and ASCII digits. Python's int() would also take blanks, `1_000` and Arabic digits.
        digits = text.removeprefix("-") if text.startswith("-") else text.removeprefix("+")
        if digits.isdecimal() and digits.isascii() and len(digits) < MAX_DIGITS:
            number = int(text)
            if -self.limit <= number < self.limit:
                return number
        raise KafkaToolError(f"Cannot parse argument '{text}' of option {option_name(param)}")

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """Return what the help calls the value."""
        return self.metavar


class Seconds(click.ParamType[float]):
    """A number of seconds above 0, with or without a fraction."""

    name = "seconds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the seconds. Raises UsageError for anything else."""
        try:
            seconds = float(value)
        except ValueError:
            seconds = 0.0
        # Written so that it refuses `nan`, too, which is neither below nor above anything.
        if not 0 < seconds < float("inf"):
            raise UsageError(f"--{option_name(param)}: '{value}' is no number of seconds")
        return seconds


class Parsed(_Suggested, click.ParamType[Any]):
    """A value that `read` makes of the option's name and the text."""

    name = "value"

    def __init__(self, metavar: str, read: Callable[[str, str], Any], completes: str | tuple[str, ...] = "") -> None:
        self.metavar = metavar
        self.read = read
        self.completes = completes

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return what `read` returns. Raises what it raises: KafkaToolError or UsageError."""
        return self.read(option_name(param), value) if isinstance(value, str) else value

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """Return what the help calls the value."""
        return self.metavar


def _broker_ids(option: str, text: str) -> tuple[int, ...]:
    ids = [word.strip() for word in text.split(",")]
    if not all(word.isdecimal() and word.isascii() and len(word) < MAX_DIGITS for word in ids):
        raise UsageError(f"--{option}: '{text}' is no list of broker ids")
    # Each once, in the order in which they were typed.
    return tuple(dict.fromkeys(map(int, ids)))


def _assignment(_: str, text: str) -> "Assignment":
    from kafka_tools.model import assignment

    return assignment.parse(text)


def _topic_id(_: str, text: str) -> str | None:
    from kafka_tools.model.topic_names import checked_topic_id

    return checked_topic_id(text)


class Range(_Suggested, click.IntRange):
    """A whole number of a small range, which a shell can list."""

    def __init__(self, least: int, most: int) -> None:
        super().__init__(least, most)
        self.completes = tuple(map(str, range(least, most + 1)))


def listed(text: str | None) -> tuple[str, ...] | None:
    """Return the words of a list; None where the option was not given, no words where it had no value."""
    # consumer-groups: `--list --state` shows the states of all groups, `--list` none.
    if text is None:
        return None
    return tuple(word.strip() for word in text.split(",") if word.strip())


def words(metavar: str, suggested: Iterable[str]) -> Text:
    """Return the type of a text of which a shell suggests these words, and which may be another."""
    return Text(metavar, tuple(suggested))


INTEGER = WholeNumber(32)
LONG = WholeNumber(64)
SECONDS = Seconds()
BROKER_IDS = Parsed("N[,M…]", _broker_ids, "brokers")
"""Ids of brokers, each once: `3` or `3,4`."""

REPLICA_ASSIGNMENT = Parsed("1:2,2:3,…", _assignment, "replicas")
"""Broker ids for each partition. Raises KafkaToolError in the words of kafka-topics.sh."""

TOPIC = Sent("TOPIC", "topic")
TOPICS = Sent("TOPIC[,…]", "topics")
TOPIC_ID = Parsed("ID", _topic_id)
"""A topic's id in Kafka's base64 form. Raises KafkaToolError in the words of org.apache.kafka.common.Uuid."""

GROUP = Sent("GROUP", "group")
JOINED_GROUP = Text("GROUP", "group")
"""The group that a consumer joins: `model.groups.joined` reads it, as Java's consumer does."""

SHARE_GROUP, STREAMS_GROUP = Sent("GROUP", "share-group"), Sent("GROUP", "streams-group")
CLIENT_METRICS = Text("NAME", "client-metrics")
CLIENT_SELECTORS = Text("NAME=PATTERN[,…]", "client-selector")
METRIC_PREFIXES = words("PREFIX[,…]", ("*", *(f"org.apache.kafka.{each}." for each in ("consumer", "producer"))))
TOKEN_PRINCIPAL = Text("TYPE:NAME", "token-principal")
SECRET = Text("SECRET")
FILE = Filled("FILE", "files", "the name of a file")
FILES = Filled("FILE[,…]", "files", "a list of files")
DIRECTORY = Text("DIR", "directories")
BOOTSTRAP_SERVER = Filled("HOST:PORT[,…]", "bootstrap-servers", "HOST:PORT[,HOST:PORT…]")
ZOOKEEPER = Filled("HOST:PORT[,…][/CHROOT]", "zookeeper", "HOST:PORT[,HOST:PORT…][/CHROOT]")
CLIENT_SETTING = Text("NAME=VALUE", "client-setting")
TOPIC_CONFIG = Text("NAME=VALUE", "topic-config")
TOPIC_CONFIG_NAME = Text("NAME", "topic-config-name")
CONTEXT = Text("CONTEXT", "context")
SERVER = Text("SERVER", "server")
COLUMNS = Text("NAME[,NAME…]")
SORT_ORDER = Text("NAME[:desc][,…]")
