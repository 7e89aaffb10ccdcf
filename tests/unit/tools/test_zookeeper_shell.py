"""`ktools zookeeper-shell`: how lines are read, and what is said before any server is asked."""

import pytest

from kafka_tools.errors import KafkaToolError
from kafka_tools.main import run
from kafka_tools.model.znodes import OPEN, ZnodeAcl, check_path, parse_acl
from kafka_tools.tools.zookeeper_shell.commands import client_config
from kafka_tools.tools.zookeeper_shell.grammar import COMMANDS, Line, parse, split
from kafka_tools.tools.zookeeper_shell.quotas import written


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("ls /a", ["ls", "/a"]),
        ('create /a "two words"  x', ["create", "/a", "two words", "x"]),
        ("create /a 'it is \"so\"'", ["create", "/a", 'it is "so"']),
        ("  get   /a  ", ["get", "/a"]),
        ('set /a {"b":1}', ["set", "/a", '{"b":1}']),
        ("set /a b'c", ["set", "/a", "b'c"]),
        ("", []),
    ],
)
def test_words_of_a_line(line: str, words: list[str]) -> None:
    assert split(line) == words


@pytest.mark.parametrize(
    ("line", "read"),
    [
        ("ls -sR /a", Line("ls", frozenset("sR"), {}, ("/a",))),
        ("ls /a -s", Line("ls", frozenset("s"), {}, ("/a",))),
        ("set -v 5 /a b", Line("set", frozenset(), {"v": "5"}, ("/a", "b"))),
        ("set -v5 /a b", Line("set", frozenset(), {"v": "5"}, ("/a", "b"))),
        ("set -v=5 /a b", Line("set", frozenset(), {"v": "5"}, ("/a", "b"))),
        ("delete -v -1 /a", Line("delete", frozenset(), {"v": "-1"}, ("/a",))),
        ("create -- /a -b", Line("create", frozenset(), {}, ("/a", "-b"))),
        ("reconfig -add server.1=h:1:2;3", Line("reconfig", frozenset(), {"add": "server.1=h:1:2;3"})),
        ("setquota -N 7 /a", Line("setquota", frozenset(), {"N": "7"}, ("/a",))),
    ],
)
def test_options_stand_anywhere(line: str, read: Line) -> None:
    assert parse(split(line)) == read


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("get", "get [-s] [-w] path"),
        ("set /a", "set [-s] [-v version] path data"),
        ("get -q /a", "org.apache.commons.cli.UnrecognizedOptionException: Unrecognized option: -q"),
        ("ls -sq /a", "org.apache.commons.cli.UnrecognizedOptionException: Unrecognized option: -sq"),
        ("set /a -5", "org.apache.commons.cli.UnrecognizedOptionException: Unrecognized option: -5"),
        ("delete /a -v", "org.apache.commons.cli.MissingArgumentException: Missing argument for option: v"),
        ("delete -v -v /a", "org.apache.commons.cli.MissingArgumentException: Missing argument for option: v"),
        (
            "delquota -n -b /a",
            "org.apache.commons.cli.AlreadySelectedException: The option 'b' was specified but an option from this "
            "group has already been selected: 'n'",
        ),
    ],
)
def test_a_wrong_line_is_refused_in_the_words_of_commons_cli(line: str, said: str) -> None:
    with pytest.raises(KafkaToolError) as refused:
        parse(split(line))
    assert refused.value.message == said


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_a_command_that_is_mistyped_is_named(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["zookeeper-shell", "127.0.0.1:1", f"{command}x", "/a"]) == 127
    said = capsys.readouterr()
    assert said.out == "Connecting to 127.0.0.1:1\n"
    lines = said.err.splitlines()
    assert lines[-2:] == [f"Command not found: Command not found {command}x", f"Did you mean {command}?"]
    assert lines[0] == "ZooKeeper -server host:port [-zk-tls-config-file <file>] cmd args"


def test_the_address_may_be_left_out(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("KTOOLS_ZOOKEEPER", "127.0.0.1:1/below")
    assert run(["zookeeper-shell", "version"]) == 0
    assert run(["zookeeper-shell", "gett", "/a"]) == 127
    assert capsys.readouterr().out.count("Connecting to 127.0.0.1:1/below\n") == 2


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("", "Path length must be > 0"),
        ("a", "Path must start with / character"),
        ("/a/", "Path must not end with / character"),
        ("/a//b", 'Invalid path string "/a//b" caused by empty node name specified @3'),
        ("/a/../b", 'Invalid path string "/a/../b" caused by relative paths not allowed @4'),
        ("/a/.", 'Invalid path string "/a/." caused by relative paths not allowed @3'),
        ("/a\x1b", 'Invalid path string "/a\x1b" caused by invalid character @2'),
        ("/a\0", 'Invalid path string "/a\0" caused by null character not allowed @2'),
    ],
)
def test_what_is_no_path(path: str, said: str) -> None:
    with pytest.raises(KafkaToolError) as refused:
        check_path(path)
    assert refused.value.message == said


def test_paths() -> None:
    for path in ("/", "/a", "/a.b/..c", "/ä/b c"):
        check_path(path)


def test_rules() -> None:
    complaints: list[str] = []
    assert list(parse_acl("world:anyone:cdrwa,digest:u:p:rrz,bad", complaints)) == [
        *OPEN,
        ZnodeAcl("digest", "u:p", 1),
    ]
    assert complaints == ["Unknown perm type: z", "bad does not have the form scheme:id:perm"]
    assert [each.letters for each in (*OPEN, ZnodeAcl("world", "anyone", 3))] == ["cdrwa", "rw"]


def test_where_clients_reach_the_members() -> None:
    members = "server.1=a:2888:3888:participant;0.0.0.0:2181\nserver.2=b:2888:3888;2182\nserver.3=c:1:2\nversion=10a\n"
    assert client_config(members) == "10a 0.0.0.0:2181,b:2182"


def test_a_limit_as_older_versions_read_it() -> None:
    assert written({"count": 5, "bytes": -1}) == b"count=5,bytes=-1"
    whole = {"byteHardLimit": -1, "count": 5, "bytes": 7, "countHardLimit": 9}
    assert written(whole) == b"count=5,bytes=7=;byteHardLimit=-1;countHardLimit=9"
