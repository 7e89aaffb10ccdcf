"""Trust stores and key stores that Java's keytool made, and PEM."""

import ssl
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafka_tools.errors import KafkaToolError
from kafka_tools.settings import stores

STORES = Path(__file__).with_name("stores")
TYPES = ("jks", "pkcs12")


def path(name: str) -> str:
    return str(STORES / name)


def usable(store: stores.Store, folder: Path) -> bool:
    """OpenSSL takes the key and its certificate, and they belong together."""
    pair = folder / "pair.pem"
    pair.write_text(store.key + store.chain)
    ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(pair)
    return True


@pytest.mark.parametrize("name", ["trust.jks", "trust.pkcs12", "legacy.pkcs12"])
def test_a_trust_store(name: str) -> None:
    store = stores.read(path(name), "changeit")
    assert (store.trusted.count("BEGIN CERTIFICATE"), store.chain, store.key) == (1, "", "")
    ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=store.trusted)


@pytest.mark.parametrize("name", ["key.jks", "key.pkcs12"])
def test_a_key_store(name: str, tmp_path: Path) -> None:
    store = stores.read(path(name), "changeit")
    assert store.chain.count("BEGIN CERTIFICATE") == 1
    assert usable(store, tmp_path)


def test_a_key_with_a_password_of_its_own(tmp_path: Path) -> None:
    assert usable(stores.read(path("other-key-password.jks"), "changeit", "another"), tmp_path)
    with pytest.raises(KafkaToolError, match="wrong password"):
        stores.read(path("other-key-password.jks"), "changeit")


def test_a_trust_store_of_java_needs_no_password_but_pkcs12_does() -> None:
    assert stores.read(path("trust.jks")).trusted
    with pytest.raises(KafkaToolError, match=r"trust\.pkcs12: it needs a password"):
        stores.read(path("trust.pkcs12"))


@pytest.mark.parametrize("name", ["trust.jks", "trust.pkcs12", "key.jks", "key.pkcs12"])
def test_a_wrong_password_is_not_repeated(name: str) -> None:
    with pytest.raises(KafkaToolError, match=f"{name}: wrong password") as refused:
        stores.read(path(name), "not-the-password")
    assert "not-the-password" not in refused.value.message


@given(st.binary(max_size=200), st.integers(0, 600), st.integers(0, 255))
def test_a_damaged_java_store_is_refused_in_words(tail: bytes, at: int, byte: int) -> None:
    whole = (STORES / "key.jks").read_bytes()
    for content in (stores.JKS_MAGIC + tail, whole[:at] + tail, whole[:at] + bytes([byte]) + whole[at + 1 :]):
        if content.startswith(stores.JKS_MAGIC):
            try:
                stores.read_jks(content, None, "changeit")
            except ValueError:
                continue


def test_pem_in_one_line() -> None:
    pem = stores.read(path("key.jks"), "changeit")
    one_line = " ".join((pem.key + pem.chain).split("\n"))
    assert stores.pem(one_line) == stores.Store(pem.chain, pem.chain, pem.key)


def test_an_encrypted_pem_key_of_the_old_kind_is_kept() -> None:
    key = "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: A,B\n\nAAAA\n-----END EC PRIVATE KEY-----"
    assert stores.pem(key).key == f"{key}\n"


@pytest.mark.parametrize(
    ("content", "words"), [(b"", "neither PEM"), (b"0abc", "no PKCS #12"), (b"-----BEGIN X", "PEM")]
)
def test_what_is_no_store(content: bytes, words: str, tmp_path: Path) -> None:
    file = tmp_path / "store"
    file.write_bytes(content)
    with pytest.raises(KafkaToolError, match=words):
        stores.read(str(file), "x")


def test_a_store_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(KafkaToolError, match="No such file"):
        stores.read(str(tmp_path / "none"), "x")


def test_keys_do_not_show() -> None:
    assert "PRIVATE" not in repr(stores.read(path("key.jks"), "changeit"))
