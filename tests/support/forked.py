"""Runs of `ktools` in processes that are forked from one that has the libraries imported already.

The suite makes thousands of runs, and two thirds of the CPU of a short one went into Python's start and the import of
click, confluent-kafka, kazoo and rich; of what was left, half into the import of ktools' own rooms. Here that is done
once for a worker. Everything else is as in a process started by a shell: its own descriptors, environment and signals,
`main()` to the end. Each run imports `main`, the tools and what they import late. A module that forgets an import fails
all the same: ours take names from each other (`from … import`) and have no circles, which tests/unit holds; what a bare
start imports is shown by the tests of start-up and by those that use `subprocess`.
"""

import atexit
import gc
import importlib
import json
import os
import pkgutil
import selectors
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import NoReturn

LIBRARIES = (
    *("click", "concurrent.futures", "csv", "datetime", "decimal", "email", "fractions", "json", "selectors", "shutil"),
    *("socket", "ssl", "subprocess", "tempfile", "threading", "tomllib", "uuid", "zoneinfo"),
    *("rich.console", "rich.table", "rich.text", "rich.progress", "rich.live"),
)
ROOMS = ("model", "wire", "settings", "cli", "render", "brokers", "zookeeper")
"""ktools' rooms that most runs need, and that look at no environment and no terminal while they are imported."""

HEADER = struct.Struct("!I")
ENDING_SECONDS = 10
DECIDED_AT_START = ("PYTHON", "LC_", "LANG", "LD_", "COVERAGE_")
"""Variables that Python reads when it starts begin so: a run that has others than its parent starts by itself."""

_idle: "SimpleQueue[Parent]" = SimpleQueue()


def run(
    argv: Sequence[str], stdin: bytes, timeout: float, env: Mapping[str, str]
) -> subprocess.CompletedProcess[bytes]:
    """Run `ktools ARGV` with this environment and its output in pipes. Raises TimeoutExpired after `timeout` s."""
    if any(env.get(name) != os.environ.get(name) for name in env.keys() | os.environ.keys() if _is_read_early(name)):
        command = [sys.executable, "-m", "kafka_tools", *argv]
        return subprocess.run(command, input=stdin, capture_output=True, timeout=timeout, env=dict(env), check=False)
    try:
        parent = _idle.get_nowait()
    except Empty:
        parent = Parent()  # the first run, or one beside others in another thread
        atexit.register(parent.end)
    try:
        return parent.run(argv, stdin, timeout, env)
    finally:
        _idle.put(parent)


def _is_read_early(name: str) -> bool:
    return name.startswith(DECIDED_AT_START)


