"""What a sandbox will be: from the user's wish to one version of Kafka, servers, and ports that are free."""

import json
import random
import re
import socket
import tempfile
import time
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from kafka_tools.errors import KafkaToolError, UsageError
from kafka_tools.model.folders import replace_file
from kafka_tools.sandbox import credentials, jars, maven
from kafka_tools.sandbox.endpoints import HOST
from kafka_tools.sandbox.maven import kafka
from kafka_tools.sandbox.state_file import PROTOCOLS, Sandbox, Server

ZOOKEEPER_DEFAULT = "3.9.1"
PINNED = {"2.8": "2.8.2", "3.9": ZOOKEEPER_DEFAULT}
LOWEST, FIRST_KRAFT, FIRST_SCRAM_IN_KRAFT, FIRST_WITHOUT_ZOOKEEPER, BEYOND = (2, 8), (3, 3), (3, 5), (4, 0), (5, 0)
FRESH_SECONDS = 24 * 3600

# Below the range from which systems take the ports of outgoing connections (Linux from 32768, macOS from 49152): else a
# client that keeps trying a dead broker's port is now and then connected to itself, and the broker cannot come back.
LOWEST_PORT, HIGHEST_PORT = 20_000, 32_000
BLOCK = 20
TRIES = 200


@dataclass(frozen=True, slots=True)
class Wish:
    """What `up` was asked for; None is "whatever is usual, or runs already"."""

    brokers: int | None = None
    zookeepers: int | None = None
    mode: str | None = None
    kafka_version: str | None = None
    racks: int | None = None
    security: str | None = None


def new_sandbox(wish: Wish, free: Sequence[int]) -> Sandbox:
    """Lay out a new sandbox on the free ports. Raises UsageError if the wish contradicts itself."""
    choice = choose(wish.mode, wish.kafka_version, published)
    if choice.mode == "kraft" and wish.zookeepers:
        raise UsageError(f"--zookeepers: Kafka {choice.version} runs without ZooKeeper here (--mode kraft)")
    secured = wish.security or "plaintext"
    if secured != "plaintext":
        check_secured(choice, PROTOCOLS[secured].startswith("SASL"))
        credentials.check_installed()
    given = iter(free)
    brokers = range(1, (wish.brokers or 3) + 1)
    zookeepers = () if choice.mode == "kraft" else range(1, (wish.zookeepers or 1) + 1)
    # Clients' ports come first and in order, so that people can guess the next one: 20001, 20002, …
    servers = [Server("zookeeper", id_, next(given)) for id_ in zookeepers]
    servers += [Server("broker", id_, next(given), rack=rack(id_, wish.racks)) for id_ in brokers]
    servers = [
        replace(each, peer_ports=tuple(next(given) for _ in range(_peers(each, choice.mode)))) for each in servers
    ]
    if PROTOCOLS[secured].endswith("SSL"):
        servers = [replace(each, secure_port=next(given)) if each.role == "zookeeper" else each for each in servers]
    return Sandbox(choice.version, choice.mode, new_cluster_id(), tuple(servers), security=secured)


def rack(broker: int, racks: int | None) -> str | None:
    """Return the rack of a broker when they are spread over `racks` racks in turn; None without racks."""
    return f"rack-{(broker - 1) % racks + 1}" if racks else None


