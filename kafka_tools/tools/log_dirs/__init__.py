"""`ktools log-dirs`: kafka-log-dirs.sh (org.apache.kafka.tools.LogDirsCommand, Kafka 3.9)."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import click

from kafka_tools.cli import options, types
from kafka_tools.cli.command import ErrorStyle, ToolCommand
from kafka_tools.cli.options import ACTION, FILTERS, option
from kafka_tools.errors import KafkaToolError, UsageError, as_java_prints, java_class
from kafka_tools.model.java_hash_order import (
    capacity_for,
    copied_capacity,
    hash_order,
    keys_in_hash_order,
    partition_order,
)
from kafka_tools.model.log_dirs import Described, LogDirDescription, topic_sizes
from kafka_tools.model.target import Brokers
from kafka_tools.report import Report
from kafka_tools.settings import choice as settings

if TYPE_CHECKING:
    from kafka_tools.brokers.log_dirs import BrokerLogDirs
    from kafka_tools.render.views import View

DESCRIPTION = """\
Show the directories of brokers, and how much of which topic is in them.

In a pipe Apache's JSON; on a terminal the directories with their volumes (Kafka 3.3 and later), the topics by brokers,
largest first, and the copies that are under way to another directory."""

QUERYING = "Querying brokers for log directories information"

SIZES_SEEN: dict[str, int] = {}
"""The bytes of each topic at the last round of --watch, from which its growth is told."""


class DescribeLogDirs(NamedTuple):
    """Asks these brokers (none: all) for their directories with the replicas of these topics (none: all).

    `is_watched`: it is asked again and again, and growth is shown.
    """

    target: Brokers
    brokers: frozenset[int]
    topics: frozenset[str]
    is_watched: bool = False


class LogDirRow(NamedTuple):
    """One replica in a directory, or a directory without replicas (None). Sizes are in bytes."""

    broker: int
    log_dir: str
    topic: str | None
    partition: int | None
    size: int | None
    offset_lag: int | None
    is_future: bool | None
    error: str | None
    total_bytes: int | None
    usable_bytes: int | None


COLUMNS = {
    "broker": "Broker",
    "log_dir": "Directory",
    "topic": "Topic",
    "partition": "Partition",
    "size": "Size",
    "offset_lag": "Lag",
    "is_future": "Future",
    "error": "Error",
    "total_bytes": "Volume",
    "usable_bytes": "Free",
}


def check(_: str, given: frozenset[str]) -> None:
    """Raise UsageError where --describe is missing, as LogDirsCommandOptions (3.9) does."""
    if "describe" not in given:
        raise UsageError('Missing required argument "[describe]"')


@click.command(
    "log-dirs",
    cls=ToolCommand,
    help=DESCRIPTION,
    purpose="This tool helps to query log directory usage on the specified brokers.",
    check=check,
    error_style=ErrorStyle(""),
)
@option(ACTION, "--describe", help="Show the directories: the only thing that this tool does.")
@options.bootstrap_server
@options.command_config
@options.client_settings
@options.wait
@option(FILTERS, "--topic-list", type=types.TOPICS, help="Only replicas of these topics.")
@option(FILTERS, "--broker-list", type=types.Text("N[,M…]", "brokers"), help="Only the directories of these brokers.")
@options.watch
@click.pass_context
def command(
    ctx: click.Context,
    *,
    describe: bool,  # noqa: ARG001  the only action
    bootstrap_server: str | None,
    command_config: str | None,
    client_settings: tuple[str, ...],
    wait: float | None,
    topic_list: str | None,
    broker_list: str | None,
) -> Report:
    """Choose the cluster and show its directories."""
    # splitAtCommasAndFilterOutEmpty (3.9): `1,,2` and an empty list are fine, and mean 1,2 and all.
    brokers = frozenset(_broker(word) for word in (broker_list or "").split(",") if word)
    topics = frozenset(word for word in (topic_list or "").split(",") if word)
    target = settings.choose_brokers(bootstrap_server, command_config, client_settings, wait or 0.0)
    return describe_log_dirs(DescribeLogDirs(target, brokers, topics, ctx.params.get("watch") is not None))


def _broker(word: str) -> int:
    """Return a broker's id. Raises KafkaToolError in the words of java.lang.Integer."""
    try:
        return types.INTEGER.convert(word, None, None)
    except KafkaToolError as error:
        raise KafkaToolError(f'For input string: "{word}"', "--broker-list takes ids of brokers: 1,2,3.") from error


