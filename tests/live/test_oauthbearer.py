"""OAUTHBEARER against a real broker: unsecured tokens, and client credentials from a token endpoint."""

import base64
import json
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from confluent_kafka.admin import AdminClient

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.target import Brokers
from kafka_tools.settings import choice
from kafka_tools.wire.messages import CREATE_TOPICS, METADATA
from kafka_tools.wire.oauth import unsecured
from kafka_tools.wire.session import WireSession
from tests.support import leaks
from tests.support.clusters import Cluster, sandbox
from tests.support.waiting import until

MODULE = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required"
SECRET = "a secret+word"
LIFETIME_MS = 2000
"""How long the broker takes requests on a connection without another login (KIP-368)."""


class Endpoint(BaseHTTPRequestHandler):
    """Gives the client `id` a token of the administrator, unsigned: the broker's own validator for trying takes it."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        login = base64.b64decode(self.headers["Authorization"].removeprefix("Basic ")).decode()
        known = login in (
            f"id:{SECRET}",
            "id:a+secret%2Bword",
        )  # librdkafka does not encode what RFC 6749 says it should
        self.send_response(200 if known else 401)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        token = {"access_token": unsecured((("sub", "admin"), ("scope", "kafka")), time.time()), "expires_in": 3600}
        self.wfile.write(json.dumps(token if known else {"error": "invalid_client"}).encode())

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Endpoint) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/token"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def bearer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A broker that takes OAUTHBEARER besides what a secured sandbox takes, and believes every token."""
    for running in sandbox(tmp_path_factory.mktemp("bearer") / "sandbox", "--security", "sasl", "--brokers", "1"):
        file = running.home / "broker-1" / "server.properties"
        text = file.read_text().replace("sasl.enabled.mechanisms=", "sasl.enabled.mechanisms=OAUTHBEARER,")
        listener = "listener.name.sasl_plaintext.oauthbearer"
        text += f"connections.max.reauth.ms={LIFETIME_MS}\n"
        file.write_text(f'{text}{listener}.sasl.jaas.config={MODULE} unsecuredLoginStringClaim_sub="broker";\n')
        assert running.run("sandbox", "kill", "1").returncode == 0
        assert running.run("sandbox", "start", "1", timeout=100).returncode == 0
        leaks.expect_none_of(leaks.secrets(running.home))
        yield running
        assert leaks.in_files(running.home) == []


def brokers(cluster: Cluster, folder: Path, options: str, endpoint: str = "") -> Brokers:
    lines = [
        "security.protocol=SASL_PLAINTEXT",
        "sasl.mechanism=OAUTHBEARER",
        f"sasl.jaas.config={MODULE} {options};",
        *([f"sasl.oauthbearer.token.endpoint.url={endpoint}"] if endpoint else ()),
    ]
    file = folder / "client.properties"
    file.touch(mode=0o600)
    file.write_text("\n".join(lines))
    return choice.choose_brokers(cluster.bootstrap, str(file))


def names(to: Brokers) -> set[str]:
    """List topics through librdkafka."""
    client = AdminClient({"bootstrap.servers": to.bootstrap_servers, "log_level": 0, **to.config})
    return set(client.list_topics(timeout=10).topics)


def brokers_known(to: Brokers) -> list[int]:
    """Ask for the brokers through our own connection."""
    with WireSession(to.bootstrap_servers, to.security) as session:
        return [broker["node_id"] for broker in session.ask(METADATA, {"topics": []})["brokers"]]


def test_unsecured_tokens(bearer: Cluster, tmp_path: Path) -> None:
    to = brokers(bearer, tmp_path, 'unsecuredLoginStringClaim_sub="admin"')
    assert names(to) == set()
    assert brokers_known(to) == [1]


def test_client_credentials(bearer: Cluster, tmp_path: Path, endpoint: str) -> None:
    to = brokers(bearer, tmp_path, f'clientId="id" clientSecret="{SECRET}" scope="kafka"', endpoint)
    assert names(to) == set()
    assert brokers_known(to) == [1]


def test_a_wrong_client_secret(bearer: Cluster, tmp_path: Path, endpoint: str) -> None:
    to = brokers(bearer, tmp_path, 'clientId="id" clientSecret="wr0ng"', endpoint)
    with pytest.raises(KafkaToolError, match=r"token endpoint .* refused: status 401") as refused:
        brokers_known(to)
    assert "wr0ng" not in refused.value.message


@pytest.mark.parametrize("with_endpoint", [True, False])
def test_a_login_that_has_ended(bearer: Cluster, tmp_path: Path, endpoint: str, with_endpoint: bool) -> None:
    """A change is sent once: on a connection that the broker still takes it from, with a token of its own."""
    options = f'clientId="id" clientSecret="{SECRET}"' if with_endpoint else 'unsecuredLoginStringClaim_sub="admin"'
    to = brokers(bearer, tmp_path, options, endpoint if with_endpoint else "")
    topic = {
        "name": f"late-{with_endpoint}",
        "num_partitions": 1,
        "replication_factor": 1,
        "assignments": [],
        "configs": [],
    }
    with WireSession(to.bootstrap_servers, to.security) as session:
        session.metadata(())
        ends = time.monotonic() + LIFETIME_MS / 1000
        assert until(lambda: time.monotonic() > ends)
        answer = session.change(
            CREATE_TOPICS, {"topics": [topic], "timeout_ms": 9000}, lambda answer: answer["topics"][0]
        )
    assert answer["error_code"] == 0, answer
