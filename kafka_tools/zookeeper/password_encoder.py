"""Encrypts the passwords among a broker's dynamic configs, so that only brokers that know the secret can read them.

Source: kafka.utils.PasswordEncoder, Kafka 2.8.2; brokers of all versions with ZooKeeper decrypt what is written here.
"""

from base64 import b64encode
from collections.abc import Mapping
from secrets import token_bytes

from kafka_tools.errors import KafkaToolError, UsageError, nearest

SECRET = "password.encoder.secret"
CIPHER, KEY_FACTORY = "password.encoder.cipher.algorithm", "password.encoder.keyfactory.algorithm"
KEY_LENGTH, ITERATIONS = "password.encoder.key.length", "password.encoder.iterations"

CBC, GCM = "AES/CBC/PKCS5Padding", "AES/GCM/NoPadding"
KEY_FACTORIES = {
    "PBKDF2WithHmacSHA512": "sha512",
    "PBKDF2WithHmacSHA384": "sha384",
    "PBKDF2WithHmacSHA256": "sha256",
    "PBKDF2WithHmacSHA1": "sha1",
}
"""Java's name of how the key is made of the secret -> the hash, by hashlib's name. The first is the default."""

KEY_LENGTHS = (128, 192, 256)
"""How long a key for AES may be, in bits. The first is the default."""

DEFAULT_ITERATIONS, MOST_ITERATIONS, MOST_DIGITS = 4096, 2**31 - 1, 10
SALT_BYTES, IV_BYTES, TAG_BYTES = 256, {CBC: 16, GCM: 12}, 16

INSTALL = "pip install 'kafka-ktools[passwords]'"


class PasswordEncoder:
    """Encrypts passwords by the settings `password.encoder.…`. Raises KafkaToolError where one of them is wrong.

    No message shows a value of theirs but names of algorithms and numbers.
    """

    def __init__(self, settings: Mapping[str, str]) -> None:
        self._secret = settings[SECRET]
        self._cipher = _choice(settings, CIPHER, (CBC, GCM))
        # Kafka 2.8 takes no notice of this setting and always makes the key by SHA-512. Brokers read the name of the
        # algorithm beside the password: here the setting counts.
        self._key_factory = _choice(settings, KEY_FACTORY, tuple(KEY_FACTORIES))
        self._iterations = _number(settings, ITERATIONS, DEFAULT_ITERATIONS)
        self._key_length = _number(settings, KEY_LENGTH, KEY_LENGTHS[0])
        if self._key_length not in KEY_LENGTHS:
            raise KafkaToolError(f"{KEY_LENGTH}: AES has keys of {', '.join(map(str, KEY_LENGTHS))} bits.")
        if not self._secret:
            raise KafkaToolError(f"{SECRET} is empty.", "It is the secret of the same name in the broker's settings.")

    def encode(self, password: str) -> str:
        """Return the text that stands in ZooKeeper for a password: encrypted with a new salt."""
        import hashlib

        salt, vector = token_bytes(SALT_BYTES), token_bytes(IV_BYTES[self._cipher])
        key = hashlib.pbkdf2_hmac(
            KEY_FACTORIES[self._key_factory], self._secret.encode(), salt, self._iterations, self._key_length // 8
        )
        fields = {
            "encryptedPassword": _base64(_encrypted(self._cipher, key, vector, password.encode())),
            "keyLength": str(self._key_length),
            "cipherAlgorithm": self._cipher,
            "initializationVector": _base64(vector),
            "keyFactoryAlgorithm": self._key_factory,
            # Brokers compare it with java.lang.String.length, which counts in UTF-16.
            "passwordLength": str(len(password.encode("utf-16-le")) // 2),
            "salt": _base64(salt),
            "iterations": str(self._iterations),
        }
        if self._cipher == GCM:
            fields["authenticationTagLength"] = str(TAG_BYTES * 8)
        # No value holds a comma or a colon: base64, numbers, names of algorithms.
        return ",".join(f"{name}:{value}" for name, value in fields.items())


def _encrypted(cipher: str, key: bytes, vector: bytes, password: bytes) -> bytes:
    try:
        from cryptography.hazmat.primitives import padding
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    except ImportError as error:
        raise KafkaToolError(f"Encrypting a password needs the library cryptography: {INSTALL} brings it.") from error
    if cipher == GCM:
        return AESGCM(key).encrypt(vector, password, None)
    padder = padding.PKCS7(algorithms.AES.block_size).padder()
    encryptor = Cipher(algorithms.AES(key), modes.CBC(vector)).encryptor()
    return encryptor.update(padder.update(password) + padder.finalize()) + encryptor.finalize()


def _base64(data: bytes) -> str:
    return b64encode(data).decode()


def _choice(settings: Mapping[str, str], name: str, known: tuple[str, ...]) -> str:
    value = settings.get(name, known[0])
    if value not in known:
        near = nearest(value, known)
        hint = f"Did you mean {near[0]}?" if near else ""
        raise KafkaToolError(f"{name} is {value}: here it can be {' or '.join(known)}.", hint)
    return value


def _number(settings: Mapping[str, str], name: str, default: int) -> int:
    value = settings.get(name, str(default)).strip()
    if not (value.isascii() and value.isdigit()):
        raise UsageError(f'For input string: "{value}"', f"{name} is a whole number.")
    if len(value) > MOST_DIGITS or not 0 < int(value) <= MOST_ITERATIONS:
        raise KafkaToolError(f"{name} is {value}: it is a number from 1 to {MOST_ITERATIONS}.")
    return int(value)
