"""The users of a secured sandbox, made when its brokers serve: SCRAM credentials, and what the user may."""

from concurrent.futures import Future
from pathlib import Path
from typing import Any

from kafka_tools.errors import KafkaToolError
from kafka_tools.sandbox import credentials, security
from kafka_tools.sandbox.credentials import ADMIN, USER
from kafka_tools.sandbox.record import Sandbox

REQUEST_SECONDS = 60.0
PREFIX = "public"
"""The user may read and describe topics, and consume in groups, whose names begin with this."""

RIGHTS = (("TOPIC", "READ"), ("TOPIC", "DESCRIBE"), ("GROUP", "READ"))


def make(sandbox: Sandbox, home: Path) -> None:
    """Let the user have his rights and every SCRAM user his credentials. Raises KafkaToolError."""
    import confluent_kafka
    from confluent_kafka.admin import AdminClient

    admin = AdminClient(_settings(sandbox, home))
    try:
        _wait(admin.create_acls(_acls(), request_timeout=REQUEST_SECONDS))
        if security.has_sasl(sandbox):
            for each in _credentials(home):
                _wait(admin.alter_user_scram_credentials(each, request_timeout=REQUEST_SECONDS))
    except confluent_kafka.KafkaException as error:
        raise KafkaToolError(f"the sandbox's users cannot be made: {error.args[0].str()}") from error


def _settings(sandbox: Sandbox, home: Path) -> dict[str, str | int | float | bool]:
    settings: dict[str, str | int | float | bool] = {
        "bootstrap.servers": ",".join(server.address for server in sandbox.brokers),
        "security.protocol": security.protocol(sandbox),
        "log_level": 0,
    }
    if security.has_tls(sandbox):
        settings["ssl.ca.location"] = str(credentials.ca_path(home))
    if security.has_sasl(sandbox):
        password = credentials.password(home, ADMIN)
        return settings | {"sasl.mechanism": "PLAIN", "sasl.username": ADMIN, "sasl.password": password}
    own = str(credentials.certificate_path(home, ADMIN))
    return settings | {"ssl.certificate.location": own, "ssl.key.location": own}


def _acls() -> list[Any]:
    from confluent_kafka.admin import (
        AclBinding,
        AclOperation,
        AclPermissionType,
        ResourcePatternType,
        ResourceType,
    )

    return [
        AclBinding(
            ResourceType[resource],
            PREFIX,
            ResourcePatternType.PREFIXED,
            f"User:{USER}",
            "*",
            AclOperation[operation],
            AclPermissionType.ALLOW,
        )
        for resource, operation in RIGHTS
    ]


def _credentials(home: Path) -> list[list[Any]]:
    """Return a request for each mechanism: Kafka 4 takes a user only once in one."""
    from confluent_kafka.admin import ScramCredentialInfo, ScramMechanism, UserScramCredentialUpsertion

    return [
        [
            UserScramCredentialUpsertion(
                user, ScramCredentialInfo(mechanism, 4096), credentials.password(home, user).encode()
            )
            for user in security.CONFIGS
        ]
        for mechanism in (ScramMechanism.SCRAM_SHA_256, ScramMechanism.SCRAM_SHA_512)
    ]


def _wait(futures: dict[Any, "Future[Any]"]) -> None:
    for future in futures.values():
        future.result()
