"""Which artifacts make a Kafka: pure."""

import re
from dataclasses import dataclass

from kafka_tools.errors import KafkaToolError

# The brokers' artifact brings everything it needs but something that writes its log (an slf4j binding). These are the
# bindings that Kafka's own distributions hold, so that changing a broker's log levels works.
LOG4J2_BINDING = ("org.apache.logging.log4j", "log4j-slf4j-impl", "2.25.4")
RELOAD4J_BINDING = ("org.slf4j", "slf4j-reload4j", "1.7.36")
# What kafka-tools of 2.8 and some 3.x bring as well: a second binding, and the log4j 1 that reload4j replaces.
UNWANTED = re.compile(r"(slf4j-(log4j12|simple|nop)|logback-classic|log4j)-\d[^/]*\.jar")


class FetchError(KafkaToolError):
    """Jars or versions could not be had from Maven Central."""


@dataclass(frozen=True, slots=True)
class Coordinates:
    """One artifact's name at Maven Central."""

    group: str
    artifact: str
    version: str

    def __str__(self) -> str:
        return f"{self.group}:{self.artifact}:{self.version}"


def kafka(version: str) -> Coordinates:
    """Return the artifact of the brokers, which brings ZooKeeper before Kafka 4."""
    return Coordinates("org.apache.kafka", "kafka_2.13", version)


def kafka_tools(version: str) -> Coordinates:
    """Return the artifact of most of Apache's command line tools since 3.x."""
    return Coordinates("org.apache.kafka", "kafka-tools", version)


def needed(version: str, with_tools: bool) -> tuple[Coordinates, ...]:
    """Return what to resolve for Kafka `version`; the binding first, so that its libraries' versions win."""
    binding = Coordinates(*(LOG4J2_BINDING if version.startswith("4.") else RELOAD4J_BINDING))
    return (binding, kafka(version), *((kafka_tools(version),) if with_tools else ()))


def wanted(jar_name: str) -> bool:
    """Say whether a resolved jar belongs on the class path."""
    return not UNWANTED.fullmatch(jar_name)
