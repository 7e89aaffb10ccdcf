"""Maven Central through jgo's own resolver: no Maven and no Java needed. Imported only where jars are fetched."""

import hashlib
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import requests
from jgo.maven import Artifact, MavenContext, PythonResolver
from jgo.parse import Coordinate

from kafka_tools.report import Stages
from kafka_tools.sandbox.maven import Coordinates, FetchError

TIMEOUT_SECONDS = 20.0
AT_ONCE = 8


class CheckedResolver(PythonResolver):
    """jgo's resolver, which takes nothing that differs from its published checksum and keeps its connections open."""

    def __init__(self, progress: Stages) -> None:
        super().__init__()
        self._progress = progress
        self._session = requests.Session()
        self._session.mount("https://", requests.adapters.HTTPAdapter(pool_maxsize=AT_ONCE, max_retries=3))

    def download(self, artifact: Artifact) -> Path:
        """Fetch one file into jgo's local repository. Raises FetchError."""
        for base in artifact.context.remote_repos.values():
            address = f"{base}/{artifact.component.path_prefix.as_posix()}/{artifact.filename}"
            content = self._get(address)
            published = self._get(f"{address}.sha1") if content is not None else None
            if content is None or published is None:
                continue
            # SHA-1 is what Maven Central publishes beside every file; a name may stand behind the 40 digits.
            if hashlib.sha1(content, usedforsecurity=False).hexdigest() != published.decode("ascii", "replace")[:40]:
                raise FetchError(f"{artifact.filename} from Maven Central differs from its published checksum.")
            self._progress.detail(artifact.filename)
            return _store(content, artifact)
        raise FetchError(f"Maven Central has no {artifact.groupId}:{artifact.artifactId}:{artifact.version}.")

    def _get(self, address: str) -> bytes | None:
        answer = self._session.get(address, timeout=TIMEOUT_SECONDS)
        if answer.status_code == requests.codes.not_found:
            return None
        answer.raise_for_status()
        return answer.content


def fetch(wanted: Sequence[Coordinates], repository: Path, progress: Stages) -> tuple[Path, ...]:
    """Fetch artifacts and all they need into the folder `repository`; return the jars. Raises FetchError."""
    _silence()
    context = _context(repository, CheckedResolver(progress))
    try:
        # "raw": the wanted artifacts are not taken for bills of materials, as they are not by Maven.
        asked = [
            context.create_dependency(Coordinate(each.group, each.artifact, each.version, raw=True)) for each in wanted
        ]
        chosen, needed = context.resolver.resolve(asked)
        return _fetch_jars([dependency.artifact for dependency in (*chosen, *needed)], progress)
    except requests.ConnectionError as error:
        raise FetchError(
            "Maven Central cannot be reached.", "The jars are fetched once: later no network is needed."
        ) from error
    # What jgo raises for a document that it does not expect: xml's ParseError is a SyntaxError.
    except (OSError, RuntimeError, ValueError, AssertionError, SyntaxError) as error:
        raise FetchError(f"Maven Central could not be read: {_first_line(error)}") from error


def versions(repository: Path, wanted: Coordinates) -> tuple[str, ...]:
    """Return the published versions of an artifact, oldest first; empty if there is no answer."""
    _silence()
    project = _context(repository, PythonResolver()).project(wanted.group, wanted.artifact)
    project.update()
    return tuple(project.metadata.versions)


def _fetch_jars(artifacts: Sequence[Artifact], progress: Stages) -> tuple[Path, ...]:
    pool = ThreadPoolExecutor(AT_ONCE)
    try:
        jars = [pool.submit(artifact.resolve) for artifact in artifacts]
        for count, _ in enumerate(as_completed(jars), 1):
            progress.detail("jars", count, len(jars))
        return tuple(Path(jar.result()) for jar in jars)
    finally:
        pool.shutdown(cancel_futures=True)  # after a failure nobody waits for the others


def _context(repository: Path, resolver: PythonResolver) -> MavenContext:
    return MavenContext(resolver=resolver, repo_cache=repository, local_repos=[], timeout=int(TIMEOUT_SECONDS))


def _store(content: bytes, artifact: Artifact) -> Path:
    assert artifact.cached_path is not None
    path = artifact.cached_path
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.part")
    draft.write_bytes(content)
    return draft.replace(path)


def _silence() -> None:
    """Keep jgo's warnings off stderr: what matters comes as an error."""
    logger = logging.getLogger("jgo")
    logger.addHandler(logging.NullHandler())
    logger.propagate = False


def _first_line(error: BaseException) -> str:
    lines = str(error).splitlines()
    return lines[0] if lines else type(error).__name__
