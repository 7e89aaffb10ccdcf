"""A port that leads to a real ZooKeeper and damages its answers, and commands that are run through it by the thousand.

By hand, 20,000 of them: `python -m tests.support.lying_zookeeper HOST:PORT/chroot 20000 [FIRST_SEED]`.
"""

import faulthandler
import io
import multiprocessing
import random
import socket
import struct
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout, suppress
from threading import Thread
from typing import NamedTuple

from tests.support.interpreter import most_memory
from tests.support.servers import serving

PROCESSES = 8
MOST_SECONDS, MOST_MEBIBYTES = 40.0, 300
SHORT = {
    "ANSWER_SECONDS": 0.4,
    "CONNECT_SECONDS": 0.6,
    "PROBE_SECONDS": 0.4,
    "END_SECONDS": 0.2,
    "SESSION_SECONDS": 1.0,
}
"""Limits for 2,000 commands in a minute; that the real ones hold is for other tests."""

NUMBERS = (-(2**31), -101, -100, -4, -2, -1, 0, 1, 2, 255, 65536, 1_000_000, 2**24, 2**31 - 1)
WORDS = (
    b"-1",
    b"0",
    b"null",
    b'"x"',
    b"[]",
    b"{}",
    b"1e9",
    b"99999999999",
    b"true",
    b"\xff",
    b"\\ud800",
    b"\0",
    b"\x1b[2J",
)


class Outcome(NamedTuple):
    """One command through the port: which seed damaged which answers how, and what became of it."""

    seed: int
    argv: tuple[str, ...]
    damage: tuple[str, ...]
    status: int
    seconds: float
    said: str

    @property
    def fault(self) -> str:
        """What is wrong with it, "" where nothing is."""
        if self.status not in (0, 1):
            return f"status {self.status}"
        if "Traceback" in self.said or "this is a bug" in self.said:
            return "a traceback"
        return f"{self.seconds:.0f} s" if self.seconds > MOST_SECONDS else ""


class Liar:
    """Serves connections from a real ZooKeeper; up to three of all answers, chosen by the seed, are damaged."""

    def __init__(self, server: tuple[str, int], seed: int) -> None:
        self._server, self._random = server, random.Random(seed)
        self._at = set(self._random.sample(range(4), self._random.choice((1, 1, 2, 3))))
        self._answers = 0
        self.damage: list[str] = []

    def __call__(self, connection: socket.socket) -> None:
        with socket.create_connection(self._server) as there:
            Thread(target=self._answer, args=(there, connection), daemon=True).start()
            while asked := connection.recv(1 << 16):
                there.sendall(asked)
            with suppress(OSError):
                there.shutdown(socket.SHUT_RDWR)

    def _answer(self, there: socket.socket, connection: socket.socket) -> None:
        with suppress(OSError):
            while (size := there.recv(4, socket.MSG_WAITALL)) and len(size) == 4:
                (length,) = struct.unpack("!i", size)
                if not 0 <= length < 1 << 24:  # the words of `srvr` begin with no length
                    connection.sendall(size + there.recv(1 << 16))
                    continue
                frame = there.recv(length, socket.MSG_WAITALL)
                number, self._answers = self._answers, self._answers + 1
                for raw in self._damaged(frame) if number in self._at else (size + frame,):
                    connection.sendall(raw)
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)

    def _damaged(self, frame: bytes) -> Sequence[bytes]:
        kind = self._random.choice(
            ("number", "number", "bytes", "word", "cut", "grown", "length", "gone", "twice", "end")
        )
        at = self._random.randrange(max(len(frame), 1))
        self.damage.append(f"{kind} at {at} of {len(frame)}")
        if kind == "number":
            # Half of them where numbers are: xid, zxid, error, the first count.
            at = self._random.choice((0, 4, 12, 16, 20, at))
            frame = frame[:at] + struct.pack("!i", self._random.choice(NUMBERS)) + frame[at + 4 :]
        elif kind == "bytes":
            frame = frame[:at] + self._random.randbytes(self._random.randrange(1, 9)) + frame[at + 8 :]
        elif kind == "word":
            frame = frame[:at] + (word := self._random.choice(WORDS)) + frame[at + len(word) :]
        elif kind == "cut":
            frame = frame[:at]
        elif kind == "grown":
            frame += self._random.randbytes(self._random.randrange(1, 100))
        whole = struct.pack("!i", len(frame)) + frame
        if kind == "length":
            return (struct.pack("!i", self._random.choice(NUMBERS)) + frame,)
        return {"gone": (), "twice": (whole, whole), "end": (whole[: at + 4],)}.get(kind, (whole,))


