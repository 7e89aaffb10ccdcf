"""Makes servers start with half the work: an archive of their classes, made once for each version of Kafka and Java.

Java reads, checks and links some 5,500 classes from a hundred jars before a broker serves. It can keep them ready in a
file (class data sharing, JEP 310) that all servers of a machine map. Measured with Kafka 3.9.1 on Java 17: 1.2 s of CPU
instead of 2.4 s for the start of a broker, and 30 MB less memory. The archive is made of what the first servers loaded,
which takes 5 s, and lies beside the jars, so that it goes with them.
"""

import hashlib
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from threading import Timer

from kafka_tools.errors import KafkaToolError
from kafka_tools.report import Stages
from kafka_tools.sandbox import processes
from kafka_tools.sandbox.state_file import locked

SECONDS = 60.0
LOCK = "classes.lock"
LIBRARIES = ("libjvm.so", "libjvm.dylib")
TOLERANT = "-XX:+IgnoreUnrecognizedVMOptions"
"""Another vendor's Java, which may not know these options, starts without an archive."""

CHECKED = "-XX:+VerifySharedSpaces"
"""A checksum of the whole archive (30 ms): Java goes on without one that is broken, cut off or of other jars."""


def archive_of(java: Path, folder: Path) -> Path | None:
    """Return where this `java`'s archive for the jars in `folder` is, or will be; None where Java looks unfamiliar."""
    home = java.resolve().parent.parent
    library = next((path for name in LIBRARIES if (path := home / "lib" / "server" / name).exists()), None)
    if library is None:
        return None
    # Java takes only an archive of its own build; one that was updated in its place gets another name.
    found = library.stat()
    which, build = (hashlib.sha256(text.encode()).hexdigest()[:12] for text in (str(home), f"{found.st_mtime_ns}"))
    return folder / f"classes-{which}-{build}.jsa"


def flags(archive: Path | None, classes: Path) -> tuple[str, ...]:
    """Return what makes a server use the archive or, where there is none yet, write the names of its classes."""
    if archive is None:
        return ()
    if not archive.exists():
        return (TOLERANT, f"-XX:DumpLoadedClassList={classes}")
    # An empty one says that this Java cannot make any.
    return (TOLERANT, CHECKED, f"-XX:SharedArchiveFile={archive}") if archive.stat().st_size else ()


def make(java: Path, folder: Path, lists: Iterable[Path], environment: Mapping[str, str], progress: Stages) -> None:
    """Make the archive from the lists of classes that servers wrote, unless it is there or being made already.

    The servers' class path has to be `folder`/*: an archive is of certain jars in a certain order. Whatever goes wrong,
    servers start as they do without one.
    """
    archive = archive_of(java, folder)
    # Servers still write: their last line may be half a name, for which Java would make nothing.
    classes = [path.read_bytes().rpartition(b"\n")[0] for path in lists if path.exists()]
    if archive is None or archive.exists() or not any(classes):
        return
    try:
        with locked(archive.parent / LOCK, wait_seconds=0):
            progress.stage("Making later starts faster (once)")
            _make(archive, [str(java), "-cp", f"{folder}/*"], b"\n".join(classes), environment)
    except (KafkaToolError, OSError):  # another sandbox is making it, or the disk is full
        return


def _make(archive: Path, java: Sequence[str], classes: bytes, environment: Mapping[str, str]) -> None:
    """Write a draft and give it its name as the last step: servers that start meanwhile see none."""
    with tempfile.TemporaryDirectory(prefix=".classes-", dir=archive.parent) as folder:
        names, draft = Path(folder, "names"), Path(folder, "archive")
        names.write_bytes(classes)
        argv = [*java, "-Xshare:dump", f"-XX:SharedClassListFile={names}", f"-XX:SharedArchiveFile={draft}"]
        with processes.leashed(argv, environment) as dump:
            assert dump.stdin is not None
            assert dump.stdout is not None
            limit = Timer(SECONDS, dump.stdin.close)
            limit.start()
            dump.stdout.read()
            limit.cancel()
        if dump.returncode:
            draft.unlink(missing_ok=True)
            draft.touch()
        for outdated in archive.parent.glob(f"{archive.name.rpartition('-')[0]}-*.jsa"):
            outdated.unlink(missing_ok=True)
        draft.replace(archive)
