"""What Apache's start scripts tell Java: KAFKA_OPTS' system properties, and the JAAS file that one of them names."""

import os
from collections.abc import Mapping

from kafka_tools.errors import KafkaToolError
from kafka_tools.settings import jaas
from kafka_tools.settings.references import resolved

LOGIN_CONFIG = "java.security.auth.login.config"


def system_properties() -> dict[str, str]:
    """Return what KAFKA_OPTS sets by -DNAME=VALUE."""
    options = (word[2:].partition("=") for word in os.environ.get("KAFKA_OPTS", "").split() if word.startswith("-D"))
    return {name: value for name, _, value in options}


def login_module(settings: Mapping[str, str], section: str) -> tuple[str, dict[str, str]]:
    """Return the login module's class in a section of the JAAS file, and its options; "" and none without one.

    The file is named among the settings or in KAFKA_OPTS. Raises KafkaToolError for a file that cannot be read; its
    words have nothing of it.
    """
    path = settings.get(LOGIN_CONFIG) or system_properties().get(LOGIN_CONFIG, "")
    if not path:
        return "", {}
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            module = jaas.parse_file(file.read(), section)
    except OSError as error:
        raise KafkaToolError(f"cannot read {path}: {error.strerror or error}") from None
    except ValueError as error:
        raise KafkaToolError(f"{path}: {error}") from None
    if module is None:
        return "", {}
    return module.name, {name: resolved(f"{path} {name}", value) for name, value in module.options.items()}