def commands(seed: int, connect: str) -> tuple[str, ...]:
    """Return the command line of a seed: each tool that reads or writes ZooKeeper, in turn."""
    new = ("--topic", f"m-{seed}", "--partitions", "2", "--replication-factor", "1")
    argv = (
        ("topics", "--list"),
        ("topics", "--describe"),
        ("topics", "--describe", "--topic", "with-id", "--output", "json"),
        ("topics", "--list", "--output", "table"),
        ("topics", "--create", *new, "--config", "retention.ms=5"),
        ("topics", "--alter", "--topic", "with-id", "--config", f"retention.ms={seed}"),
        ("topics", "--alter", "--topic", "with-id", "--partitions", "3", "--dry-run"),
        ("topics", "--delete", "--topic", "with-id", "--dry-run"),
        ("topics", "--delete", "--topic", f"m-{seed - 4}", "--if-exists"),
        ("layout",),
        ("layout", "--without-broker", "2"),
        ("doctor",),
        ("zookeeper",),
    )[seed % 13]
    return (*argv, "--zookeeper", connect)


def run(seed: int, connect: str, settings: tuple[str, ...] = ()) -> Outcome:
    """Run the command of a seed in this process, through a port that damages answers, with these options besides."""
    from kafka_tools import main

    hosts, _, chroot = connect.partition("/")
    host, _, port = hosts.partition(":")
    liar = Liar((host, int(port)), seed)
    out, began = io.TextIOWrapper(io.BytesIO(), "utf-8"), time.monotonic()
    faulthandler.dump_traceback_later(MOST_SECONDS)
    with serving(liar) as ours:
        argv = (*commands(seed, f"127.0.0.1:{ours}/{chroot}"), *settings)
        with redirect_stdout(out), redirect_stderr(out):
            status = main.run(argv)
    faulthandler.cancel_dump_traceback_later()
    out.flush()
    said = out.buffer.getvalue().decode(errors="replace")  # type: ignore[attr-defined]
    return Outcome(seed, argv, tuple(liar.damage), status, time.monotonic() - began, said)


class Summary(NamedTuple):
    """What became of all commands: with which status they ended, what was wrong, the slowest, the largest process."""

    damages: int
    statuses: Counter[int]
    faults: list[tuple[str, Outcome]]
    slowest: float
    mebibytes: float


def run_all(connect: str, seeds: range, settings: tuple[str, ...] = ()) -> Summary:
    """Run the commands of all seeds, in several processes. Raises AssertionError with the seeds that hang."""
    damages, statuses, faults, slowest, memory = 0, Counter[int](), [], 0.0, 0.0
    with multiprocessing.get_context("spawn").Pool(PROCESSES, initializer=_hurry) as pool:
        outcomes = pool.imap_unordered(_Run(connect, settings), seeds)
        missing = set(seeds)
        while missing:
            try:
                outcome, mebibytes = outcomes.next(2 * MOST_SECONDS)
            except multiprocessing.TimeoutError:
                raise AssertionError(f"these hang: {sorted(missing)[:PROCESSES]}") from None
            missing.remove(outcome.seed)
            damages, slowest = damages + len(outcome.damage), max(slowest, outcome.seconds)
            statuses[outcome.status] += 1
            memory = max(memory, mebibytes)
            fault = outcome.fault or (f"{mebibytes:.0f} MiB" if mebibytes > MOST_MEBIBYTES else "")
            faults += [(fault, outcome)] if fault else []
    return Summary(damages, statuses, faults, slowest, memory)


class _Run(NamedTuple):
    connect: str
    settings: tuple[str, ...]

    def __call__(self, seed: int) -> tuple[Outcome, float]:
        return run(seed, self.connect, self.settings), most_memory() / 2**20


def _hurry() -> None:
    """Shorten the limits."""
    from kafka_tools.tools.doctor import ensemble
    from kafka_tools.zookeeper import diagnosis, session
    from kafka_tools.zookeeper.library import kazoo_client

    kazoo_client()
    from kafka_tools.zookeeper import client

    for name, seconds in SHORT.items():
        for module in (client, diagnosis, session, ensemble):
            if hasattr(module, name) and (name, module) != ("SESSION_SECONDS", session):
                setattr(module, name, seconds)


if __name__ == "__main__":
    began = time.monotonic()
    first = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    summary = run_all(sys.argv[1], range(first, first + int(sys.argv[2])))
    lines = [f"{fault}: {outcome}" for fault, outcome in summary.faults[:20]]
    lines.append(
        f"{summary.damages} damaged answers, statuses {dict(summary.statuses)}, {len(summary.faults)} faults, "
        f"slowest {summary.slowest:.1f} s, largest process {summary.mebibytes:.0f} MiB, "
        f"{time.monotonic() - began:.0f} s in all\n"
    )
    sys.stdout.write("\n".join(lines))
    sys.exit(bool(summary.faults))