class Parent:
    """The process with the libraries, and the socket by which it is told what to run; it ends when that is closed."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair()
        with theirs:
            command = [sys.executable, "-m", __name__, str(theirs.fileno())]
            self._process = subprocess.Popen(
                # A pipe, into which nobody writes: Python takes what was /dev/null for a file all along, and a run's
                # stdout.reconfigure() then asks where in it it is.
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                pass_fds=[theirs.fileno()],
            )

    def end(self) -> None:
        """Let the process end, and wait for it."""
        self._socket.close()
        with self._process:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(ENDING_SECONDS)
            self._process.kill()

    def run(
        self, argv: Sequence[str], stdin: bytes, timeout: float, env: Mapping[str, str]
    ) -> subprocess.CompletedProcess[bytes]:
        """Fork a run and return how it ended."""
        deadline = time.monotonic() + timeout
        pipes = [os.pipe() for _ in range(3)]
        (theirs_in, ours_in), (out, theirs_out), (err, theirs_err) = pipes
        order = json.dumps([list(argv), dict(env), str(Path.cwd())]).encode()
        theirs = [theirs_in, theirs_out, theirs_err]
        socket.send_fds(self._socket, [HEADER.pack(len(order))], theirs)
        self._socket.sendall(order)
        for each in theirs:
            os.close(each)
        process = self._number()
        try:
            stdout, stderr = _exchanged(ours_in, stdin, (out, err), deadline)
            self._socket.settimeout(max(deadline - time.monotonic(), 0.1))
            return subprocess.CompletedProcess(["ktools", *argv], self._number(), stdout, stderr)
        except TimeoutError:
            os.kill(process, signal.SIGKILL)
            self._socket.settimeout(ENDING_SECONDS)
            self._number()
            raise subprocess.TimeoutExpired(["ktools", *argv], timeout) from None
        finally:
            self._socket.settimeout(None)

    def _number(self) -> int:
        answer = self._socket.recv(4, socket.MSG_WAITALL)
        assert len(answer) == 4, f"the parent of the runs ended with {self._process.wait(ENDING_SECONDS)}"
        return struct.unpack("!i", answer)[0]  # type: ignore[no-any-return]


def _exchanged(to: int, given: bytes, come_from: Sequence[int], deadline: float) -> list[bytes]:
    """Write `given` to one pipe while the others are read to their ends. Raises TimeoutError."""
    taken: dict[int, list[bytes]] = {each: [] for each in come_from}
    left = memoryview(given)
    with selectors.DefaultSelector() as waiting:
        for each in come_from:
            waiting.register(each, selectors.EVENT_READ)
        os.set_blocking(to, False)
        waiting.register(to, selectors.EVENT_WRITE)
        try:
            while waiting.get_map():
                ready = waiting.select(max(deadline - time.monotonic(), 0))
                if not ready and time.monotonic() >= deadline:
                    raise TimeoutError
                for key, _ in ready:
                    if key.fd == to:
                        left = _written(to, left)
                        ended = not left
                    else:
                        chunk = os.read(key.fd, 1 << 16)
                        taken[key.fd].append(chunk)
                        ended = not chunk
                    if ended:
                        waiting.unregister(key.fd)
                        os.close(key.fd)
        finally:
            for fd in list(waiting.get_map()):
                os.close(fd)  # type: ignore[arg-type]  # what was registered are descriptors
    return [b"".join(taken[each]) for each in come_from]


def _written(to: int, left: memoryview) -> memoryview:
    try:
        return left[os.write(to, left) :] if left else left
    except BrokenPipeError:  # the run has ended, or wants no more
        return left[len(left) :]


def _be_parent(orders: socket.socket) -> NoReturn:
    """Make the runs that the socket asks for, one after the other."""
    from kafka_tools.brokers.library import confluent_kafka
    from kafka_tools.zookeeper.library import kazoo_client

    confluent_kafka()
    kazoo_client()  # both before the rest: what is imported first decides what is left out of them
    for name in (*LIBRARIES, *_modules_of_rooms()):
        importlib.import_module(name)
    gc.freeze()
    while True:
        header, descriptors, *_ = socket.recv_fds(orders, HEADER.size, 3)
        if not header:
            os._exit(0)
        (length,) = HEADER.unpack(header)
        argv, env, folder = json.loads(orders.recv(length, socket.MSG_WAITALL))
        process = os.fork()
        if process == 0:
            orders.close()
            _become(argv, env, folder, descriptors)
        for each in descriptors:
            os.close(each)
        orders.sendall(struct.pack("!i", process))
        orders.sendall(struct.pack("!i", os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])))


def _modules_of_rooms() -> list[str]:
    import kafka_tools

    folders = [f"{kafka_tools.__path__[0]}/{room}" for room in ROOMS]
    found = [
        pkgutil.walk_packages([folder], f"kafka_tools.{room}.") for folder, room in zip(folders, ROOMS, strict=True)
    ]
    return [module.name for modules in found for module in modules]


def _become(argv: Sequence[str], env: Mapping[str, str], folder: str, descriptors: Sequence[int]) -> NoReturn:
    for number, each in enumerate(descriptors):
        os.dup2(each, number)
        os.close(each)
    os.environ.clear()
    os.environ.update(env)
    os.chdir(folder)
    sys.argv[1:] = argv
    from kafka_tools.main import main

    main()


if __name__ == "__main__":
    _be_parent(socket.socket(fileno=int(sys.argv[1])))
