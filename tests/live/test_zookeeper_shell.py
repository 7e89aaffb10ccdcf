"""zookeeper-shell against a real ZooKeeper: beside ZooKeeper's own shell, with a login, and guarded by contexts."""

import json
import os
import re
import uuid
from pathlib import Path
from typing import Any

import pexpect
import pytest

from kafka_tools.sandbox.launch import ZOOKEEPER_MAIN
from kafka_tools.sandbox.plan import free_block
from tests.support import forked
from tests.support.clusters import KTOOLS, Cluster, ended
from tests.support.java import java_server, java_tool
from tests.support.waiting import wait_until

MAIN = "org.apache.zookeeper.ZooKeeperMainWithTlsSupportForKafka"
EVENT = re.compile(r"\nWATCHER::\n\n(WatchedEvent [^\n]*\n)")
"""Printed by a thread of its own, whenever it comes."""

ALONE = """
dataDir={data}
clientPort={port}
tickTime=500
initLimit=10
syncLimit=5
admin.enableServer=false
localSessionsEnabled=true
"""
"""The settings of a server that can be read without its quorum."""

SCRIPT = """
create /NAME "hello world"
get /NAME
foo
get /NAME-none
create /NAME x
create /NAME/kid x
set -v 7 /NAME x
delete /NAME
setquota -n 1 /NAME
listquota /NAME
setquota -N 9 /NAME
setquota -b 5 /NAME/kid
listquota /NAME
delquota -n /NAME
listquota /NAME
delquota /NAME
listquota /NAME
delquota /NAME
setquota /NAME
setquota -n 5 -b 6 /NAME
setquota -n x /NAME
setquota -n 1 /NAME-none
create -e /NAME-e q
getEphemerals /NAME
create /NAME-e/x d
delete /NAME-e
getAllChildrenNumber /NAME
config -c
printwatches
printwatches off
printwatches
whoami
get
get -q /x
get -v
set -v /x
ls NAME
ls /NAME/
ls //a
ls /a/../b
redo 0
redo 999
create -c -e /NAME-c
create -t 5 -e /NAME-c
create -t x /NAME-c
create -t 0 /NAME-c
create /NAME-c d bad
create /NAME-c d world:anyone:rz
getAcl /NAME-c
setAcl /NAME-c world:anyone:cdrwa
setAcl /NAME-c world
get /NAME-c watch
stat /NAME-c watch
ls /NAME-c watch
set /NAME-c -5
create /NAME/n
get /NAME/n
deleteall -b x /NAME-c
delete /NAME-c 0
addauth digest a:b
create /NAME-a d auth::cdrwa
getAcl /NAME-a
whoami
delete /NAME-a
reconfig -remove 1
reconfig
getAllChildrenNumber
reconfig -file MEMBERS
reconfig -file /NAME-none
reconfig -file MEMBERS -members server.1=a:1:2;3
addWatch
addWatch -m X /NAME
addWatch /NAME-w
addWatch -m persistent /NAME-p
create /NAME-w x
create /NAME-w/kid x
create /NAME-p x
create /NAME-p/kid x
delete /NAME-w/kid
delete /NAME-p/kid
removewatches
removewatches NAME
removewatches -d /NAME-p
removewatches -a /NAME-p
removewatches /NAME-p -l
get -w /NAME-p
removewatches -c /NAME-p
removewatches -d /NAME-p
ls -w /NAME-p
removewatches -c /NAME-p
delete /NAME-w
delete /NAME-p
ls -sR /NAME
create /NAME-z/a b c d e
stat /NAME-none
getAcl /NAME-none
deleteall /NAME
ls -R /NAME
"""


@pytest.fixture
def name() -> str:
    return f"zs-{uuid.uuid4().hex[:8]}"


def comparable(text: bytes, name: str) -> str:
    shown = EVENT.sub("", text.decode().replace(name, "NAME"))
    return re.sub(r"(?m)^([cmp]Zxid|[cm]time) = .*", r"\1", shown)


