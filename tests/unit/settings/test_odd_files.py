"""Files and values as people and attackers make them: other encodings, no letters, PEM in one line, a full disk."""

import base64
import os
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from kafka_tools import main
from kafka_tools.brokers.session import open_session
from kafka_tools.errors import KafkaToolError
from kafka_tools.model import addresses
from kafka_tools.model.target import Brokers
from kafka_tools.settings import choice, contexts, import_contexts, jaas, properties, secrets, stores, trust, values
from tests.support.authority import Authority

MEGABYTE = 1 << 20
MARKED = {"UTF-8": "utf-8-sig", "UTF-16 of PowerShell": "utf-16-le", "UTF-16 big-endian": "utf-16-be"}
PLAIN = ("security.protocol=SASL_PLAINTEXT", "sasl.mechanism=PLAIN", "sasl.username=me")


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


def marked(text: str, encoding: str) -> bytes:
    """Return text as Windows' programs write it: with a byte order mark, and its line ends."""
    mark = "" if encoding == "utf-8-sig" else "\ufeff"
    return (mark + text.replace("\n", "\r\n")).encode(encoding)


def brokers(*settings: str, config: str | None = None) -> Brokers:
    found = choice.choose("127.0.0.1:1", None, config, settings)
    assert isinstance(found, Brokers)
    return found


@pytest.mark.parametrize("encoding", MARKED.values(), ids=MARKED.keys())
def test_a_byte_order_mark_says_how_a_file_is_meant(encoding: str, home: Path) -> None:
    jaas_line = 'org.apache.kafka.common.security.plain.PlainLoginModule required username="mé" password="pß";'
    (home / "jaas.conf").write_bytes(marked(f"KafkaClient {{\n  {jaas_line}\n}};\n", encoding))
    (home / "secret").write_bytes(marked("pß\n", encoding))
    text = f"{PLAIN[0]}\nsasl.mechanism=PLAIN\njava.security.auth.login.config={home}/jaas.conf\n"
    (home / "client.properties").write_bytes(marked(text, encoding))
    how = brokers(config=str(home / "client.properties")).security
    assert how is not None
    assert how.sasl is not None
    assert (how.sasl.username, how.sasl.password) == ("mé", "pß")
    assert values.resolved("sasl.password", f"${{file:{home}/secret}}") == "pß"
    (home / "config" / "ktools").mkdir(parents=True)
    Path(contexts.config_path()).write_bytes(marked('[contexts.prod]\nbootstrap-servers = "b:1"\n', encoding))
    assert contexts.find("prod").bootstrap_servers == "b:1"
    assert main.run(["context", "add", "two", "--bootstrap-server", "c:1"]) == 0
    assert sorted(contexts.own_contexts()) == ["prod", "two"]
    (home / "kcat.conf").write_bytes(marked("bootstrap.servers=b:2\n", encoding))
    (home / "kaf.yml").write_bytes(marked("clusters:\n- name: dev\n  brokers: [b:3]\n", encoding))
    imported = [import_contexts.read(str(home / name))[0].bootstrap_servers for name in ("kcat.conf", "kaf.yml")]
    assert imported == ["b:2", "b:3"]


def test_a_store_in_utf_16(home: Path, authority: Authority) -> None:
    (home / "ca.pem").write_bytes(marked(authority.pem, "utf-16-le"))
    assert stores.read(str(home / "ca.pem")).trusted == stores.pem(authority.pem).trusted


def test_what_a_jaas_file_in_utf_16_names_is_part_of_what_is_trusted(home: Path) -> None:
    folder = home / "work"
    (folder / "jaas.conf").write_bytes(marked('KafkaClient { x required password="${file:pw}"; };', "utf-16-le"))
    (folder / "pw").write_text("one")
    file = folder / contexts.PROJECT_FILE
    settings = '"java.security.auth.login.config" = "jaas.conf"'
    file.write_text(f'[contexts.x]\nbootstrap-servers = "b:1"\n[contexts.x.settings]\n{settings}\n')
    before = trust.fingerprint(str(file))
    (folder / "pw").write_text("two")
    assert trust.fingerprint(str(file)) != before


UNSENDABLE = {"half of a pair": "a\\ud800b", "a byte that is no UTF-8": "\udcff", "a NUL": "a\\u0000b"}


