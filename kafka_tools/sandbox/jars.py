"""Kafka's jars: fetched once from Maven Central, kept in the user's cache folder, looked at again before each use.

Layout: `<cache>/kafka/VERSION/*.jar`, `checksums.txt` (sha256sum's format); `VERSION-tools` holds Apache's tools too.
"""

import hashlib
import importlib.util
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.folders import replace_file
from kafka_tools.report import Stages
from kafka_tools.sandbox import maven
from kafka_tools.sandbox.maven import Coordinates, FetchError, needed, wanted
from kafka_tools.sandbox.state_file import locked

INSTALL = "pip install 'kafka-ktools[sandbox]'"
CHECKSUMS = "checksums.txt"
FETCH_WAIT_SECONDS = 900.0
UNSHOWN = Stages()


def cache_folder() -> Path:
    """Return the folder of all Kafka versions in the user's cache folder; it is created where it is missing."""
    from platformdirs import user_cache_path

    path = user_cache_path("ktools") / "kafka"
    path.mkdir(parents=True, exist_ok=True)
    return path


def class_path(version: str, progress: Stages = UNSHOWN, with_tools: bool = False) -> tuple[Path, ...]:
    """Return the jars of Kafka `version` ("3.9.1"), all in one folder; those that are missing or changed are fetched.

    `with_tools` adds the artifact kafka-tools, where most of Apache's tools live since 3.x. Raises KafkaToolError.
    """
    home = cache_folder() / (f"{version}-tools" if with_tools else version)
    jars = verified(home)
    if jars:
        return jars
    check_fetching()
    # Two sandboxes that start together fetch once; the second looks again and finds what the first one fetched.
    with locked(home.parent / "lock", FETCH_WAIT_SECONDS):
        jars = verified(home)
        if not jars:
            _renew(home, needed(version, with_tools), progress)
        return jars or verified(home)


def verified(home: Path) -> tuple[Path, ...]:
    """Return the jars in `home` if they are those recorded there, byte for byte and none more; else nothing."""
    recorded = _recorded(home)
    # More jars are as bad as fewer: they would be on the class path, and the first of two versions wins.
    jars = tuple(sorted(home.glob("*.jar")))
    if not jars or {jar.name for jar in jars} != set(recorded):
        return ()
    return jars if all(_sha256(jar) == recorded[jar.name] for jar in jars) else ()


def versions_in_cache() -> tuple[str, ...]:
    """Return the Kafka versions whose broker jars were fetched before."""
    return tuple(path.parent.name for path in cache_folder().glob(f"[0-9]*[0-9]/{CHECKSUMS}"))


def has_jgo() -> bool:
    """Say whether jgo, which the extra `sandbox` brings, is installed."""
    return importlib.util.find_spec("jgo") is not None


def check_fetching() -> None:
    """Raise KafkaToolError if there is nothing to fetch from Maven Central with."""
    if not maven.installed() and not has_jgo():
        raise KafkaToolError(f"Kafka's jars have to be fetched from Maven Central: {INSTALL} brings what that needs.")


def _renew(home: Path, coordinates: Sequence[Coordinates], progress: Stages) -> None:
    """Fetch into a folder beside `home` and put it in its place as the last step."""
    for leftover in home.parent.glob(f".{home.name}-new-*"):
        shutil.rmtree(leftover)
    # Beside `home`, as a rename within one file system is one step.
    draft = Path(tempfile.mkdtemp(prefix=f".{home.name}-new-", dir=home.parent))
    try:
        progress.stage(f"Fetching {coordinates[-1].artifact} {coordinates[-1].version} and what it needs")
        _keep(_fetch(coordinates, draft, progress), draft / "jars")
        shutil.rmtree(home, ignore_errors=True)
        (draft / "jars").rename(home)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _fetch(coordinates: Sequence[Coordinates], draft: Path, progress: Stages) -> tuple[Path, ...]:
    if maven.installed():
        try:
            return maven.fetch(coordinates, draft / "mvn", progress)
        except FetchError:
            if not has_jgo():
                raise
            progress.stage("mvn could not fetch them: going on without it")
    from kafka_tools.sandbox import jgo_resolver

    return jgo_resolver.fetch(coordinates, draft / "jgo", progress)


def _keep(jars: Sequence[Path], home: Path) -> None:
    """Move the wanted jars to `home` and record their checksums there."""
    home.mkdir()
    kept = [jar.rename(home / jar.name) for jar in jars if wanted(jar.name)]
    lines = [f"{_sha256(jar)}  {jar.name}\n" for jar in sorted(kept)]
    replace_file(str(home / CHECKSUMS), "".join(lines).encode())


def _recorded(home: Path) -> dict[str, str]:
    """Return jar name -> SHA-256 in hexadecimal."""
    try:
        lines = (home / CHECKSUMS).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return {}
    return {name: checksum for checksum, _, name in (line.partition("  ") for line in lines)}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
