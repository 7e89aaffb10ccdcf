"""What `ktools log-dirs` shows a person: the directories, the topics by brokers, and the copies that are under way."""

from collections.abc import Mapping, Sequence
from dataclasses import make_dataclass
from typing import NamedTuple

from kafka_tools.model.log_dirs import Described, LogDirDescription, broker_sizes, skew, topic_sizes
from kafka_tools.model.units import count, size
from kafka_tools.render.views import NOTHING, Level, Mark, Table, level

FEW_BROKERS, MOST_BROKERS = 3, 12
"""With more than FEW_BROKERS the broker with most of a topic has a column; with more than MOST_BROKERS no others do."""

LITTLE_ROOM = 0.1
"""The share of a volume that should be free; below it, a few hours of growth may stop the broker."""


class LogDirView(NamedTuple):
    """A directory for a person."""

    broker: int
    directory: str
    replicas: int
    size: Mark
    volume: Mark | None
    free: Mark | None
    state: Mark


class FutureView(NamedTuple):
    """A copy that is under way, for a person: `lag` counts offsets."""

    topic: str
    partition: int
    broker: int
    directory: str
    size: Mark
    lag: int


LOG_DIR_COLUMNS = {
    "broker": "Broker",
    "directory": "Directory",
    "replicas": "Replicas",
    "size": "Size",
    "volume": "Volume",
    "free": "Free",
    "state": "State",
}
FUTURE_COLUMNS = {
    "topic": "Topic",
    "partition": "Partition",
    "broker": "Broker",
    "directory": "To directory",
    "size": "Copied",
    "lag": "Lag",
}


def views(described: Described, silent: Sequence[int], growth: Mapping[str, int] | None) -> list[Table]:
    """Return the tables; `silent` are brokers that did not answer, `growth` the bytes by which each topic has grown.

    Without `growth` (None) no column tells of it.
    """
    sizes = topic_sizes(described)
    found = [_directories(described, silent, sizes)]
    if sizes:
        found.append(_topics(sizes, sorted(described), growth))
    moving = _moving(described)
    return [*found, moving] if moving.rows else found


def _directories(described: Described, silent: Sequence[int], sizes: Mapping[str, Mapping[int, int]]) -> Table:
    log_dirs = [(broker, log_dir) for broker, each in sorted(described.items()) for log_dir in each]
    dead = [log_dir for _, log_dir in log_dirs if log_dir.error]
    columns = dict(LOG_DIR_COLUMNS)
    if not dead:
        del columns["state"]
    replicas = sum(len(log_dir.replicas) for _, log_dir in log_dirs)
    on_brokers = broker_sizes(sizes, described)
    return Table(
        # The worst news first: sorted() leaves the others in their order.
        rows=[_log_dir(*each) for each in sorted(log_dirs, key=lambda each: each[1].error is None)],
        columns=columns,
        title=count(len(described), "broker"),
        facts=[
            count(len(sizes), "topic"),
            count(replicas, "replica"),
            size(sum(on_brokers.values())),
            *_evenness(on_brokers),
        ],
        spare=("volume", "replicas"),
        summary=_summary(len(dead), len(log_dirs), silent),
    )


def _evenness(on_brokers: Mapping[int, int]) -> list[str]:
    # None where nothing is stored at all: there is no mean to be compared with.
    uneven = skew(on_brokers, len(on_brokers))
    if uneven is None or len(on_brokers) == 1:
        return []
    fullest = max(on_brokers, key=lambda broker: on_brokers[broker])
    return [f"broker {fullest} holds {uneven:.2f} times the mean"]


def _summary(dead: int, log_dirs: int, silent: Sequence[int]) -> Mark | None:
    said = [f"dead directories: {dead} of {log_dirs}"] if dead else []
    if silent:
        said.append(f"not known: broker{'' if len(silent) == 1 else 's'} {', '.join(map(str, silent))}")
    return Mark(" · ".join(said), Level.BROKEN) if said else None


def _log_dir(broker: int, log_dir: LogDirDescription) -> LogDirView:
    total, free = log_dir.total_bytes, log_dir.usable_bytes
    # Of the volume, which other directories and programs may share.
    is_tight = total is not None and free is not None and free < LITTLE_ROOM * total
    return LogDirView(
        broker,
        log_dir.path,
        len(log_dir.replicas),
        Mark(size(sum(replica.size for replica in log_dir.replicas))),
        None if total is None else Mark(size(total)),
        None if free is None else Mark(size(free), level(False, is_tight)),
        Mark(f"dead: {log_dir.error.message}", Level.BROKEN) if log_dir.error else NOTHING,
    )


def _topics(sizes: Mapping[str, Mapping[int, int]], brokers: Sequence[int], growth: Mapping[str, int] | None) -> Table:
    columns = {"topic": "Topic", "total": "Size", "growth": "Growth", "skew": "Skew"}
    if growth is None:
        del columns["growth"]
    if len(brokers) > FEW_BROKERS:  # not all of their columns may fit: the one that matters most stays
        columns["fullest"] = "Most on"
    each_broker = {f"broker_{broker}": f"Broker {broker}" for broker in brokers if len(brokers) <= MOST_BROKERS}
    columns |= each_broker
    # The columns depend on the brokers, and a renderer takes the fields of a dataclass for the keys.
    view = make_dataclass("TopicView", columns, frozen=True, slots=True)
    rows = []
    for topic, on_brokers in sizes.items():
        # Over all brokers: one that has nothing of the topic lowers the mean.
        uneven = skew(on_brokers, len(brokers))
        fullest = max(on_brokers, key=lambda broker: on_brokers[broker])
        cells = {
            "topic": topic,
            "total": Mark(size(sum(on_brokers.values()))),
            "growth": None if growth is None or topic not in growth else Mark(_signed(growth[topic])),
            "skew": None if uneven is None else Mark(f"{uneven:.2f}"),
            "fullest": f"{fullest}: {size(on_brokers[fullest])}",
        }
        cells |= {
            f"broker_{broker}": Mark(size(on_brokers[broker])) if broker in on_brokers else None for broker in brokers
        }
        rows.append(view(**{name: cells[name] for name in columns}))
    notes = [Mark("Skew: what the fullest broker holds, by the mean of all brokers.")] if len(brokers) > 1 else []
    # On a narrow terminal the brokers with the highest ids go first; the topic, its size and "Most on" stay.
    return Table(rows, columns, spare=(*reversed(each_broker), "skew"), notes=notes)


def _signed(grown: int) -> str:
    # A topic shrinks when its retention deletes a segment.
    return size(grown) if grown <= 0 else f"+{size(grown)}"


def _moving(described: Described) -> Table:
    rows = [
        FutureView(*replica.partition, broker, log_dir.path, Mark(size(replica.size)), replica.offset_lag)
        for broker, log_dirs in sorted(described.items())
        for log_dir in log_dirs
        for replica in sorted(log_dir.replicas)
        if replica.is_future
    ]
    return Table(rows, FUTURE_COLUMNS, title="Copies under way to another directory", spare=("size",))