def test_both_shells_say_the_same(kafka39: Cluster, name: str, tmp_path: Path) -> None:
    """Both streams, whole: the recorded cases compare the first line of stderr."""
    members = tmp_path / "members"
    members.write_text("server.1=a:1:2;3\nhost=a\n")
    lines = SCRIPT.replace("NAME", name).replace("MEMBERS", str(members))
    silent = tmp_path / "log4j.properties"
    silent.write_text("log4j.rootLogger=OFF\n")
    flags = (f"-Dlog4j.configuration=file:{silent}",)
    theirs = java_tool("3.9.1", flags, MAIN, "-server", kafka39.zookeeper, stdin=lines.encode())
    ours = kafka39.run("zookeeper-shell", kafka39.zookeeper, stdin=lines.encode())
    # "Did you mean" is ours.
    said = [each for each in comparable(ours.stderr, name).splitlines() if not each.startswith("Did you")]
    assert said == comparable(theirs.stderr, name).splitlines()
    assert EVENT.findall(ours.stdout.decode()) == EVENT.findall(theirs.stdout.decode())
    assert comparable(ours.stdout, name) == comparable(theirs.stdout, name)
    assert ours.returncode == theirs.returncode


def test_children_that_are_watched(kafka39: Cluster, zookeeper: Any, name: str) -> None:
    zookeeper.create(f"/{name}", b"")
    lines = f"ls -w /{name}\nget -w /{name}\ncreate /{name}/a x\nset /{name} y\nsync /{name}\n"
    ran = kafka39.run("zookeeper-shell", kafka39.zookeeper, stdin=lines.encode())
    zookeeper.delete(f"/{name}", recursive=True)
    assert EVENT.findall(ran.stdout.decode())[1:] == [
        f"WatchedEvent state:SyncConnected type:{kind} path:/{name}\n"
        for kind in ("NodeChildrenChanged", "NodeDataChanged")
    ]


def test_a_server_without_its_quorum_is_read(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "myid").write_text("1\n")
    with free_block() as ports:
        peers = (f"server.{n}=127.0.0.1:{ports[2 * n]}:{ports[2 * n + 1]}" for n in (1, 2, 3))
        file = tmp_path / "zoo.cfg"
        file.write_text(ALONE.format(data=tmp_path / "data", port=ports[0]) + "\n".join(peers))
        server = java_server("3.9.1", ZOOKEEPER_MAIN, file, "-Dreadonlymode.enabled=true")
    with ended(server):

        def shell(*words: str) -> Any:
            argv = ["zookeeper-shell", "-r", f"127.0.0.1:{ports[0]}", *words]
            return forked.run(argv, b"", 60, dict(os.environ))

        wait_until(lambda: shell("ls", "/").returncode == 0, "it serves who only reads")
        read, written = shell("ls", "/"), shell("create", "/x")
    assert b"WatchedEvent state:ConnectedReadOnly type:None path:null\n[zookeeper]\n" in read.stdout
    assert (written.returncode, b"Not a read-only call: /x" in written.stderr) == (1, True)


def test_a_chroot(kafka39: Cluster, zookeeper: Any, name: str) -> None:
    zookeeper.create(f"/{name}", b"")
    lines = "create /a x\ncreate -s -e /b- y\ngetEphemerals\nls -R /\ngetAllChildrenNumber /\ndeleteall /a\nconfig\n"
    ran = kafka39.run("zookeeper-shell", f"{kafka39.zookeeper}/{name}", stdin=lines.encode())
    assert ran.returncode == 0, ran.stderr
    assert EVENT.sub("", ran.stdout.decode()).splitlines()[3:] == [
        "[/b-0000000001]",
        *("/", "/a", "/b-0000000001"),
        "2",
        zookeeper.get("/zookeeper/config")[0].decode(),
    ]
    assert zookeeper.get_children(f"/{name}") == []
    zookeeper.delete(f"/{name}")


