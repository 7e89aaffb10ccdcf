"""Passwords of brokers, encrypted: what Kafka's PasswordEncoder.decode does with it gives the password again."""

import hashlib
from base64 import b64decode
from collections.abc import Mapping

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.padding import PKCS7

from kafka_tools.errors import KafkaToolError
from kafka_tools.zookeeper.password_encoder import (
    CIPHER,
    GCM,
    ITERATIONS,
    KEY_FACTORIES,
    KEY_FACTORY,
    KEY_LENGTH,
    SECRET,
    PasswordEncoder,
)

PASSWORD = "pä𝄞ss, w=rd:x"


def decoded(text: str, secret: str) -> str:
    """Decrypt as kafka.utils.PasswordEncoder.decode does."""
    fields = dict(field.rsplit(":", 1) for field in text.split(","))
    hash_name, length = KEY_FACTORIES[fields["keyFactoryAlgorithm"]], int(fields["keyLength"]) // 8
    salt, vector = b64decode(fields["salt"]), b64decode(fields["initializationVector"])
    key = hashlib.pbkdf2_hmac(hash_name, secret.encode(), salt, int(fields["iterations"]), length)
    encrypted = b64decode(fields["encryptedPassword"])
    if fields["cipherAlgorithm"] == GCM:
        assert fields["authenticationTagLength"] == "128"
        password = AESGCM(key).decrypt(vector, encrypted, None)
    else:
        decryptor, padder = Cipher(algorithms.AES(key), modes.CBC(vector)).decryptor(), PKCS7(128).unpadder()
        password = padder.update(decryptor.update(encrypted) + decryptor.finalize()) + padder.finalize()
    assert int(fields["passwordLength"]) == len(password.decode().encode("utf-16-le")) // 2
    return password.decode()


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {CIPHER: GCM, KEY_LENGTH: "256", ITERATIONS: "1024"},
        {KEY_FACTORY: "PBKDF2WithHmacSHA1", KEY_LENGTH: "192", ITERATIONS: "1"},
    ],
)
def test_a_broker_with_the_secret_reads_the_password(settings: Mapping[str, str]) -> None:
    first, second = (PasswordEncoder({SECRET: "s3cret ü", **settings}).encode(PASSWORD) for _ in range(2))
    assert decoded(first, "s3cret ü") == decoded(second, "s3cret ü") == PASSWORD
    assert first != second
    assert "s3cret" not in first


def test_the_parameters_stand_beside_the_password_in_kafka_s_order() -> None:
    fields = [field.rsplit(":", 1)[0] for field in PasswordEncoder({SECRET: "s"}).encode("").split(",")]
    assert fields == [
        *("encryptedPassword", "keyLength", "cipherAlgorithm", "initializationVector"),
        *("keyFactoryAlgorithm", "passwordLength", "salt", "iterations"),
    ]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({CIPHER: "AES/CBC/PKCS5Paddin"}, f"{CIPHER} is AES/CBC/PKCS5Paddin: here it can be "),
        ({KEY_FACTORY: "MD5"}, f"{KEY_FACTORY} is MD5: here it can be PBKDF2WithHmacSHA512 or "),
        ({KEY_LENGTH: "100"}, f"{KEY_LENGTH}: AES has keys of 128, 192, 256 bits."),
        ({ITERATIONS: "abc"}, 'For input string: "abc"'),
        ({ITERATIONS: "0"}, f"{ITERATIONS} is 0: it is a number from 1 to 2147483647."),
        ({ITERATIONS: "9" * 5000}, f"{ITERATIONS} is {'9' * 5000}: "),
        ({SECRET: ""}, f"{SECRET} is empty."),
    ],
)
def test_a_wrong_setting_is_named_and_the_secret_is_not(settings: Mapping[str, str], words: str) -> None:
    with pytest.raises(KafkaToolError) as raised:
        PasswordEncoder({SECRET: "s3cret", **settings})
    assert raised.value.message.startswith(words)
    assert "s3cret" not in raised.value.message + raised.value.hint
