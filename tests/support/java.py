"""Apache's tools, run from their jars."""

import os
import subprocess
from collections.abc import Sequence

from kafka_tools.sandbox import jars, launch


def java_tool(version: str, flags: Sequence[str], *argv: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run a main class of this Kafka with its arguments, to its end."""
    path = os.pathsep.join(map(str, jars.class_path(version, with_tools=not version.startswith("2."))))
    command = [
        str(launch.find_java(version)),
        "-Xmx128m",
        "-XX:TieredStopAtLevel=1",
        "-XX:+UseSerialGC",
        *flags,
        "-cp",
        path,
        *argv,
    ]
    return subprocess.run(command, input=stdin, capture_output=True, timeout=100, check=False)