def test_a_thousand_znodes(kafka39: Cluster, zookeeper: Any, name: str) -> None:
    paths = [f"/{name}", *(f"/{name}/{number:03}" for number in range(1000))]
    for answer in [zookeeper.create_async(path, b"") for path in paths]:
        answer.get()
    listed = kafka39.run("zookeeper-shell", kafka39.zookeeper, "ls", "-R", f"/{name}").stdout.decode().splitlines()
    assert listed[-len(paths) :] == paths
    assert kafka39.run("zookeeper-shell", kafka39.zookeeper, "deleteall", f"/{name}").returncode == 0
    assert zookeeper.exists(f"/{name}") is None


def test_a_login(kafka39_secured: Cluster) -> None:
    """Kafka's own znodes of SCRAM users are for the brokers' login alone."""
    login = str(kafka39_secured.home / "zookeeper.properties")
    refused = kafka39_secured.run("zookeeper-shell", kafka39_secured.zookeeper, "get", "/config/users/user")
    assert (refused.returncode, refused.stderr) == (1, b"Insufficient permission : /config/users/user\n")
    argv = (kafka39_secured.zookeeper, "-zk-tls-config-file", login, "get", "/config/users/user")
    allowed = kafka39_secured.run("zookeeper-shell", *argv)
    assert allowed.returncode == 0, allowed.stderr
    assert "SCRAM-SHA-512" in json.loads(allowed.stdout.splitlines()[-1])["config"]


@pytest.mark.parametrize("rule", ["read-only", "protected"])
def test_a_guarded_context(kafka39: Cluster, zookeeper: Any, name: str, rule: str, tmp_path: Path) -> None:
    (tmp_path / "ktools").mkdir()
    file = tmp_path / "ktools" / "config.toml"
    file.touch(mode=0o600)
    file.write_text(f'[contexts.prod]\nzookeeper = "{kafka39.zookeeper}"\n{rule} = true\n')
    env = {"XDG_CONFIG_HOME": str(tmp_path)}
    lines = f"get /cluster/id\ncreate /{name} x\nsetquota -n 5 /cluster\ndeleteall /cluster\nget /cluster/id\n"
    ran = kafka39.run("zookeeper-shell", kafka39.zookeeper, stdin=lines.encode(), env=env)
    assert ran.returncode == 0
    assert ran.stderr.count(b"nothing was changed") == 3
    assert zookeeper.exists(f"/{name}") is None
    if rule == "protected":
        said = kafka39.run("zookeeper-shell", "--yes", kafka39.zookeeper, "create", f"/{name}", env=env)
        assert (said.returncode, said.stderr) == (0, f"Created /{name}\n".encode())
        zookeeper.delete(f"/{name}")


def test_the_prompt(kafka39: Cluster, zookeeper: Any, name: str) -> None:
    """Tab completes commands and paths, what is watched is told, Ctrl-C drops a line and Ctrl-D ends."""
    zookeeper.create(f"/{name}", b"\x1b]0;owned\x07")
    environment = os.environ | kafka39.env | {"TERM": "xterm"}
    shell = pexpect.spawn(KTOOLS[0], [*KTOOLS[1:], "zookeeper-shell", kafka39.zookeeper], env=environment, timeout=60)
    shell.expect(re.escape(f"[zk: {kafka39.zookeeper}(CONNECTED) 0]".encode()))
    shell.send(f"get -w /{name[:-2]}\t")
    shell.expect(name.encode())
    shell.send("\r")
    shell.expect(rb"\\x1b\]0;owned\\x07")
    shell.expect(rb"CONNECTED\) 1\]")  # between two prompts the terminal, and not the prompt, would obey Ctrl-C
    zookeeper.set(f"/{name}", b"")
    shell.expect(f"type:NodeDataChanged path:/{name}".encode())
    shell.send("delete /\x03")
    shell.send("history\r")
    shell.expect(f"0 - get -w /{name}".encode())
    shell.expect(rb"CONNECTED\) 2\]")
    shell.sendeof()
    shell.expect(pexpect.EOF)
    shell.close()
    assert shell.exitstatus == 0
    zookeeper.delete(f"/{name}")
