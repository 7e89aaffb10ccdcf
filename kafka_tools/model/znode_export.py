"""Makes of znodes what may leave the house: a document for a support case, without anybody's secrets."""

import json
from base64 import b64encode
from collections.abc import Mapping
from typing import Any, NoReturn

from kafka_tools.model.configs import QUOTAS
from kafka_tools.model.dynamic_configs import may_be_secret
from kafka_tools.model.znodes import Znode

ROOTS = (
    *("/admin", "/brokers", "/cluster", "/config", "/consumers", "/controller", "/controller_epoch"),
    *("/delegation_token", "/feature", "/isr_change_notification", "/kafka-acl", "/kafka-acl-changes"),
    *("/kafka-acl-extended", "/kafka-acl-extended-changes", "/latest_producer_id_block"),
    *("/log_dir_event_notification", "/migration"),
)
"""What Kafka keeps below its chroot (kafka.zk.ZkData 3.9); an ensemble may serve others there, too."""

USERS, BROKERS, TOKENS = "/config/users/", "/config/brokers/", "/delegation_token/tokens/"
SENSITIVE = (USERS, BROKERS, TOKENS)
LEFT_OUT = "(left out)"


def exported(path: str, znode: Znode | None) -> dict[str, Any]:
    """Return a znode as it stands in an export, the JSON in it parsed; None: it may not be read.

    Left out are SCRAM credentials, configs of brokers that are secret, delegation tokens, and whatever stands where
    these should and cannot be read.
    """
    if znode is None:
        return {"path": path, "data": LEFT_OUT, "why": "it may not be read"}
    stat = znode.stat
    kept = {
        "version": stat.version,
        "czxid": stat.czxid,
        "mzxid": stat.mzxid,
        "pzxid": stat.pzxid,
        "ctime": stat.ctime,
        "mtime": stat.mtime,
        "ephemeral": stat.ephemeral_owner != 0,
    }
    return {"path": path, "data": _shown(path, znode.data), **kept}


def _shown(path: str, data: bytes) -> Any:
    if path.startswith(TOKENS):
        return LEFT_OUT
    if not data:
        return None
    document = _parsed(data)
    # The one form whose parts can be told apart; every other text below these paths is left out as a whole.
    if path.startswith("/config/") and isinstance(document, dict) and isinstance(document.get("config"), dict):
        return {**document, "config": _without_secrets(path, document["config"])}
    if path.startswith(SENSITIVE):
        return LEFT_OUT
    return document


def _without_secrets(path: str, configs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the configs; of a user only quotas are no secret, and nobody knows what else may stand there."""
    is_user = path.startswith(USERS)
    return {
        name: LEFT_OUT if may_be_secret(name) or (is_user and name not in QUOTAS) else value
        for name, value in configs.items()
    }


def _parsed(data: bytes) -> Any:
    """Return the JSON in a znode, else its text, else its bytes in base64."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return {"base64": b64encode(data).decode()}
    try:
        return _DECODER.decode(text)
    # Brackets within brackets, thousands deep: a text to us, as to Kafka.
    except (ValueError, RecursionError):
        return text


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


# As zookeeper/documents.py reads them: a fraction stays as it is written, and what is no JSON is a text.
_DECODER = json.JSONDecoder(parse_float=str, parse_constant=_no_constant)
