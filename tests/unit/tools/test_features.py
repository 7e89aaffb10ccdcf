"""`ktools features`: levels as they are read, shown and changed."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kafka_tools.errors import KafkaToolError
from kafka_tools.main import run
from kafka_tools.model.features import UpgradeType
from kafka_tools.model.target import Brokers
from kafka_tools.settings import edit_contexts
from kafka_tools.settings.contexts import Context
from kafka_tools.tools import features
from kafka_tools.tools.features import UpdateFeatures
from kafka_tools.wire.feature_messages import UPDATE_FEATURES
from tests.support.one_broker import OneBroker
from tests.support.servers import serving

HERE = Brokers("b:9092")
REFUSED = 95


class Featured(OneBroker):
    """A broker that answers every change of levels as it is told."""

    def __init__(self) -> None:
        super().__init__(more={UPDATE_FEATURES: lambda _: self.answer})
        self.answer: dict[str, Any] = {"error_code": 0, "error_message": None}


@pytest.fixture
def broker() -> Iterator[Featured]:
    serves = Featured()
    with serving(serves) as port:
        serves.port = port
        yield serves


def ktools(broker: OneBroker, *argv: str) -> int:
    return run(["features", "--bootstrap-server", f"127.0.0.1:{broker.port}", *argv])


@pytest.mark.parametrize(
    ("argv", "operation", "levels", "kind"),
    [
        ("upgrade --feature a=1 --feature b=+2", "upgrade", {"a": 1, "b": 2}, UpgradeType.UPGRADE),
        ("upgrade --metadata 4.0", "upgrade", {"metadata.version": 25}, UpgradeType.UPGRADE),
        ("upgrade --metadata 4.0-IV1 --feature b=1", "upgrade", {"metadata.version": 23, "b": 1}, UpgradeType.UPGRADE),
        (
            "upgrade --release-version 4.0.1",
            "upgrade",
            {"metadata.version": 25, "kraft.version": 1, "transaction.version": 2, "group.version": 1},
            UpgradeType.UPGRADE,
        ),
        (
            "downgrade --release-version 3.9",
            "downgrade",
            {
                "metadata.version": 21,
                "kraft.version": 1,
                "transaction.version": 0,
                "group.version": 0,
                "eligible.leader.replicas.version": 0,
                "share.version": 0,
                "streams.version": 0,
            },
            UpgradeType.SAFE_DOWNGRADE,
        ),
        ("downgrade --feature a=-1 --unsafe", "downgrade", {"a": -1}, UpgradeType.UNSAFE_DOWNGRADE),
        ("disable --feature a --feature b", "disable", {"a": 0, "b": 0}, UpgradeType.SAFE_DOWNGRADE),
    ],
)
@pytest.mark.parametrize("dry_run", [False, True])
def test_requests(
    argv: str,
    operation: Any,
    levels: dict[str, int],
    kind: UpgradeType,
    dry_run: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[object] = []

    def ask(request: object) -> object:
        asked.append(request)
        raise KafkaToolError("enough")

    monkeypatch.setattr(features, "update", ask)
    words = ["--bootstrap-server", "b:9092", *argv.split(), *(["--dry-run"] if dry_run else [])]
    assert run(["features", *words]) == 1
    assert asked == [UpdateFeatures(HERE, operation, levels, kind, dry_run)]


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        ("upgrade --feature a", "Can't parse feature=level string a: equals sign not found."),
        ("upgrade --feature a=", "Can't parse feature=level string a=: unable to parse  as a short."),
        ("upgrade --feature a=32768", "Can't parse feature=level string a=32768: unable to parse 32768 as a short."),
        (
            "upgrade --metadata 4.4 --feature metadata.version=3",
            "Feature metadata.version was specified more than once.",
        ),
        ("upgrade --release-version 4.5", "Unknown metadata.version '4.5'. Supported metadata.version are: 3.3-IV3, "),
        ("disable", "You must specify at least one feature to disable"),
        ("describe --node-id -1", "Invalid node id -1: must be non-negative."),
        ("feature-dependencies --feature metadata.version=6", "Unknown metadata.version 6"),
        ("feature-dependencies --feature kraft.version=2", "No feature:kraft.version with feature level 2"),
        ("feature-dependencies --feature craft.version=2", "Unknown feature: craft.version"),
    ],
)
def test_what_is_refused_before_a_cluster_is_asked(argv: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["features", "--bootstrap-server", "127.0.0.1:1", *argv.split()]) == 1
    out, err = capsys.readouterr()
    assert (out, err[: len(words)]) == ("", words)


def test_newer_brokers_answer_for_all_features_at_once(broker: Featured, capsys: pytest.CaptureFixture[str]) -> None:
    assert ktools(broker, "upgrade", "--feature", "b=2", "--feature", "a=1") == 0
    assert capsys.readouterr().out == "a was upgraded to 1.\nb was upgraded to 2.\n"
    [(_, values)] = [each for each in broker.asked if each[0] == "UpdateFeatures"]
    assert values["feature_updates"][0] == {"feature": "b", "max_version_level": 2, "upgrade_type": 1}
    assert values["validate_only"] is False
    broker.answer = {"error_code": REFUSED, "error_message": "No."}
    assert ktools(broker, "downgrade", "--feature", "b=2", "--feature", "a=1", "--dry-run", "--output", "json") == 1
    out, err = capsys.readouterr()
    assert [(row["feature"], row["changed"], row["error"]) for row in json.loads(out)] == [
        ("a", False, "No."),
        ("b", False, "No."),
    ]
    assert err == "2 out of 2 operation(s) failed.\n"
    assert broker.asked[-1][1]["validate_only"] is True


def test_a_dry_run_changes_nothing_in_json_either(broker: Featured, capsys: pytest.CaptureFixture[str]) -> None:
    assert ktools(broker, "disable", "--feature", "a", "--dry-run", "--output", "json") == 0
    assert json.loads(capsys.readouterr().out) == [{"feature": "a", "level": 0, "changed": False, "error": None}]


def test_a_read_only_context_lets_changes_be_rehearsed_only(
    broker: Featured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    edit_contexts.add(Context("prod", "", f"127.0.0.1:{broker.port}", read_only=True))
    for argv in (("upgrade", "--feature", "a=1"), ("downgrade", "--feature", "a=1"), ("disable", "--feature", "a")):
        assert ktools(broker, *argv, "--yes") == 1
        assert "context prod is read-only" in capsys.readouterr().err
        assert "UpdateFeatures" not in broker.requests()
    assert ktools(broker, "disable", "--feature", "a", "--dry-run") == 0
    assert capsys.readouterr().out == "a can be disabled.\n"
