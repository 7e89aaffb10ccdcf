"""Brokers that lie: a proxy that changes one response of a run of ktools, and a pool of processes that make the runs.

librdkafka dies of some changed responses, so each run is made by a child process, which makes many, one after the
other; a child that dies is replaced, and its death is counted apart. The same seeds give the same changes.

By hand, against a sandbox that is up:  python -m tests.support.mutations 20000 [FIRST_SEED]
"""

import dataclasses
import json
import os
import random
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.coverage_summary import SETTING
from tests.support.interpreter import most_memory
from tests.support.servers import serving

ROOT = Path(__file__).parents[2]
HANG_SECONDS = 40
MOST_BYTES = 300 << 20
"""What a run may take of time and memory."""

EXTREMES = (0, 1, 2, 0x7F, 0x80, 0xFE, 0xFF)
NUMBERS = (0, 1, -1, -2, 127, 128, 1000, 32767, 65536, 10**6, 2**31 - 1, -(2**31))


def mutated(chance: random.Random, response: bytes) -> bytes:
    """Return a response, from its correlation id on, with one to three changes behind that id."""
    body = bytearray(response)
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        if len(body) > 4:
            chance.choice(CHANGES)(chance, body)
    return bytes(body)


def _place(chance: random.Random, body: bytearray) -> int:
    # Half of all changes hit the first bytes: counts, error codes and brokers stand there.
    most = min(len(body), 100) if chance.random() < 0.5 else len(body)
    return chance.randrange(4, most) if most > 5 else 4


def _flip(chance: random.Random, body: bytearray) -> None:
    body[_place(chance, body)] ^= 1 << chance.randrange(8)


def _extreme(chance: random.Random, body: bytearray) -> None:
    body[_place(chance, body)] = chance.choice(EXTREMES)


def _number(chance: random.Random, body: bytearray) -> None:
    start, number = _place(chance, body), chance.choice(NUMBERS)
    raw = struct.pack(">i", number) if chance.random() < 0.7 else struct.pack(">h", (number & 0x7FFF) - (number < 0))
    body[start : start + len(raw)] = raw


def _cut(chance: random.Random, body: bytearray) -> None:
    del body[_place(chance, body) :]


def _remove(chance: random.Random, body: bytearray) -> None:
    start = _place(chance, body)
    del body[start : start + chance.randrange(1, 9)]


def _insert(chance: random.Random, body: bytearray) -> None:
    start = _place(chance, body)
    body[start:start] = chance.randbytes(chance.randrange(1, 9))


def _repeat(chance: random.Random, body: bytearray) -> None:
    start = _place(chance, body)
    body[start:start] = body[start : start + chance.randrange(1, 65)] * chance.randrange(1, 4)


def _swap(chance: random.Random, body: bytearray) -> None:
    one, other = _place(chance, body), _place(chance, body)
    body[one], body[other] = body[other], body[one]


CHANGES = (_flip, _extreme, _number, _cut, _remove, _insert, _repeat, _swap)


@dataclass
class Liar:
    """Forwards ports to the brokers of a cluster; the response number `at` of all, from 0 on, is changed."""

    servers: Sequence[str]
    seed: int
    at: int
    tell: Callable[[bytes], None] = lambda _: None
    raw: bool = False
    """Whether it is not responses that are counted and changed but what comes at once, as in a handshake of TLS."""

    responses: int = 0
    _ports: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def serving(self) -> Iterator[str]:
        """Serve; give the address that stands for the first of the servers."""
        with ExitStack() as stack:
            for server in self.servers:
                self._ports[server] = stack.enter_context(serving(lambda opened, to=server: self._forward(opened, to)))
            yield f"127.0.0.1:{self._ports[self.servers[0]]}"

    def _forward(self, connection: socket.socket, server: str) -> None:
        host, _, port = server.partition(":")
        with socket.create_connection((host, int(port))) as broker:
            threading.Thread(target=self._responses, args=(broker, connection), daemon=True).start()
            while asked := connection.recv(1 << 16):
                broker.sendall(asked)
            broker.shutdown(socket.SHUT_RDWR)

    def _responses(self, broker: socket.socket, connection: socket.socket) -> None:
        with suppress(OSError, struct.error):
            while self.raw:
                connection.sendall(self._changed(bytes(4) + broker.recv(1 << 16))[4:])
            while True:
                (size,) = struct.unpack(">i", broker.recv(4, socket.MSG_WAITALL))
                connection.sendall(self._passed_on(broker.recv(size, socket.MSG_WAITALL)))
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)

    def _passed_on(self, response: bytes) -> bytes:
        for server, port in self._ports.items():
            host, _, real = server.partition(":")
            response = response.replace(
                host.encode() + struct.pack(">i", int(real)), host.encode() + struct.pack(">i", port)
            )
        response = self._changed(response)
        return struct.pack(">i", len(response)) + response

    def _changed(self, response: bytes) -> bytes:
        if len(response) <= 4:
            raise ConnectionResetError
        with self._lock:
            number, self.responses = self.responses, self.responses + 1
        if number == self.at:
            response = mutated(random.Random(self.seed), response)
            self.tell(response)
        return response


