"""kazoo with stand-ins: what they leave out, and that everything is there as soon as it is used."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kazoo.hosts import collect_hosts

from kafka_tools.zookeeper.library import LATER
from tests.support.interpreter import printed

START = """
import sys
from kafka_tools.zookeeper.library import kazoo_client
kazoo = kazoo_client()
"""


def test_a_plaintext_session_loads_no_tls_no_logging_no_inspection() -> None:
    code = """
client = kazoo.KazooClient(hosts="127.0.0.1:1")
client.start_async().wait(0.2)
client.stop()
left_out = ("ssl", "logging", "inspect", "hashlib", "urllib.parse", "kazoo.hosts", "kazoo.recipe.lock")
print([name for name in left_out if name in sys.modules])
"""
    assert printed(START + code) == "[]\n"


def test_a_session_with_tls_loads_the_real_ssl() -> None:
    code = """
import socket, threading
from kazoo.handlers.utils import create_tcp_connection
listener = socket.create_server(("127.0.0.1", 0))
def answer():
    connection, _ = listener.accept()
    print(connection.recv(3) == b"\\x16\\x03\\x01")  # a TLS handshake
    connection.sendall(b"this is no TLS")
threading.Thread(target=answer, daemon=True).start()
try:
    create_tcp_connection(socket, listener.getsockname(), timeout=5, use_ssl=True, verify_certs=False)
except OSError as error:
    import ssl
    print(isinstance(error, ssl.SSLError))
"""
    assert printed(START + code) == "True\nTrue\n"


def test_other_attributes_come_from_the_real_module() -> None:
    code = """
import kazoo.client, kazoo.protocol.connection, kazoo.security
print(kazoo.client.inspect.isclass(int), kazoo.client.inspect.isclass(1))
print(kazoo.client.inspect.getdoc(len) is not None, kazoo.protocol.connection.logging.WARNING)
print(kazoo.security.make_digest_acl_credential("user", "pass"))
import logging, ssl
print(logging.getLogger("x").name, kazoo.protocol.connection.ssl.SSLError is ssl.SSLError)
"""
    assert printed(START + code).splitlines() == [
        "True False",
        "True 30",
        "user:smGaoVKd/cQkjm7b88GyorAUz20=",
        "x True",
    ]


def test_a_kazoo_of_another_layout_is_imported_as_it_is() -> None:
    code = """
from kafka_tools.slim import slim_import
for name in [name for name in sys.modules if name.partition(".")[0] == "kazoo"]:
    del sys.modules[name]
later = {"inspect": {}, "kazoo.hosts": {"collect_hosts": None}}
module = slim_import("kazoo.client", {"kazoo.retry": "Nothing"}, later)
print(module.collect_hosts("h:1/x"), module.KazooRetry.__name__, module.inspect.isclass(int))
"""
    assert printed(START + code) == "([('h', 1)], '/x') KazooRetry True\n"


hosts = st.from_regex(r"([a-z][a-z0-9.-]{0,9}|\[::[0-9a-f]{1,4}\])(:[1-9][0-9]{0,3})?", fullmatch=True)


@given(st.lists(hosts, min_size=1, max_size=3), st.sampled_from(["", "/", "/kafka", "/kafka/a"]))
def test_connect_strings_are_read_as_kazoo_reads_them(servers: list[str], chroot: str) -> None:
    text = ",".join(servers) + chroot
    theirs, path = collect_hosts(text)
    ours, our_path = LATER["kazoo.hosts"]["collect_hosts"](text)
    assert (ours, our_path) == (theirs, (path or "").rstrip("/"))


@pytest.mark.parametrize("readable", [True, False])
def test_select_by_poll_returns_what_is_ready(readable: bool) -> None:
    code = f"""
import socket
from kafka_tools.zookeeper.client import Handler
handler = Handler('zk:2181')
one, two = socket.socketpair()
if {readable}:
    one.send(b"x")
print(*map(bool, handler.select([two], [], [], 0.01)), *map(bool, handler.select([], [one], [], None)))
two.close()
print(handler.select([one], [], [], None)[0] == [one])
"""
    assert printed(START + code) == f"{readable} False False False True False\nTrue\n"
