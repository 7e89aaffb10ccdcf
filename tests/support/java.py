"""Apache's tools and servers, run from their jars."""

import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from kafka_tools.sandbox import class_archive, jars, launch


def java_server(version: str, main: str, properties: Path, *more: str) -> subprocess.Popen[bytes]:
    """Start a server of this Kafka beside those of a sandbox; what it prints is beside its `properties`.

    `more` are flags of the JVM.
    """
    command = _java(version, "-Xmx256m", "-Djava.net.preferIPv4Stack=true", *more)
    with properties.with_suffix(".log").open("wb") as log:
        argv = [*command, main, str(properties)]
        return subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)


def java_tool(version: str, flags: Sequence[str], *argv: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run a main class of this Kafka with its arguments, to its end."""
    command = _java(version, "-Xmx128m", *flags, with_tools=not version.startswith("2."))
    return subprocess.run([*command, *argv], input=stdin, capture_output=True, timeout=100, check=False)


@cache
def _java(version: str, *flags: str, with_tools: bool = False) -> tuple[str, ...]:
    java = launch.find_java(version)
    folder = jars.class_path(version)[0].parent
    archive = class_archive.archive_of(java, folder)
    # A sandbox keeps an archive of the classes in its jars: half the CPU of a start, of a tool's too (1.2 s, 0.7 s).
    kept = class_archive.flags(archive, folder) if archive and archive.exists() else ()
    # It counts where the class path begins with those jars: what else the tools need stands behind.
    tools = jars.class_path(version, with_tools=True) if with_tools else ()
    path = [f"{folder}/*", *(str(jar) for jar in tools if not (folder / jar.name).exists())]
    return (str(java), "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", *kept, *flags, "-cp", ":".join(path))
