"""Outages: when a tool ends, when it waits and says so, and when it says nothing."""

from collections.abc import Callable

import pytest
from confluent_kafka import KafkaError

from kafka_tools.brokers import diagnosis
from kafka_tools.brokers.diagnosis import Unreached
from kafka_tools.console import outages
from kafka_tools.console.outages import OUTAGE_SECONDS, PART_SECONDS, START_SECONDS, Outages
from kafka_tools.errors import KafkaToolError, UnreachableError
from kafka_tools.model.target import Brokers

ALL_DOWN = KafkaError(KafkaError._ALL_BROKERS_DOWN)
ONE_DOWN = KafkaError(KafkaError._TRANSPORT, "b:1/1: Connect failed")
EVERY = Unreached(UnreachableError("no broker at its address."), frozenset({1, 2}), every=True)
SOME = Unreached(UnreachableError("broker 2 is not reached."), frozenset({2}), every=False)
NOBODY = UnreachableError("cannot reach b:1 (connection refused).")


class World:
    """A clock, and what our own connection finds at the moment."""

    def __init__(self) -> None:
        self.now = 100.0
        self.found: Unreached | KafkaToolError | None = None
        self.asked = 0

    def monotonic(self) -> float:
        return self.now

    def unreached(self, *_: object) -> Unreached | None:
        self.asked += 1
        if isinstance(self.found, KafkaToolError):
            raise self.found
        return self.found


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World()
    monkeypatch.setattr(outages.time, "monotonic", world.monotonic)
    monkeypatch.setattr(diagnosis, "unreached", world.unreached)
    return world


def watcher(world: World, capsys: pytest.CaptureFixture[str]) -> tuple[Outages, Callable[[float], str]]:
    """Return outages, and what looks again after so many seconds and returns what is said."""
    watched = Outages(Brokers("b:1"))

    def after(seconds: float) -> str:
        world.now += seconds
        watched.watch()
        return capsys.readouterr().err

    return watched, after


def test_nobody_looks_where_nothing_failed(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    _, after = watcher(world, capsys)
    assert after(1000) == ""
    assert world.asked == 0


def test_what_was_short_is_not_told(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    watched, after = watcher(world, capsys)
    watched.on_error(ALL_DOWN)
    assert after(OUTAGE_SECONDS / 2) == ""
    assert after(OUTAGE_SECONDS) == ""
    assert not watched.seen


def test_an_outage_is_told_once_and_its_end(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    watched, after = watcher(world, capsys)
    watched.on_error(ALL_DOWN)
    world.found = NOBODY
    assert after(4) == "ktools: cannot reach b:1 (connection refused). Waiting for the cluster to come back.\n"
    assert after(4) == ""
    asked = world.asked
    assert after(0.1) == ""
    assert world.asked == asked
    world.found = None
    assert after(4) == "ktools: the cluster answers again.\n"
    assert after(4) == ""
    assert not watched.seen


def test_where_only_the_first_contact_is_away_nothing_is_wrong(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    watched, after = watcher(world, capsys)
    watched.on_error(ONE_DOWN)
    world.found = NOBODY
    assert after(4) == ""


def test_just_after_the_start_a_wrong_address_ends_it(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    watched, after = watcher(world, capsys)
    watched.on_error(ONE_DOWN)
    world.found = EVERY
    with pytest.raises(UnreachableError, match="no broker at its address"):
        after(4)
    with pytest.raises(UnreachableError, match="no broker at its address"):
        after(START_SECONDS)


def test_later_it_waits(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    watched, after = watcher(world, capsys)
    assert after(START_SECONDS) == ""
    watched.on_error(ONE_DOWN)
    world.found = EVERY
    assert after(4) == "ktools: no broker at its address. Waiting for the cluster to come back.\n"


def test_one_of_several_brokers(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    watched, after = watcher(world, capsys)
    watched.on_error(ONE_DOWN)
    world.found = SOME
    assert after(4) == ""
    assert after(PART_SECONDS) == "ktools: broker 2 is not reached. What it leads has to wait.\n"
    watched.on_error(ONE_DOWN)
    assert after(PART_SECONDS + 1) == ""


@pytest.mark.parametrize(
    ("found", "leaders", "fails"),
    [(None, {2}, False), (SOME, {1}, False), (SOME, {1, 2}, True), (EVERY, {3}, True), (NOBODY, set(), True)],
)
def test_leaders(world: World, found: Unreached | KafkaToolError | None, leaders: set[int], fails: bool) -> None:
    watched = Outages(Brokers("b:1"))
    watched.on_error(ALL_DOWN)
    assert watched.seen
    world.found = found
    if fails:
        with pytest.raises(UnreachableError):
            watched.check_leaders(leaders)
    else:
        watched.check_leaders(leaders)
