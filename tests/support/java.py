"""Apache's tools, run from their jars."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from kafka_tools.sandbox import class_archive, jars, launch


def java_server(version: str, main: str, properties: Path, *more: str) -> subprocess.Popen[bytes]:
    """Start a server of this Kafka beside those of a sandbox; what it prints is beside its `properties`.

    `more` are flags of the JVM.
    """
    path = os.pathsep.join(map(str, jars.class_path(version)))
    flags = ("-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Djava.net.preferIPv4Stack=true")
    command = [str(launch.find_java(version)), *flags, *more, "-cp", path, main, str(properties)]
    with properties.with_suffix(".log").open("wb") as log:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)


def java_tool(version: str, flags: Sequence[str], *argv: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run a main class of this Kafka with its arguments, to its end."""
    java = launch.find_java(version)
    folder = jars.class_path(version, with_tools=not version.startswith("2."))[0].parent
    archive = class_archive.archive_of(java, folder)
    # Where a sandbox has made an archive of these jars, which it has of those without tools, half the CPU of a start.
    kept = class_archive.flags(archive, folder) if archive and archive.exists() else ()
    every = ("-Xmx128m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", *kept, *flags)
    command = [str(java), *every, "-cp", f"{folder}/*", *argv]
    return subprocess.run(command, input=stdin, capture_output=True, timeout=100, check=False)
