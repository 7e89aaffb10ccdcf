"""Ten thousand files: each is read and understood, or refused in words that have nothing secret of it."""

import random

from kafka_tools.errors import KafkaToolError
from kafka_tools.settings import librdkafka, properties, zookeeper
from kafka_tools.settings.librdkafka import KNOWN, LIBRDKAFKA
from kafka_tools.settings.secrets import is_secret
from kafka_tools.settings.security import security
from kafka_tools.settings.values import Values, commands_run

FILES, SEED = 10_000, 20261123
SECRET = "s3cr3tW0rd"
LOGIN = f'org.apache.kafka.common.security.scram.ScramLoginModule required username="me" password="{SECRET}"'
ZOOKEEPER = ["zookeeper.sasl.username", "zookeeper.ssl.client.enable", "zookeeper.sasl.password", "zookeeper.x"]
NAMES = sorted(name for name in KNOWN if "location" not in name) + ZOOKEEPER
SECURITY = ["security.protocol", "sasl.mechanism", "sasl.jaas.config", "sasl.username", "sasl.password", "ssl.key.pem"]
WORDS = ["SASL_SSL", "sasl_plaintext", "SSL", "PLAIN", "SCRAM-SHA-512", "OAUTHBEARER", "GSSAPI", "true", "-1", "9" * 20]
WORDS += ["${env:KTOOLS_NOT_THERE}", "${file:/nowhere}", "a=b c=d", "é", "", " "]
SECRETS = [f"{LOGIN};", LOGIN, SECRET, f"{SECRET} \\\\ é"]
JUNK = [
    "=",
    ":",
    " ",
    "\t",
    "\f",
    "\\",
    "#",
    "!",
    "\r",
    "\n",
    '"',
    "${",
    "u0041",
    "é",
    "\0",
    ";",
    "\\u00",
    "\\\n",
    "\r\n",
]


def a_file(chance: random.Random, junk: bool) -> bytes:
    """Return a file that looks like one of settings, with junk or without."""
    lines = []
    for _ in range(chance.randrange(8)):
        name = chance.choice(SECURITY if chance.random() < 0.6 else NAMES)
        value = chance.choice(WORDS + SECRETS if is_secret(name) else WORDS)
        lines.append(f"{name}{chance.choice(['=', ':', ' ', ' = '])}{value}")
    text = "\n".join(lines)
    for _ in range(chance.randrange(1, 12) if junk else 0):
        at = chance.randrange(len(text) + 1)
        text = text[:at] + chance.choice(JUNK) + text[at:]
    return text.encode("latin-1")


def understood(content: bytes) -> None:
    settings = commands_run(properties.parse(content))
    values = Values(settings)
    how = security(values)
    found = librdkafka.settings(values, settings, how)
    assert found.keys() <= LIBRDKAFKA
    librdkafka.unknown(settings)
    zookeeper.security(settings)
    zookeeper.unknown(settings)


def refusal(content: bytes) -> str:
    """Return the words with which a file is refused, "" for one that is not."""
    try:
        understood(content)
    except KafkaToolError as error:
        return f"{error.message} {error.hint}"
    except ValueError as error:
        return str(error)
    return ""


def test_ten_thousand_files() -> None:
    chance = random.Random(SEED)
    refused = 0
    for number in range(FILES):
        junk = number % 3 == 0
        content = a_file(chance, junk)
        words = refusal(content)
        refused += words != ""
        assert junk or SECRET not in words, content
    assert FILES / 10 < refused < FILES * 9 / 10
