"""Ctrl-C while a streaming tool waits for a server that is silent."""

import signal
import socket
import subprocess
import sys
import threading
import time

import confluent_kafka
import pytest

from tests.support.servers import serving, silent

LINES = {
    "console-consumer": "--topic a",
    "console-producer": "--topic a",
    "consumer-perf-test": "--topic a --messages 1",
    "e2e-latency": "--topic a --num-records 1 --producer-acks 1 --record-size 1",
    "producer-perf-test": "--topic a --num-records 1 --record-size 1 --throughput -1",
}
if hasattr(confluent_kafka, "ShareConsumer"):  # the oldest library that is allowed has none
    LINES["console-share-consumer"] = "--topic a"


@pytest.mark.parametrize("tool", LINES)
def test_ctrl_c_ends_the_wait_at_once(tool: str) -> None:
    """The perf tools of consumers noted it, and waited on: status 1, or 4 s later."""
    connected = threading.Event()

    def handler(connection: socket.socket) -> None:
        connected.set()
        silent(connection)

    with serving(handler) as port:
        line = [tool, *LINES[tool].split(), "--bootstrap-server", f"127.0.0.1:{port}"]
        process = subprocess.Popen(
            [sys.executable, "-m", "kafka_tools", *line],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        assert connected.wait(30)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
        assert (process.returncode, said) == (130, b"")
        assert time.monotonic() - began < 3
