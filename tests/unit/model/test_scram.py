"""SCRAM credentials: the keys are those of RFC 5802 and 7677, and no message tells a password."""

import hashlib
import hmac
from base64 import b64decode, b64encode
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.scram import MECHANISMS, credential


def fields(text: str) -> dict[str, str]:
    return dict(field.split("=", 1) for field in text.split(","))


@pytest.mark.parametrize(("mechanism", "algorithm"), MECHANISMS.items())
def test_the_keys_prove_the_password(mechanism: str, algorithm: str) -> None:
    found = fields(credential(mechanism, "iterations=5000,password=pencil, and = more"))
    salted = hashlib.pbkdf2_hmac(algorithm, b"pencil, and = more", b64decode(found["salt"]), 5000)
    client_key = hmac.digest(salted, b"Client Key", algorithm)
    assert found["iterations"] == "5000"
    assert found["stored_key"] == b64encode(hashlib.new(algorithm, client_key).digest()).decode()
    assert found["server_key"] == b64encode(hmac.digest(salted, b"Server Key", algorithm)).decode()


def test_each_credential_has_a_salt_of_its_own() -> None:
    first, second = (fields(credential("SCRAM-SHA-256", "password=same")) for _ in range(2))
    assert first["iterations"] == "4096"
    assert first["salt"] != second["salt"]
    assert first["stored_key"] != second["stored_key"]


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("pencil", "Invalid credential property SCRAM_SHA_256=…"),
        ("password pencil", "Invalid credential property SCRAM_SHA_256=…"),
        ("iterations=,password=pencil", 'For input string: ""'),
        ("iterations=99999999999,password=pencil", 'For input string: "99999999999"'),
        (f"iterations={'9' * 5000},password=pencil", f'For input string: "{"9" * 5000}"'),
        (
            "iterations=4095,password=pencil",
            "Iterations 4095 is less than the minimum 4096 required for SCRAM_SHA_256",
        ),
    ],
)
def test_what_is_no_credential_is_refused_without_its_password(setting: str, words: str) -> None:
    with pytest.raises(KafkaToolError) as raised:
        credential("SCRAM-SHA-256", setting)
    assert raised.value.message == words
    assert "pencil" not in raised.value.message + raised.value.hint


@given(st.text())
def test_any_text_gives_a_credential_or_a_sentence(text: str) -> None:
    with suppress(KafkaToolError):
        assert credential("SCRAM-SHA-512", text).endswith(",iterations=4096")
