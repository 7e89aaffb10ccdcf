"""The archive of classes: whose it is, when servers use it, and that nothing comes of it where it cannot be made."""

from pathlib import Path

import pytest

from kafka_tools.report import Stages
from kafka_tools.sandbox import class_archive
from kafka_tools.sandbox.state_file import locked

WRITES = 'for word; do case $word in *SharedArchiveFile=*) echo "$@" >"${word#*=}" ;; esac; done\n'


@pytest.fixture
def java(tmp_path: Path) -> Path:
    path = tmp_path / "java" / "bin" / "java"
    library = tmp_path / "java" / "lib" / "server" / "libjvm.so"
    for each in (path, library):
        each.parent.mkdir(parents=True)
    library.touch()
    path.write_text(f"#!/bin/sh\n{WRITES}")
    path.chmod(0o755)
    return path


@pytest.fixture
def jars(tmp_path: Path) -> Path:
    folder = tmp_path / "3.9.1"
    folder.mkdir()
    (folder / "kafka.jar").touch()
    return folder


def made(java: Path, jars: Path, *lists: Path) -> Path:
    class_archive.make(java, jars, lists, {}, Stages())
    archive = class_archive.archive_of(java, jars)
    assert archive is not None
    return archive


def a_list(folder: Path, text: str = "java/lang/Object\njava/lang/String\njava/la") -> Path:
    path = folder / "names"
    path.write_text(text)
    return path


def test_servers_name_their_classes_until_there_is_an_archive(java: Path, jars: Path, tmp_path: Path) -> None:
    archive = class_archive.archive_of(java, jars)
    names = tmp_path / "x.classes"
    assert class_archive.flags(archive, names)[1:] == (f"-XX:DumpLoadedClassList={names}",)
    archive = made(java, jars, a_list(tmp_path))
    assert class_archive.flags(archive, names)[-1] == f"-XX:SharedArchiveFile={archive}"
    assert f"-Xshare:dump -XX:SharedClassListFile={jars}" in archive.read_text()
    assert archive.read_text().startswith(f"-cp {jars}/* ")
    assert [path.name for path in jars.iterdir() if path.is_dir()] == []


def test_half_a_name_at_the_end_is_no_class(java: Path, jars: Path, tmp_path: Path) -> None:
    keep = 'for word; do case $word in *ClassListFile=*) cp "${word#*=}" "$0.names" ;; esac; done\n'
    java.write_text(f"#!/bin/sh\n{keep}{WRITES}")
    other = tmp_path / "other"
    other.write_text("java/lang/Long\n")
    made(java, jars, a_list(tmp_path), other, tmp_path / "missing")
    assert Path(f"{java}.names").read_text().split() == ["java/lang/Object", "java/lang/String", "java/lang/Long"]


def test_a_java_that_cannot_is_asked_once(java: Path, jars: Path, tmp_path: Path) -> None:
    java.write_text(f"#!/bin/sh\n{WRITES}echo $$ >>{tmp_path}/runs\nexit 1\n")
    archive = made(java, jars, a_list(tmp_path))
    assert archive.stat().st_size == 0
    assert class_archive.flags(archive, tmp_path / "x.classes") == ()
    made(java, jars, a_list(tmp_path))
    assert len((tmp_path / "runs").read_text().split()) == 1


def test_nothing_is_made_without_classes_or_beside_another(java: Path, jars: Path, tmp_path: Path) -> None:
    assert not made(java, jars, tmp_path / "missing").exists()
    with locked(jars / class_archive.LOCK):
        assert not made(java, jars, a_list(tmp_path)).exists()


def test_a_java_that_was_updated_gets_an_archive_of_its_own(java: Path, jars: Path, tmp_path: Path) -> None:
    before = made(java, jars, a_list(tmp_path))
    library = tmp_path / "java" / "lib" / "server" / "libjvm.so"
    library.unlink()
    library.write_text("another")
    after = made(java, jars, a_list(tmp_path))
    assert (before != after, before.exists(), after.exists()) == (True, False, True)


def test_an_unfamiliar_java_goes_without(tmp_path: Path, jars: Path) -> None:
    path = tmp_path / "bin" / "java"
    assert class_archive.archive_of(path, jars) is None
    assert class_archive.flags(None, tmp_path / "x.classes") == ()
    class_archive.make(path, jars, [a_list(tmp_path)], {}, Stages())
    assert [each.name for each in jars.iterdir()] == ["kafka.jar"]
