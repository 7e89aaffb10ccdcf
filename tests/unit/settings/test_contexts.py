"""Contexts: their file, changing it, and a repository's."""

import os
import tomllib
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kafka_tools.errors import KafkaToolError
from kafka_tools.settings import contexts, edit_contexts
from kafka_tools.settings.contexts import NAMING_FILES, Context, config_path, current

HAND_WRITTEN = """\
# mine
[contexts.dev]  # at home
bootstrap-servers = ["a:1", "b:2"]

[contexts.dev.settings]
security.protocol = "SASL_PLAINTEXT"
"sasl.username" = "me"
enable.metrics.push = false

[contexts.old]
zookeeper = "zk:2181"
[other]
kept = true
"""


def written(text: str) -> None:
    Path(config_path()).parent.mkdir(parents=True, exist_ok=True)
    Path(config_path()).write_text(text)


def project(folder: Path, text: str) -> Path:
    (folder / "repository" / ".git").mkdir(parents=True)
    (folder / "repository" / "deep").mkdir()
    file = folder / "repository" / ".ktools.toml"
    file.write_text(text)
    os.chdir(folder / "repository" / "deep")
    return file


def test_a_file_written_by_hand() -> None:
    written(HAND_WRITTEN)
    dev = contexts.find("dev")
    assert dev.bootstrap_servers == "a:1,b:2"
    assert dev.settings == {
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.username": "me",
        "enable.metrics.push": "false",
    }


def test_adding_and_removing_keep_the_rest() -> None:
    written(HAND_WRITTEN)
    edit_contexts.add(Context("new", "", "c:3"))
    assert Path(config_path()).read_text() == HAND_WRITTEN + '\n[contexts.new]\nbootstrap-servers = "c:3"\n'
    edit_contexts.remove("dev")
    edit_contexts.remove("new")
    left = Path(config_path()).read_text()
    assert left.startswith("# mine\n[contexts.old]")
    assert "[other]\nkept = true" in left
    edit_contexts.remove("old")
    assert tomllib.loads(Path(config_path()).read_text()) == {"other": {"kept": True}}


def test_what_cannot_be_changed_safely_is_left() -> None:
    text = 'contexts = { dev = { bootstrap-servers = "a:1" } }\n'
    written(text)
    for change in (lambda: edit_contexts.add(Context("new", "", "b:1")), lambda: edit_contexts.remove("dev")):
        with pytest.raises(KafkaToolError, match="cannot change safely"):
            change()
    assert Path(config_path()).read_text() == text


TEXTS = st.text(st.characters(codec="utf-8"))
NAMES = st.text(st.sampled_from("aZ0._-"), min_size=1).filter(lambda name: not name.startswith("-"))


SETTINGS = TEXTS.filter(lambda name: name and not name.endswith(NAMING_FILES))
"""Names of settings that name no file: such a one is meant from the context's folder."""


@given(NAMES, TEXTS, st.dictionaries(SETTINGS, TEXTS.filter(bool)))
@example("0", "\x85[", {})
def test_what_is_added_is_found(home_name: str, servers: str, settings: dict[str, str]) -> None:
    Path(config_path()).unlink(missing_ok=True)
    context = Context(home_name, config_path(), servers, settings=settings, protected=True)
    edit_contexts.add(Context("first", "", "a:1")) if home_name != "first" else None
    edit_contexts.add(context)
    assert contexts.find(home_name) == context
    edit_contexts.remove(home_name)
    assert home_name not in contexts.all_contexts()


@pytest.mark.parametrize("name", ["", "a b", "-a", "a/b", "ä"])
def test_what_cannot_be_a_name(name: str) -> None:
    with pytest.raises(KafkaToolError, match="cannot be a context's name"):
        edit_contexts.add(Context(name, "", "a:1"))


def test_a_name_that_is_taken() -> None:
    edit_contexts.add(Context("dev", "", "a:1"))
    with pytest.raises(KafkaToolError, match="is there already"):
        edit_contexts.add(Context("dev", "", "b:1"))


def test_the_current_one() -> None:
    assert current() is None
    edit_contexts.add(Context("dev", "", "a:1"))
    edit_contexts.use("dev")
    assert (current() or ("",))[0] == "dev"
    edit_contexts.forget_current()
    edit_contexts.forget_current()
    assert current() is None
    with pytest.raises(KafkaToolError, match="there is no context 'nope'"):
        edit_contexts.use("nope")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("password = hunter2", "is no TOML"),
        ("contexts = 1", "tables are needed"),
        ("[contexts]\ndev = 1", "tables are needed"),
        ("[contexts.dev]\nbootstrap-server = 'a:1'", "bootstrap-server of context dev is not known"),
        ("[contexts.dev]\nbootstrap-servers = 1", "is no text"),
        ("[contexts.dev]\nread-only = 'yes'", "neither true nor false"),
        ("[contexts.dev]\nsettings = 1", "a table is needed"),
        ("[contexts.dev.settings]\nx = [1]", "neither a text nor a number"),
    ],
)
def test_a_file_that_means_nothing(text: str, words: str) -> None:
    written(text)
    with pytest.raises(KafkaToolError, match=words) as refused:
        contexts.find("dev")
    assert "hunter2" not in refused.value.message
    assert config_path() in refused.value.message


def test_a_project_s_file_counts_up_to_the_repository_s_root(home: Path) -> None:
    file = project(
        home, 'context = "team"\n[contexts.team]\nbootstrap-servers = "t:1"\ncommand-config = "c.properties"'
    )
    assert current() == ("team", str(file))
    team = contexts.find("team")
    assert (team.project, team.command_config) == (True, str(file.parent / "c.properties"))
    (home / "repository" / "deep" / ".git").mkdir()
    assert current() is None


def test_files_are_meant_from_where_they_are_named(home: Path) -> None:
    written('[contexts.dev.settings]\n"ssl.ca.location" = "ca.pem"\n"ssl.key.location" = "/k"\n"client.id" = "x"')
    folder = home / "config" / "ktools"
    assert contexts.find("dev").settings == {
        "ssl.ca.location": str(folder / "ca.pem"),
        "ssl.key.location": "/k",
        "client.id": "x",
    }


def test_outside_of_a_repository_only_the_working_folder_counts(home: Path) -> None:
    (home / ".ktools.toml").write_text('context = "x"')
    assert current() is None
    os.chdir(home)
    assert current() == ("x", str(home / ".ktools.toml"))


def test_another_user_s_file_is_not_used(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project(home, 'context = "team"')
    monkeypatch.setattr(os, "getuid", lambda: 4711)
    monkeypatch.setattr(contexts, "ROOT", 4712)
    with pytest.raises(KafkaToolError, match="belongs to another user"):
        current()