@dataclass(frozen=True)
class Run:
    """One run: its command line without the servers, and which of its responses is changed, how."""

    argv: tuple[str, ...]
    seed: int
    at: int
    raw: bool = False
    stdin: str = os.devnull
    output: str = ""
    """Files: what the run reads from stdin, and what keeps its stdout whatever becomes of the process."""


@dataclass(frozen=True)
class Ended:
    """How a run ended: `status` is negative where a signal ended the process; `response` is the changed one, in hex."""

    run: Run
    status: int
    seconds: float
    memory: int
    said: str
    response: str
    responses: int = 0

    @property
    def died(self) -> bool:
        """Whether librdkafka ended the process."""
        return -self.status in (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE)

    @property
    def failed(self) -> bool:
        """Whether it ended in a way that nothing excuses."""
        if self.died:
            return False
        bug = self.status not in (0, 1) or "Traceback" in self.said or "bug in ktools" in self.said
        return bug or self.seconds > HANG_SECONDS or self.memory > MOST_BYTES


REPORTED = ("status", "seconds", "memory", "said", "responses")


class Pool:
    """Child processes that make runs against the cluster of `servers`, so many at once: most of the time they wait."""

    def __init__(self, servers: Sequence[str], environment: Mapping[str, str], at_once: int = 8) -> None:
        self._servers = servers
        # Not measured: that would take a third of the time of thousands of runs through the same lines.
        unmeasured = {name: value for name, value in environment.items() if name != SETTING}
        self._environment = unmeasured | {"PYTHONPATH": str(ROOT)}
        self._at_once = at_once

    def make(self, runs: Sequence[Run]) -> list[Ended]:
        """Make all runs and return how they ended."""
        left, ended = deque(runs), list[Ended]()
        threads = [threading.Thread(target=self._work, args=(left, ended)) for _ in range(self._at_once)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return ended

    def _work(self, left: deque[Run], ended: list[Ended]) -> None:
        while left:
            with suppress(IndexError):
                self._child(left, ended)

    def _child(self, left: deque[Run], ended: list[Ended]) -> None:
        """Let one child make runs until there are none, or until it dies."""
        argv = [sys.executable, "-m", "tests.support.mutations", "child", *self._servers]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        with subprocess.Popen(argv, env=self._environment, cwd=ROOT, text=True, **pipes) as child:  # type: ignore[call-overload]
            while True:
                run = left.popleft() if left else None
                if run is None:
                    child.stdin.close()
                    return
                watch = threading.Timer(HANG_SECONDS + 5, child.kill)
                watch.start()
                began, response, found = time.monotonic(), "", None
                with suppress(BrokenPipeError):
                    child.stdin.write(json.dumps(dataclasses.astuple(run)) + "\n")
                    child.stdin.flush()
                    for line in child.stdout:
                        told = json.loads(line)
                        response = told.get("response", response)
                        if "status" in told:
                            found = Ended(run, response=response, **{name: told[name] for name in REPORTED})
                            break
                watch.cancel()
                if found is not None:
                    ended.append(found)
                    continue
                status = child.wait()
                ended.append(Ended(run, status, time.monotonic() - began, 0, "", response))
                return


def _be_child(servers: Sequence[str]) -> None:
    """Make the runs that come on stdin, and tell of each on stdout."""
    from kafka_tools import main

    told = os.fdopen(os.dup(1), "w")
    asked = os.fdopen(os.dup(0))
    lock = threading.Lock()

    def tell(**values: object) -> None:
        with lock:
            told.write(json.dumps(values) + "\n")
            told.flush()

    for line in asked:
        argv, seed, at, raw, stdin, output = json.loads(line)
        liar = Liar(servers, seed, at, lambda response: tell(response=response[:4096].hex()), raw)
        with ExitStack() as stack:
            server, out = stack.enter_context(liar.serving()), stack.enter_context(tempfile.TemporaryFile("w+"))
            sys.stdout = sys.stderr = out
            if output:
                sys.stdout = stack.enter_context(Path(output).open("w"))
            os.dup2(sys.stdout.fileno(), 1)
            os.dup2(out.fileno(), 2)
            with Path(stdin).open() as given:
                os.dup2(given.fileno(), 0)
            sys.stdin = stack.enter_context(open(0, closefd=False))
            began = time.monotonic()
            try:
                status = main.run([*argv, "--bootstrap-server", server])
            except BaseException as error:  # noqa: BLE001  reported to the parent as what it is: a bug
                status, _ = 99, out.write(f"Traceback: {error!r}")
            seconds = time.monotonic() - began
            sys.stdout.flush()
            out.flush()
            out.seek(0)
            said = out.read()
            shown = said if len(said) < 4000 else said[:1500] + " … " + said[-2400:]
        tell(status=status, seconds=seconds, memory=most_memory(), said=shown, responses=liar.responses)


def reading(topics: str, topic: str) -> tuple[tuple[str, ...], ...]:
    """Return command lines that change nothing, about `topics` (a pattern) and one `topic`."""
    return (
        ("topics", "--list"),
        ("topics", "--describe"),
        ("topics", "--describe", "--topic", topic),
        ("topics", "--describe", "--topic", topics),
        ("topics", "--describe", "--topic-id", "AAAAAAAAAAAAAAAAAAAAAQ"),
        ("layout",),
        ("layout", "--without-broker", "1"),
        ("topics", "--create", "--topic", "new", "--partitions", "2", "--dry-run"),
        ("topics", "--alter", "--topic", topic, "--partitions", "9", "--dry-run"),
    )


DOCTOR = ("doctor",)


def measured(pool: "Pool", commands: Sequence[Sequence[str]]) -> dict[tuple[str, ...], int]:
    """Return how many responses a run of each command has where none is changed."""
    runs = [Run(tuple(argv), 0, -1) for argv in commands]
    return {each.run.argv: each.responses for each in pool.make(runs)}


def drawn(commands: Mapping[tuple[str, ...], int], count: int, first_seed: int, raw: bool = False) -> list[Run]:
    """Return so many runs of these commands in turn, each with the next seed, which says what is changed where."""
    lines = list(commands)
    runs = []
    for seed in range(first_seed, first_seed + count):
        argv = lines[seed % len(lines)]
        runs.append(Run(argv, seed, random.Random(-seed - 1).randrange(max(commands[argv], 1)), raw))
    return runs


def summary(ended: Sequence[Ended]) -> str:
    """Return how the runs ended, for a person."""
    deaths = Counter(signal.Signals(-each.status).name for each in ended if each.died)
    statuses = Counter(each.status for each in ended if not each.died)
    slowest = max((each.seconds for each in ended), default=0)
    memory = max((each.memory for each in ended), default=0) >> 20
    changed = sum(bool(each.response) for each in ended)
    return (
        f"{len(ended)} runs, {changed} with a changed response: statuses {dict(statuses)}, librdkafka's deaths "
        f"{dict(deaths)}, {sum(each.failed for each in ended)} failed, slowest {slowest:.1f} s, most {memory} MiB"
    )


def _by_hand(count: int, first_seed: int) -> int:
    from kafka_tools.sandbox.endpoints import running

    up = running()
    if up is None:
        sys.stderr.write("start a sandbox first: ktools sandbox up --brokers 3\n")
        return 1
    servers = up.bootstrap_servers.split(",")
    pool = Pool(servers, dict(os.environ))
    commands = measured(pool, [*reading(".*", "orders"), DOCTOR])
    ended = pool.make(drawn(commands, count, first_seed))
    for each in ended:
        if each.failed or each.died:
            sys.stdout.write(f"{each.status} {each.seconds:.1f} s {each.memory >> 20} MiB {each.run}\n")
            sys.stdout.write(f"  {each.response[:600]}\n  {each.said[-1500:]}\n")
    sys.stdout.write(summary(ended) + "\n")
    return int(any(each.failed for each in ended))


if __name__ == "__main__":
    if sys.argv[1] == "child":
        _be_child(sys.argv[2:])
        os._exit(0)
    sys.exit(_by_hand(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0))
