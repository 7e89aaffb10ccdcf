"""Signals as a wish to end."""

import signal

from kafka_tools.console.process import stop_by_signal


def test_the_first_signal_is_a_wish() -> None:
    called = []
    with stop_by_signal(lambda: called.append(True)) as stop:
        assert not stop
        assert stop.status == 0
        signal.raise_signal(signal.SIGTERM)
        assert stop
        assert stop.status == 143
        assert called == [True]
        assert signal.getsignal(signal.SIGINT) is signal.SIG_DFL  # the second signal ends the process at once
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_what_was_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stop_by_signal() as stop:
            signal.raise_signal(signal.SIGHUP)
            assert not stop
    finally:
        signal.signal(signal.SIGHUP, before)
