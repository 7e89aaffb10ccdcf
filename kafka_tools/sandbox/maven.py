"""Maven Central: which artifacts make a Kafka, and how `mvn`, where it is on PATH, fetches them."""

import html
import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from kafka_tools.errors import KafkaToolError
from kafka_tools.report import Stages
from kafka_tools.sandbox.processes import leashed

BUILD_CLASS_PATH = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:build-classpath"
_FETCHED = re.compile(r"Downloaded from \S+ \S*/(\S+\.jar)")

# The brokers' artifact brings everything it needs but something that writes its log (an slf4j binding). These are the
# bindings that Kafka's own distributions hold, so that changing a broker's log levels works.
LOG4J2_BINDING = ("org.apache.logging.log4j", "log4j-slf4j-impl", "2.25.4")
RELOAD4J_BINDING = ("org.slf4j", "slf4j-reload4j", "1.7.36")
# What kafka-tools of 2.8 and some 3.x bring as well: a second binding, and the log4j 1 that reload4j replaces.
UNWANTED = re.compile(r"(slf4j-(log4j12|simple|nop)|logback-classic|log4j)-\d[^/]*\.jar")


class FetchError(KafkaToolError):
    """Jars or versions could not be had from Maven Central."""


class Coordinates(NamedTuple):
    """One artifact's name at Maven Central."""

    group: str
    artifact: str
    version: str

    def __str__(self) -> str:
        return f"{self.group}:{self.artifact}:{self.version}"


def kafka(version: str) -> Coordinates:
    """Return the artifact of the brokers, which brings ZooKeeper before Kafka 4."""
    # The newest Scala that Kafka 1.x is published for is 2.12; its tools are what recorded cases come from.
    return Coordinates("org.apache.kafka", "kafka_2.12" if version.startswith("1.") else "kafka_2.13", version)


def needed(version: str, with_tools: bool) -> tuple[Coordinates, ...]:
    """Return what to resolve for Kafka `version`; the binding first, so that its libraries' versions win."""
    binding = Coordinates(*(LOG4J2_BINDING if version.startswith("4.") else RELOAD4J_BINDING))
    tools = kafka(version)._replace(artifact="kafka-tools")  # most of Apache's command line tools since 3.x
    return (binding, kafka(version), tools) if with_tools else (binding, kafka(version))


def wanted(jar_name: str) -> bool:
    """Say whether a resolved jar belongs on the class path."""
    return not UNWANTED.fullmatch(jar_name)


def installed() -> bool:
    """Say whether there is an `mvn` to try."""
    return shutil.which("mvn") is not None


def fetch(wanted: Sequence[Coordinates], repository: Path, progress: Stages) -> tuple[Path, ...]:
    """Fetch artifacts and all they need into the new folder `repository`; return the jars.

    Maven refuses what does not match its published checksum (`--strict-checksums`). Raises FetchError.
    """
    repository.mkdir(parents=True)
    class_path = repository / "class-path.txt"
    _run(_project(wanted), class_path, progress)
    return tuple(Path(jar) for jar in class_path.read_text(encoding="utf-8").strip().split(os.pathsep))


def versions(repository: Path, wanted: Coordinates) -> tuple[str, ...]:
    """Return the published versions of an artifact, oldest first; empty if Maven cannot say.

    Maven has no such question, but notes what it learned when it is given a range to choose from (`wanted.version`).
    """
    from xml.etree import ElementTree

    try:
        _run(_project([wanted], only=True), repository / "class-path.txt", Stages())
    except FetchError:
        return ()
    notes = repository.joinpath(*wanted.group.split("."), wanted.artifact).glob("maven-metadata-*.xml")
    trees = [ElementTree.parse(note) for note in notes]
    return tuple(version.text or "" for tree in trees for version in tree.iterfind("versioning/versions/version"))


def _run(project: str, class_path: Path, progress: Stages) -> None:
    repository = class_path.parent
    (repository / "pom.xml").write_text(project, encoding="utf-8")
    argv = ["mvn", "-B", "--strict-checksums", f"-f={repository}/pom.xml", f"-Dmaven.repo.local={repository}"]
    errors: list[str] = []
    fetched = 0
    # mvn forks: when this process ends, by Ctrl-C or kill -9, the whole of it has to end, too.
    with leashed(
        [*argv, f"-Dmdep.outputFile={class_path}", "-Dmdep.includeScope=runtime", BUILD_CLASS_PATH]
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if found := _FETCHED.search(line):
                fetched += 1
                progress.detail(f"{fetched} jars, {found[1]}")
            elif "ERROR" in line:
                errors.append(line.replace("[ERROR]", "").strip())
    if process.returncode:
        raise FetchError(f"mvn failed: {errors[0] if errors else f'status {process.returncode}'}")


def _project(wanted: Sequence[Coordinates], only: bool = False) -> str:
    """Return a pom.xml that depends on the artifacts; `only`: on nothing that they depend on."""
    nothing_else = "<exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion>"
    exclusions = f"<exclusions>{nothing_else}</exclusions>" if only else ""
    dependencies = "".join(
        f"<dependency><groupId>{html.escape(each.group)}</groupId><artifactId>{html.escape(each.artifact)}</artifactId>"
        f"<version>{html.escape(each.version)}</version>{exclusions}</dependency>"
        for each in wanted
    )
    return (
        "<project><modelVersion>4.0.0</modelVersion><groupId>ktools</groupId><artifactId>sandbox</artifactId>"
        f"<version>1</version><packaging>pom</packaging><dependencies>{dependencies}</dependencies></project>\n"
    )
