"""What the properties file of a controller says of it: who it is, and where it listens.

Source: org.apache.kafka.tools.MetadataQuorumCommand, Kafka 3.9, which takes it as --command-config.
"""

import re
from pathlib import Path

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.quorum import NewVoter, VoterEndpoint, checked_directory_id
from kafka_tools.settings.properties import read

NODE_ID, ROLES, LISTENER_NAMES = "node.id", "process.roles", "controller.listener.names"
IS_IT = "Is this a valid controller configuration file?"
# CONTROLLER://10.0.0.1:9093, CONTROLLER://[::1]:9093, CONTROLLER://:9093
LISTENER = re.compile(r"([A-Za-z0-9_.-]+)://(?:\[([0-9a-fA-F:.%]+)\]|([^:/\[\]]*)):([0-9]{1,5})")


def new_voter(path: str) -> NewVoter:
    """Return the controller whose file this is. Raises KafkaToolError in Kafka's words where it is not such a file."""
    settings = read(path)
    return NewVoter(_id(settings), _directory_id(_metadata_directory(settings)), _endpoints(settings))


def _id(settings: dict[str, str]) -> int:
    # In the order of MetadataQuorumCommand: which of two complaints is told is part of its text.
    text = settings.get(NODE_ID, "").strip()
    if not text:
        raise KafkaToolError(f"{NODE_ID} not found in configuration file. {IS_IT}")
    if not re.fullmatch(r"[+-]?[0-9]{1,9}", text):
        raise KafkaToolError(f'{NODE_ID}: For input string: "{text}"')
    if int(text) < 0:
        raise KafkaToolError(f"{NODE_ID} was negative in configuration file. {IS_IT}")
    if "controller" not in settings.get(ROLES, ""):
        raise KafkaToolError(f"{ROLES} did not contain 'controller' in configuration file. {IS_IT}")
    return int(text)


def _metadata_directory(settings: dict[str, str]) -> Path:
    named = settings.get("metadata.log.dir") or settings.get("log.dirs", "").strip().split(",")[0]
    if not named:
        raise KafkaToolError(f"Neither metadata.log.dir nor log.dirs were found. {IS_IT}")
    return Path(named)


def _directory_id(directory: Path) -> str:
    """Return the id that `kafka-storage.sh format` gave to a directory (meta.properties)."""
    try:
        found = read(str(directory / "meta.properties")).get("directory.id")
    except KafkaToolError as error:
        hint = "Run it where the controller's files are, once `kafka-storage.sh format` has made them."
        raise KafkaToolError(f"Unable to read meta.properties from {directory}", hint) from error
    if not found:
        raise KafkaToolError(f"No directory id found in {directory}")
    return checked_directory_id(found)


def _endpoints(settings: dict[str, str]) -> tuple[VoterEndpoint, ...]:
    """Return where the controller listens, as others reach it: an advertised listener goes before the one it is of."""
    # The second wins: it is what the others of the quorum connect to.
    listeners = _listeners(settings.get("listeners", "")) | _listeners(settings.get("advertised.listeners", ""))
    names = settings.get(LISTENER_NAMES)
    if names is None:
        raise KafkaToolError(f"{LISTENER_NAMES} was not found. {IS_IT}")
    found = []
    for name in names.upper().split(","):
        if name not in listeners:
            raise KafkaToolError(f"Cannot find information about controller listener name: {name}")
        found.append(listeners[name])
    return tuple(found)


def _listeners(text: str) -> dict[str, VoterEndpoint]:
    found = {}
    for word in filter(None, map(str.strip, text.split(","))):
        parts = LISTENER.fullmatch(word)
        if parts is None or int(parts[4]) >= 1 << 16:
            raise KafkaToolError(f"Unable to parse a listener: {word}")
        name = parts[1].upper()
        found[name] = VoterEndpoint(name, parts[2] or parts[3] or "localhost", int(parts[4]))
    return found