def describe_log_dirs(request: DescribeLogDirs) -> Report:
    """Return what the brokers have in their directories; status 1 where one does not tell, or a directory is dead.

    Raises KafkaToolError for a broker that is not there, and where no broker is reached.
    """
    from kafka_tools.brokers.log_dirs import open_log_dirs

    with open_log_dirs(request.target) as log_dirs:
        asked = _asked(log_dirs, request.brokers)
        answers = log_dirs.describe(asked)
    failed = {broker: each for broker, each in answers.items() if isinstance(each, KafkaToolError)}
    described = {
        broker: tuple(_of_topics(log_dir, request.topics) for log_dir in each)
        for broker, each in answers.items()
        if not isinstance(each, KafkaToolError)
    }
    # Apache's tool has printed its first line by now; it asks all brokers together, and fails with the first.
    if not described:
        first = next(iter(failed.values()))
        return Report([], COLUMNS, [QUERYING], failure=KafkaToolError(as_java_prints(first), first.hint))
    sizes = topic_sizes(described)
    missing = sorted(request.topics - sizes.keys())
    notes = [f"Broker {broker} does not tell its directories: {error.message}" for broker, error in failed.items()]
    notes += [f"There is no replica of topic '{topic}' on these brokers." for topic in missing]
    # Not left to `tables`, which only a terminal calls: the next round compares its sizes with these.
    growth = _growth(sizes) if request.is_watched else None

    def tables() -> "Sequence[View]":
        from kafka_tools.tools.log_dirs.views import views

        return views(described, sorted(failed), growth)

    return Report(
        rows=_rows(described),
        columns=COLUMNS,
        plain=_lines(asked, described),
        tables=tables,
        notes=notes,
        # A topic may well have no replica on the brokers that were chosen; where all are asked there is no such topic.
        status=int(bool(failed or (missing and not request.brokers))),
    )


def _asked(log_dirs: "BrokerLogDirs", wanted: frozenset[int]) -> list[int]:
    """Return the brokers to ask, in the order in which LogDirsCommand names them, that of a HashSet of numbers.

    Raises KafkaToolError in its words where one of those that are wanted is not there.
    """
    there = log_dirs.brokers()
    # Both lists are printed in the order of Java's HashSets.
    absent = [broker for broker in wanted if broker not in there]
    if absent:
        raise KafkaToolError(
            f"ERROR: The given brokers do not exist from --broker-list: {_commas(_number_order(absent))}. "
            f"Current existent brokers: {_commas(_number_order(there))}"
        )
    asked = wanted or there
    # `new HashSet<>(collection)` starts with more buckets than an empty set, and more of them are another order.
    return _number_order(asked, copied_capacity(len(asked)))


def _number_order(numbers: Iterable[int], capacity: int = 16) -> list[int]:
    # Integer.hashCode is the number itself.
    return keys_in_hash_order(sorted(numbers), capacity, lambda number: number)


def _commas(numbers: Iterable[int]) -> str:
    return ",".join(map(str, numbers))


def _of_topics(log_dir: LogDirDescription, topics: frozenset[str]) -> LogDirDescription:
    if not topics:
        return log_dir
    return log_dir._replace(replicas=tuple(each for each in log_dir.replicas if each.partition.topic in topics))


def _growth(sizes: Mapping[str, Mapping[int, int]]) -> dict[str, int]:
    """Return by how many bytes each topic has grown since the last round; nothing in the first round, nor for a topic
    that is new."""
    now = {topic: sum(on_brokers.values()) for topic, on_brokers in sizes.items()}
    grown = {topic: size - SIZES_SEEN[topic] for topic, size in now.items() if topic in SIZES_SEEN}
    SIZES_SEEN.clear()
    SIZES_SEEN.update(now)
    return grown


def _rows(described: Described) -> Iterator[LogDirRow]:
    for broker, log_dirs in described.items():
        for log_dir in log_dirs:
            error = log_dir.error.message if log_dir.error else None
            volume = (log_dir.total_bytes, log_dir.usable_bytes)
            # An empty directory, or a dead one, of which the broker tells nothing else: it is not to vanish.
            if not log_dir.replicas:
                yield LogDirRow(broker, log_dir.path, None, None, None, None, None, error, *volume)
            for name, size, lag, is_future in log_dir.replicas:
                yield LogDirRow(broker, log_dir.path, *name, size, lag, is_future, error, *volume)


def _lines(asked: Sequence[int], described: Described) -> Iterator[str]:
    """Yield Apache's lines, the last of which is a document of JSON in the order of Java's hash tables."""
    yield QUERYING
    yield f"Received log directory information from brokers {_commas(asked)}"
    # AdminClient collects the brokers' answers in `new HashMap<>(size)` (DescribeLogDirsResult.allDescriptions).
    in_order = _number_order(described, capacity_for(len(described)))
    brokers = [{"broker": broker, "logDirs": _log_dirs(described[broker])} for broker in in_order]
    # Jackson writes no blanks and no escapes beyond those of JSON; the keys are in the order of the tool's HashMaps.
    yield json.dumps({"brokers": brokers, "version": 1}, separators=(",", ":"), ensure_ascii=False)


def _log_dirs(log_dirs: Sequence[LogDirDescription]) -> list[dict[str, object]]:
    # DescribeLogDirsResponse is copied into `new HashMap<>(size)`, hence the capacity.
    by_path = {log_dir.path: log_dir for log_dir in log_dirs}
    return [
        {
            "partitions": _partitions(by_path[path]),
            "error": java_class(error) if (error := by_path[path].error) else None,
            "logDir": path,
        }
        for path in hash_order(by_path, capacity_for(len(by_path)))
    ]


def _partitions(log_dir: LogDirDescription) -> list[dict[str, object]]:
    replicas = {replica.partition: replica for replica in log_dir.replicas}
    # Twice: the tool puts those that it shows into another map, in the order in which it takes them from the first.
    in_order = partition_order(partition_order(replicas))
    return [
        {
            "partition": f"{each.topic}-{each.partition}",
            "size": replicas[each].size,
            "offsetLag": replicas[each].offset_lag,
            "isFuture": replicas[each].is_future,
        }
        for each in in_order
    ]
