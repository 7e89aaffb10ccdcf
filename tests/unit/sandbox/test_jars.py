"""Jars in the cache: whole or not at all, and looked at before each use. A stand-in `mvn` delivers them."""

import hashlib
import stat
import textwrap
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from jgo.maven import MavenContext

from kafka_tools.errors import KafkaToolError
from kafka_tools.report import Stages
from kafka_tools.sandbox import jars, maven
from kafka_tools.sandbox.jgo_resolver import CheckedResolver
from kafka_tools.sandbox.maven import FetchError

# Writes three jars, one of which does not belong on the class path, and the list of them.
MVN = """
    #!/bin/sh
    for word; do case $word in -Dmdep.outputFile=*) list=${word#*=};; esac; done
    folder=$(dirname "$list")
    echo run >> "$RUNS"
    for jar in kafka_2.13-9.jar slf4j-api-1.7.36.jar slf4j-log4j12-1.7.30.jar; do
        echo "$jar" > "$folder/$jar"
        echo "Downloaded from x: y://z/$jar (1 kB)"
    done
    printf %s "$folder/kafka_2.13-9.jar:$folder/slf4j-api-1.7.36.jar:$folder/slf4j-log4j12-1.7.30.jar" > "$list"
"""


class Heard:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def stage(self, line: str) -> None:
        self.lines.append(line)

    def detail(self, words: str, done: int = 0, total: int | None = None) -> None:
        self.lines.append(words if total is None else f"{done} of {total} {words}")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    mvn = tmp_path / "bin" / "mvn"
    mvn.parent.mkdir()
    mvn.write_text(textwrap.dedent(MVN).lstrip())
    mvn.chmod(0o755)
    monkeypatch.setenv("PATH", f"{mvn.parent}:/usr/bin:/bin")
    monkeypatch.setenv("RUNS", str(tmp_path / "runs"))
    folder = tmp_path / "cache"
    folder.mkdir()
    monkeypatch.setattr(jars, "cache_folder", lambda: folder)
    return folder


def runs(cache: Path) -> int:
    return len((cache.parent / "runs").read_text().splitlines())


def test_jars_are_fetched_once(cache: Path) -> None:
    heard = Heard()
    first = jars.class_path("9.9.9", heard)
    assert [jar.name for jar in first] == ["kafka_2.13-9.jar", "slf4j-api-1.7.36.jar"]
    assert heard.lines[0] == "Fetching kafka_2.13 9.9.9 and what it needs"
    assert heard.lines[1] == "1 jars, kafka_2.13-9.jar"
    assert jars.class_path("9.9.9") == first
    assert runs(cache) == 1
    assert sorted(entry.name for entry in cache.iterdir()) == ["9.9.9", "lock"]


@pytest.mark.usefixtures("cache")
def test_tools_are_kept_apart() -> None:
    (jar, *_) = jars.class_path("9.9.9", with_tools=True)
    assert jar.parent.name == "9.9.9-tools"
    assert jars.versions_in_cache() == ()
    jars.class_path("9.9.9")
    assert jars.versions_in_cache() == ("9.9.9",)


@pytest.mark.parametrize("damage", ["changed", "cut", "missing", "extra", "unrecorded", "garbled"])
def test_damaged_jars_are_fetched_again(cache: Path, damage: str) -> None:
    kafka, other = jars.class_path("9.9.9")
    whole = kafka.read_bytes()
    match damage:
        case "changed":
            kafka.write_bytes(whole[:-1] + b"!")
        case "cut":
            kafka.write_bytes(whole[:3])
        case "missing":
            other.unlink()
        case "extra":
            kafka.with_name("evil.jar").write_bytes(b"x")
        case "unrecorded":
            kafka.with_name(jars.CHECKSUMS).unlink()
        case "garbled":
            kafka.with_name(jars.CHECKSUMS).write_bytes(b"\xff\xfe")
    assert jars.class_path("9.9.9") == (kafka, other)
    assert runs(cache) == 2
    assert kafka.read_bytes() == whole