def new_cluster_id() -> str:
    """Return a cluster id as Kafka's Uuid.randomUuid writes it: 22 letters that do not begin with a dash."""
    while (text := urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")).startswith("-"):
        pass
    return text


def _peers(server: Server, mode: str) -> int:
    if server.role == "zookeeper":
        return 2  # quorum and election
    return 1 if mode == "kraft" else 0  # the listener of its controller


@dataclass(frozen=True, slots=True)
class Choice:
    """A full Kafka version and how it is to run: "zookeeper" or "kraft"."""

    version: str
    mode: str


def choose(mode: str | None, asked: str | None, published: Callable[[], Sequence[str]]) -> Choice:
    """Return the Kafka to run; `asked` is "3.9.1", "3.9" or "4", `published` is asked only where that leaves a choice.

    Raises UsageError if it is no version, or one that has not that mode, and KafkaToolError if none is published.
    """
    if asked is None:
        asked = "4" if mode == "kraft" else ZOOKEEPER_DEFAULT
    if not re.fullmatch(r"\d+(\.\d+){0,2}", asked):
        raise UsageError(f"--kafka-version cannot be '{asked}': a version such as 3.9, 2.8.2 or 4 is needed")
    version = complete(asked, published)
    mode = mode or ("kraft" if _numbers(version) >= FIRST_WITHOUT_ZOOKEEPER else "zookeeper")
    _check(version, mode)
    return Choice(version, mode)


def complete(asked: str, published: Callable[[], Sequence[str]]) -> str:
    """Return the full version meant by "3.9" (pinned) or "3.7" (the newest published). Raises KafkaToolError."""
    if not LOWEST <= _numbers(asked if "." in asked else f"{asked}.99") < BEYOND:
        raise UsageError(f"--kafka-version cannot be {asked}: the sandbox runs Kafka 2.8 to 4")
    if asked.count(".") == 2:
        return asked
    if asked in PINNED:
        return PINNED[asked]
    released = [each for each in published() if re.fullmatch(r"[\d.]+", each) and each.startswith(f"{asked}.")]
    if not released:
        raise KafkaToolError(f"No Kafka {asked} is known here, and Maven Central names none.", "Is the network there?")
    return max(released, key=_numbers)


def ask_maven_central() -> Sequence[str]:
    """Return the versions at Maven Central, none where it does not answer.

    jgo needs one request for what takes Maven several seconds.
    """
    with tempfile.TemporaryDirectory() as folder:
        if not jars.has_jgo():
            return maven.versions(Path(folder), kafka("[4.0,5.0)")) if maven.installed() else ()
        from kafka_tools.sandbox import jgo_resolver

        return jgo_resolver.versions(Path(folder), kafka("4.0.0"))


def published(ask: Callable[[], Sequence[str]] = ask_maven_central) -> Sequence[str]:
    """Return the versions at Maven Central, as known for less than a day; offline what was known or fetched ever.

    Raises KafkaToolError if nothing is known and nothing installed can ask.
    """
    cache = jars.cache_folder() / "versions.json"
    known, age = _remembered(cache)
    if known and 0 <= age < FRESH_SECONDS:
        return known
    # Offline an old answer is better than none: a version that is in the cache runs without the network.
    there = known or jars.versions_in_cache()
    if not there:
        jars.check_fetching()
    found = ask()
    if found:
        replace_file(str(cache), json.dumps(found).encode())
    return found or there


def _remembered(cache: Path) -> tuple[Sequence[str], float]:
    """Return the versions remembered and how many seconds ago they were asked for."""
    try:
        return tuple(json.loads(cache.read_bytes())), time.time() - cache.stat().st_mtime
    except (OSError, ValueError):
        return (), 0.0


def _check(version: str, mode: str) -> None:
    if mode == "zookeeper" and _numbers(version) >= FIRST_WITHOUT_ZOOKEEPER:
        raise UsageError(f"Kafka {version} has no ZooKeeper mode: --mode kraft, or --kafka-version 3.9")
    if mode == "kraft" and _numbers(version) < FIRST_KRAFT:
        raise UsageError(
            f"Kafka {version} has no KRaft mode to rely on: --mode zookeeper, or --kafka-version 3.3 or newer"
        )


def check_secured(choice: Choice, sasl: bool) -> None:
    """Raise UsageError where that Kafka cannot keep SCRAM's users (KIP-900: KRaft can since 3.5)."""
    if sasl and choice.mode == "kraft" and _numbers(choice.version) < FIRST_SCRAM_IN_KRAFT:
        raise UsageError(f"--security: Kafka {choice.version} has no SCRAM in KRaft mode: --kafka-version 3.5 or newer")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in version.split("."))


@contextmanager
def free_block() -> Iterator[range]:
    """Give BLOCK - 1 neighbouring ports on which nothing listens now, and which no other sandbox takes meanwhile.

    The port behind them is held until the end: by this process, so that it is free when that dies. Raises
    KafkaToolError if there are none.
    """
    for _ in range(TRIES):
        # Drawn by lot: sandboxes that start together would all try the lowest free ones.
        first = random.randrange(LOWEST_PORT, HIGHEST_PORT, BLOCK)
        block = range(first, first + BLOCK - 1)
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as guard:
            try:
                guard.bind((HOST, block.stop))
            except OSError:
                continue
            if all_free(block):
                yield block
                return
    raise KafkaToolError(
        f"No {BLOCK} neighbouring free ports were found on {HOST} between {LOWEST_PORT} and {HIGHEST_PORT}."
    )


def all_free(ports: Iterable[int]) -> bool:
    """Say whether each of the ports can be listened on."""
    return all(_free(port) for port in ports)


def _free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As Java's servers do: a port in TIME_WAIT, of a sandbox that has just ended, is free to them.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
