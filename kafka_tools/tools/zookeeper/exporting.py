"""`ktools zookeeper --export FILE`: all that Kafka keeps in ZooKeeper, as JSON, for a support case."""

import json
from collections.abc import Iterator, Sequence
from time import gmtime, strftime
from typing import Any, NamedTuple

from kafka_tools import __version__
from kafka_tools.errors import KafkaToolError
from kafka_tools.model import addresses
from kafka_tools.model.folders import write_file
from kafka_tools.model.target import ZooKeeper
from kafka_tools.model.units import count
from kafka_tools.model.znode_export import LEFT_OUT, exported
from kafka_tools.report import Report

EXPORT_SECONDS = 120.0
"""How long a session, and all that is read in it, is waited for."""

COLUMNS = {"path": "File", "znodes": "Znodes", "left_out": "Left out"}


class ExportZnodes(NamedTuple):
    """Asks for all of Kafka's znodes in a file."""

    target: ZooKeeper
    path: str


class ExportRow(NamedTuple):
    """What was written: how many znodes, and of how many of them something secret was left out."""

    path: str
    znodes: int
    left_out: int


def export(request: ExportZnodes) -> Report:
    """Write the znodes and how the servers are: the whole file, or none. Raises KafkaToolError."""
    from kafka_tools.zookeeper.ensemble import survey

    servers, found = survey(request.target, _read, EXPORT_SECONDS)
    if isinstance(found, KafkaToolError):
        # Half of the znodes would mislead whoever reads the file.
        raise found
    config, znodes = found
    said = {
        # A server that does not answer is part of the case, and does not keep the file from being written.
        addresses.text(address): server.message if isinstance(server, KafkaToolError) else server._asdict()
        for address, server in servers.items()
    }
    head = {
        "ktools": __version__,
        "exported": strftime("%Y-%m-%dT%H:%M:%SZ", gmtime()),
        "connect": request.target.connect,
        "servers": said,
        "config": config,
    }
    write_file(request.path, "\n".join(_document(head, znodes)))
    # Znodes, not secrets: one may hold several. It stands in the words at the end, so that
    # nobody sends the file unread.
    left_out = sum(LEFT_OUT in json.dumps(each["data"]) for each in znodes)
    row = ExportRow(request.path, len(znodes), left_out)
    secrets = f", secrets of {count(left_out, 'znode')} left out" if left_out else ""
    words = f"Wrote {count(len(znodes), 'znode')} to {request.path}{secrets}."
    return Report([row], COLUMNS, [words])


def _read(target: ZooKeeper) -> tuple[str | None, Sequence[dict[str, Any]]]:
    from kafka_tools.zookeeper.ensemble import read_config
    from kafka_tools.zookeeper.export import read_all
    from kafka_tools.zookeeper.session import connected

    with connected(target) as client:
        # Secrets are taken out here already: what is kept in memory until the file is written has none.
        return read_config(client), [exported(*each) for each in read_all(client)]


def _document(head: dict[str, Any], znodes: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Yield one JSON object with a znode a line: so that it can be searched by line, too."""
    # The head without its closing brace, as the znodes are one more member of the same object.
    yield json.dumps(head)[:-1] + ', "znodes": ['
    lines = [json.dumps(each) for each in sorted(znodes, key=lambda each: str(each["path"]))]
    yield ",\n".join(lines)
    yield "]}\n"