@pytest.mark.parametrize("value", UNSENDABLE.values(), ids=UNSENDABLE.keys())
@pytest.mark.parametrize("name", ["sasl.password", "sasl.username", "client.id", "ssl.truststore.location"])
def test_what_no_client_can_send_is_refused_by_its_name(
    name: str, value: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tls = ("security.protocol=SASL_SSL", *PLAIN[1:])
    if "\\" in value:
        (home / "client.properties").write_text(f"{name}={value}\n")
        source = ["--command-config", str(home / "client.properties")]
    else:
        source = ["-X", f"{name}={value}"]
    settings = [word for each in (*tls, "sasl.password=x") if not each.startswith(name) for word in ("-X", each)]
    assert main.run(["topics", "--list", "--bootstrap-server", "127.0.0.1:1", *source, *settings]) == 1
    out, err = capsys.readouterr()
    assert f"{name}: its value is not UTF-8 text, or has a NUL in it" in out + err


def test_a_leading_blank_that_librdkafka_would_leave_out_is_refused() -> None:
    line = 'org.apache.kafka.common.security.plain.PlainLoginModule required username="u" password=" p";'
    with pytest.raises(KafkaToolError, match=r"sasl\.password begins with a blank"):
        brokers(*PLAIN[:2], f"sasl.jaas.config={line}")


@pytest.mark.parametrize("argv", [["--bootstrap-server", "a\udcff:1"], ["-X", "client.id=\udcff"]])
def test_a_context_of_bytes_that_are_no_text(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    given = argv if "--bootstrap-server" in argv else [*argv, "--bootstrap-server", "b:1"]
    assert main.run(["context", "add", "x", *given]) == 1
    assert capsys.readouterr().err.startswith("ktools: ")
    assert contexts.own_contexts() == {}


def test_the_name_of_the_current_context_may_be_anything(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "state" / "ktools").mkdir(parents=True)
    Path(contexts.current_path()).write_bytes(b"\xff\n")
    assert main.run(["context", "show"]) == 1
    assert "there is no context" in capsys.readouterr().err


def test_yaml_that_is_none(home: Path) -> None:
    for text in ("[" * 20_000, "clusters: [2001-99-99]"):
        (home / "kaf.yml").write_text(text)
        with pytest.raises(KafkaToolError, match="no YAML"):
            import_contexts.read(str(home / "kaf.yml"))


LONG: dict[str, tuple[Callable[[], object], float]] = {
    "PEM that begins and never ends": (lambda: stores.pem("-----BEGIN CERTIFICATE-----\n" * 40_000), 2),
    "PEM that ends as something else": (lambda: stores.pem("-----BEGIN A-----x-----END B-----" * 40_000), 2),
    "a properties line that goes on": (lambda: properties.parse(b"key=aaaaaaaaaaaaaaaaaaa\\\n" * 40_000), 2),
    "a properties file of backslashes": (lambda: properties.parse(b"\\\n" * MEGABYTE), 10),
    "blanks": (lambda: properties.parse(b"a" + b" \\\n" * (MEGABYTE // 3)), 10),
    "comments of a JAAS file": (lambda: jaas.parse_file("//\n" * (MEGABYTE // 3), "x"), 10),
    "references without an end": (lambda: values.resolved("x", "${env:" * (MEGABYTE // 6)), 2),
    "a reference where a secret is looked for": (lambda: secrets.shown("a.password", "${file:" * 100_000), 2),
    "URLs": (lambda: addresses.without_secrets("//" * 20_000), 10),
}


@pytest.mark.parametrize(("read", "seconds"), LONG.values(), ids=LONG.keys())
def test_a_megabyte_takes_linear_time(read: Callable[[], object], seconds: float) -> None:
    began = time.process_time()
    with suppress(ValueError, KafkaToolError):
        read()
    assert time.process_time() - began < seconds


def test_a_jaas_file_of_one_word_is_looked_at_for_secrets_in_linear_time(home: Path) -> None:
    (home / "jaas.conf").write_text("password" * (MEGABYTE // 8) + " { x required; };")
    (home / "jaas.conf").chmod(0o600)
    began = time.process_time()
    with pytest.raises(KafkaToolError):
        brokers(*PLAIN[:2], f"java.security.auth.login.config={home}/jaas.conf")
    assert time.process_time() - began < 10


def in_one_line(pem: str) -> str:
    """Return PEM as it stands in a variable of the environment: with the two letters `\\n` for its line ends."""
    return pem.replace("\n", "\\n")


def test_line_ends_may_be_two_letters(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    key, certificate = authority.pair()
    for name, pem in (("CA", authority.pem), ("KEY", key), ("CERTIFICATE", certificate)):
        monkeypatch.setenv(name, in_one_line(pem))
    found = brokers(
        "security.protocol=SSL",
        "ssl.truststore.certificates=${env:CA}",
        "ssl.keystore.key=${env:KEY}",
        "ssl.keystore.certificate.chain=${env:CERTIFICATE}",
    )
    with open_session(found):
        assert found.security is not None


UNUSABLE = {
    "an encrypted key without a password": ("locked", "", "is encrypted, and ssl.key.password is missing"),
    "another password": ("locked", "another", "cannot be opened: wrong password"),
    "key and certificate of two pairs": ("other", "", "its certificate do not belong together"),
    "a damaged key": ("cut", "", "private key is damaged"),
}


@pytest.mark.parametrize(("kind", "password", "words"), UNUSABLE.values(), ids=UNUSABLE.keys())
def test_a_certificate_or_key_that_cannot_be_used_is_named(
    kind: str, password: str, words: str, home: Path, authority: Authority
) -> None:
    key, certificate = authority.pair(password="hunter2") if kind == "locked" else authority.pair()
    if kind == "other":
        key = authority.pair()[0]
    if kind == "cut":
        lines = key.splitlines()
        key = "\n".join((*lines[:2], *lines[3:]))
    (home / "key.pem").write_text(key)
    (home / "certificate.pem").write_text(certificate)
    found = brokers(
        "security.protocol=SSL",
        f"ssl.key.location={home}/key.pem",
        f"ssl.certificate.location={home}/certificate.pem",
        f"ssl.key.password={password}",
    )
    with pytest.raises(KafkaToolError, match=words) as refused, open_session(found):
        pass
    assert "hunter2" not in refused.value.message


def test_a_damaged_certificate_to_trust_is_named(home: Path, authority: Authority) -> None:
    lines = authority.pem.splitlines()
    (home / "ca.pem").write_text("\n".join((*lines[:2], *lines[3:])))
    found = brokers("security.protocol=SSL", f"ssl.truststore.location={home}/ca.pem")
    with pytest.raises(KafkaToolError, match="one of the certificates to trust is damaged"), open_session(found):
        pass
    (home / "ca.pem").write_text("\n".join((*lines[:2], "..", *lines[3:])))
    with pytest.raises(KafkaToolError, match="CERTIFICATE is damaged: not all of it is base64"):
        brokers("security.protocol=SSL", f"ssl.truststore.location={home}/ca.pem")


def test_a_certificate_in_der_is_no_store(home: Path, authority: Authority) -> None:
    key, certificate = authority.pair()
    for name, pem in (("certificate", certificate), ("key", key)):
        (home / name).write_bytes(base64.b64decode("".join(pem.split("-----")[2].split())))
        with pytest.raises(KafkaToolError, match=f"{name}: it is DER, not a store: `openssl x509`"):
            stores.read(str(home / name))


@pytest.mark.parametrize(
    "argv",
    [
        ["manual", "pages"],
        ["shims", "install", "bin"],
        ["context", "add", "x", "--bootstrap-server", "b:1", "-X", f"client.id={'a' * 9000}"],
    ],
    ids=lambda argv: argv[0],
)
def test_a_full_disk_is_told_with_the_file_s_name(argv: list[str], home: Path) -> None:
    """A limit of a file's size stands in for the disk: write(2) fails in the middle of a file, too."""
    limit = "import resource, signal; resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100));"
    code = f"{limit} signal.signal(signal.SIGXFSZ, signal.SIG_IGN); from kafka_tools.main import main; main()"
    env = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    # -B: Python 3.11 keeps a .pyc that was cut short by the limit, and every later run would fail of it.
    command = [sys.executable, "-B", "-c", code, *argv]
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("ktools: ")
    assert done.stderr.endswith(": File too large\n")
    name = done.stderr.removeprefix("ktools: ").removesuffix(": File too large\n")
    assert Path(name).absolute().parent in {home / "work" / argv[-1], home / "config" / "ktools"}
    files = [path for path in home.rglob("*") if stat.S_ISREG(path.lstat().st_mode)]
    assert [path for path in files if path.stat().st_size in (0, 100) or path.name.startswith(".")] == []
