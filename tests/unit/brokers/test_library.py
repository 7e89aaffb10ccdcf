"""Clients of librdkafka are made as a whole, whatever signal comes meanwhile."""

import os
import signal
import time
from collections.abc import Mapping

import pytest

from kafka_tools.brokers.library import new_client


def test_ctrl_c_waits_until_a_client_is_made() -> None:
    before = signal.getsignal(signal.SIGINT)
    made: list[Mapping[str, object]] = []

    def make(settings: dict[str, object]) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.05)  # another thread of the tests may be the one that takes it
        made.append(settings)

    with pytest.raises(KeyboardInterrupt):
        new_client(make, {"a": 1})
    assert made == [{"a": 1}]
    assert signal.getsignal(signal.SIGINT) is before