def test_leftovers_of_a_crash_are_cleaned(cache: Path) -> None:
    leftover = cache / ".9.9.9-new-abc"
    leftover.mkdir()
    (leftover / "half.jar").touch()
    jars.class_path("9.9.9")
    assert not leftover.exists()


def test_a_failing_mvn_is_told_and_leaves_nothing(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (cache.parent / "bin" / "mvn").write_text("#!/bin/sh\necho '[ERROR] no such artifact'\nexit 1\n")
    monkeypatch.setattr(jars, "has_jgo", lambda: False)
    with pytest.raises(FetchError, match="mvn failed: no such artifact"):
        jars.class_path("9.9.9")
    assert [entry.name for entry in cache.iterdir()] == ["lock"]


def test_without_mvn_and_jgo_the_extra_is_named(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (cache.parent / "bin" / "mvn").unlink()
    monkeypatch.setenv("PATH", str(cache))
    monkeypatch.setattr(jars, "has_jgo", lambda: False)
    with pytest.raises(KafkaToolError, match=r"pip install 'kafka-ktools\[sandbox\]'"):
        jars.class_path("9.9.9")


@pytest.mark.parametrize(
    ("name", "belongs"),
    [
        ("slf4j-reload4j-1.7.36.jar", True),
        ("reload4j-1.2.25.jar", True),
        ("log4j-core-2.25.4.jar", True),
        ("log4j-slf4j-impl-2.25.4.jar", True),
        ("slf4j-log4j12-1.7.30.jar", False),
        ("slf4j-nop-1.7.36.jar", False),
        ("log4j-1.2.17.jar", False),
        ("logback-classic-1.2.3.jar", False),
        ("kafka-log4j-appender-2.8.2.jar", True),
    ],
)
def test_one_binding_stays(name: str, belongs: bool) -> None:
    assert maven.wanted(name) is belongs


def test_what_is_needed() -> None:
    assert [str(each) for each in maven.needed("3.9.1", with_tools=True)] == [
        "org.slf4j:slf4j-reload4j:1.7.36",
        "org.apache.kafka:kafka_2.13:3.9.1",
        "org.apache.kafka:kafka-tools:3.9.1",
    ]
    assert maven.needed("4.1.0", with_tools=False)[0].artifact == "log4j-slf4j-impl"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  its name in the base class
        """Say nothing."""


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[tuple[Path, MavenContext]]:
    """A small Maven repository on loopback, and jgo's context for it."""
    served = tmp_path / "served" / "g" / "a" / "1"
    served.mkdir(parents=True)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path / "served")))
    thread = Thread(target=server.serve_forever)
    thread.start()
    remote = {"here": f"http://127.0.0.1:{server.server_port}"}
    resolver = CheckedResolver(Stages())
    yield served, MavenContext(resolver=resolver, repo_cache=tmp_path / "m2", local_repos=[], remote_repos=remote)
    server.shutdown()
    thread.join()
    server.server_close()


def publish(folder: Path, content: bytes, checksum: str) -> None:
    (folder / "a-1.jar").write_bytes(content)
    (folder / "a-1.jar.sha1").write_text(checksum)


def test_jgo_takes_what_matches(repository: tuple[Path, MavenContext]) -> None:
    served, context = repository
    publish(served, b"jar", hashlib.sha1(b"jar").hexdigest() + "  a-1.jar\n")
    jar = context.project("g", "a").at_version("1").artifact().resolve()
    assert jar.read_bytes() == b"jar"
    assert stat.S_ISREG(jar.stat().st_mode)


def test_jgo_refuses_what_differs(repository: tuple[Path, MavenContext]) -> None:
    served, context = repository
    publish(served, b"tampered", hashlib.sha1(b"jar").hexdigest())
    artifact = context.project("g", "a").at_version("1").artifact()
    with pytest.raises(FetchError, match="differs from its published checksum"):
        artifact.resolve()
    assert artifact.cached_path is not None
    assert not artifact.cached_path.exists()


def test_jgo_tells_what_is_not_there(repository: tuple[Path, MavenContext]) -> None:
    _, context = repository
    with pytest.raises(FetchError, match="has no g:a:2"):
        context.project("g", "a").at_version("2").artifact().resolve()
