"""SCRAM credentials: what Kafka stores of a user's password, which proves it without telling it (RFC 5802).

Source: ConfigCommand.preProcessScramCredentials, ScramFormatter and ScramCredentialUtils, Kafka 2.8.2.
"""

import re
from base64 import b64encode

from kafka_tools.errors import UsageError

MECHANISMS = {"SCRAM-SHA-256": "sha256", "SCRAM-SHA-512": "sha512"}
"""Mechanism -> its hash, by hashlib's name."""

LEAST_ITERATIONS, MOST_ITERATIONS, MOST_DIGITS = 4096, 2**31 - 1, 10
"""The least, which is the default, too; the most is an int of Java's."""

SALT_BYTES = 20


def credential(mechanism: str, setting: str) -> str:
    """Return the credential that is stored for a setting `[iterations=N,]password=P`, with a new random salt.

    Raises UsageError in the words of Kafka's tool, without the password.
    """
    # The enum's name (SCRAM_SHA_256) stands in Kafka's messages.
    named = mechanism.replace("-", "_")
    parts = re.fullmatch(r"(?:iterations=([0-9]*),)?password=(.*)", setting)
    if parts is None:
        # Kafka 2.8 shows the setting, in which a password may stand at the wrong place.
        raise UsageError(
            f"Invalid credential property {named}=…",
            f"It has to be {mechanism}=[password=PASSWORD] or {mechanism}=[iterations=NUMBER,password=PASSWORD].",
        )
    digits, password = parts.groups(str(LEAST_ITERATIONS))
    if not 0 < len(digits) <= MOST_DIGITS or int(digits) > MOST_ITERATIONS:
        raise UsageError(f'For input string: "{digits}"', "iterations is a whole number.")
    if int(digits) < LEAST_ITERATIONS:
        raise UsageError(f"Iterations {int(digits)} is less than the minimum {LEAST_ITERATIONS} required for {named}")
    from secrets import token_bytes

    return _credential(MECHANISMS[mechanism], password.encode(), token_bytes(SALT_BYTES), int(digits))


def _credential(algorithm: str, password: bytes, salt: bytes, iterations: int) -> str:
    import hashlib
    import hmac

    # Kafka takes the password as it is: ScramFormatter.normalize does no SASLprep.
    salted = hashlib.pbkdf2_hmac(algorithm, password, salt, iterations)
    stored_key = hashlib.new(algorithm, hmac.digest(salted, b"Client Key", algorithm)).digest()
    server_key = hmac.digest(salted, b"Server Key", algorithm)
    fields = {"salt": salt, "stored_key": stored_key, "server_key": server_key}
    return ",".join(
        [*(f"{name}={b64encode(each).decode()}" for name, each in fields.items()), f"iterations={iterations}"]
    )
