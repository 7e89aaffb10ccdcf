"""Settings of other programs, read into contexts: Java's client.properties, and the files of kcat, kaf, kafkactl, kcl.

Sources: kcat's kcat.conf, kaf pkg/config (0.2), kafkactl's config.yml (5), kcl client.Cfg; their names are facts.
"""

import os
from collections.abc import Mapping
from typing import Any

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.folders import decoded
from kafka_tools.settings import contexts, properties
from kafka_tools.settings.contexts import NAME_LETTERS, Context
from kafka_tools.settings.precedence import SERVERS

MECHANISMS = {
    "plain": "PLAIN",
    "plaintext": "PLAIN",
    "scramsha256": "SCRAM-SHA-256",
    "scramsha512": "SCRAM-SHA-512",
    "oauth": "OAUTHBEARER",
    "oauthbearer": "OAUTHBEARER",
}


def read(path: str, name: str | None = None) -> tuple[Context, ...]:
    """Return what the file holds, each cluster as a context; `name` is for a file that names none.

    Raises KafkaToolError for a file that cannot be read or holds no cluster.
    """
    found = _contexts(path, properties.content(path), name or _stem(path))
    if not found:
        raise KafkaToolError(f"{path} names no cluster")
    return found


def _contexts(path: str, content: bytes, name: str) -> tuple[Context, ...]:
    text = "\n" + decoded(content, errors="replace")
    # By its content, too: kaf's file is ~/.kaf/config, without an ending.
    if path.endswith((".yml", ".yaml")) or "\nclusters:" in text or "\ncontexts:" in text:
        return _from_yaml(path, content)
    if path.endswith(".toml"):
        return (_from_kcl(contexts.read(path), name),)
    pairs = _kcat_pairs(text) if _is_kcat(path) else _java_pairs(path, content)
    return (_from_pairs(pairs, name),) if pairs else ()


def _stem(path: str) -> str:
    return _safe(os.path.basename(path).partition(".")[0] or "imported")


def _safe(name: str) -> str:
    """Return a name that a context can have."""
    return "".join(letter if letter in NAME_LETTERS else "-" for letter in name)


def _is_kcat(path: str) -> bool:
    return os.path.basename(path) in ("kcat.conf", "kafkacat.conf", ".kcat.conf", ".kafkacat.conf")


def _kcat_pairs(text: str) -> dict[str, str]:
    """Read `name=value` lines; unlike in Java's files a backslash is only that."""
    lines = (line.strip() for line in text.split("\n"))
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name.strip(): value.strip() for name, _, value in pairs}


def _java_pairs(path: str, content: bytes) -> dict[str, str]:
    try:
        return properties.parse(content)
    except ValueError as error:
        raise KafkaToolError(f"cannot read {path}: {error}") from None


def _from_pairs(pairs: Mapping[str, str], name: str) -> Context:
    servers = next((pairs[each] for each in SERVERS if pairs.get(each)), "")
    settings = {each: _absolute(each, value) for each, value in pairs.items() if each not in SERVERS}
    return Context(name, "", servers, settings=settings)


def _absolute(name: str, value: str) -> str:
    """Return a file's name as it is meant from everywhere."""
    # Only where there is such a file from here: else it may be meant from another folder, and stays as it is written.
    return os.path.abspath(value) if name.endswith(".location") and os.path.exists(value) else value


def _from_yaml(path: str, content: bytes) -> tuple[Context, ...]:
    try:
        import yaml
    except ImportError:
        raise KafkaToolError(f"{path} is YAML, which needs pip install 'kafka-ktools[yaml]'") from None
    try:
        document = yaml.safe_load(content)
    except (yaml.YAMLError, RecursionError, ValueError):  # ValueError: 2001-99-99 is taken for a date
        raise KafkaToolError(f"cannot read {path}: it is no YAML") from None
    top = _lower(document)
    if isinstance(top.get("clusters"), list):
        return tuple(_from_kaf(_lower(each)) for each in top["clusters"])
    return tuple(_from_kafkactl(str(name), _lower(each)) for name, each in _table(top, "contexts").items())


def _from_kaf(cluster: Mapping[str, Any]) -> Context:
    tls, sasl = cluster.get("tls"), cluster.get("sasl")
    protocol = _said(cluster, "security-protocol").upper()
    settings = _tls_settings(_lower(tls), "cafile", "clientfile", "clientkeyfile") | _sasl_settings(
        _lower(sasl), "mechanism", "username", "password"
    )
    oauth = _lower(sasl)
    if _said(oauth, "tokenurl"):
        settings |= {
            "sasl.mechanism": "OAUTHBEARER",
            "sasl.oauthbearer.token.endpoint.url": _said(oauth, "tokenurl"),
            "sasl.oauthbearer.client.id": _said(oauth, "clientid"),
            "sasl.oauthbearer.client.secret": _said(oauth, "clientsecret"),
            "sasl.oauthbearer.scope": " ".join(map(str, oauth.get("scopes") or ())),
        }
    return _made(_said(cluster, "name"), cluster.get("brokers"), settings, protocol or _protocol(tls, sasl))


def _from_kafkactl(name: str, cluster: Mapping[str, Any]) -> Context:
    tls, sasl = _enabled(cluster, "tls"), _enabled(cluster, "sasl")
    settings = _tls_settings(tls, "ca", "cert", "certkey") | _sasl_settings(sasl, "mechanism", "username", "password")
    if sasl:
        # kafkactl's own default, where Java's and librdkafka's is GSSAPI.
        settings.setdefault("sasl.mechanism", "PLAIN")
    return _made(name, cluster.get("brokers"), settings, _protocol(tls, sasl))


def _from_kcl(config: Mapping[str, Any], name: str) -> Context:
    tls, sasl = config.get("tls"), config.get("sasl")
    settings = _tls_settings(_lower(tls), "ca_cert_path", "client_cert_path", "client_key_path") | _sasl_settings(
        _lower(sasl), "method", "user", "pass"
    )
    return _made(name, config.get("seed_brokers") or ["localhost:9092"], settings, _protocol(tls, sasl))


def _enabled(cluster: Mapping[str, Any], part: str) -> dict[str, Any]:
    found = _lower(cluster.get(part))
    return found if found.get("enabled") else {}


def _made(name: str, brokers: object, settings: Mapping[str, str], protocol: str) -> Context:
    servers = ",".join(map(str, brokers)) if isinstance(brokers, list) else str(brokers or "")
    # An empty ssl.endpoint.identification.algorithm says something: the name is not checked.
    kept = {each: value for each, value in settings.items() if value or each == "ssl.endpoint.identification.algorithm"}
    if protocol != "PLAINTEXT":
        kept = {"security.protocol": protocol, **kept}
    return Context(_safe(name), "", servers, settings=kept)


def _protocol(tls: object, sasl: object) -> str:
    encrypted = "PLAINTEXT" if tls is None or tls == {} else "SSL"
    return f"SASL_{encrypted}" if sasl else encrypted


def _tls_settings(tls: Mapping[str, Any], ca: str, certificate: str, key: str) -> dict[str, str]:
    settings = {
        "ssl.ca.location": _said(tls, ca),
        "ssl.certificate.location": _said(tls, certificate),
        "ssl.key.location": _said(tls, key),
    }
    if tls.get("insecure"):
        # Go's InsecureSkipVerify switches both checks off: the certificate's and the name's.
        settings |= {"enable.ssl.certificate.verification": "false", "ssl.endpoint.identification.algorithm": ""}
    return settings


def _sasl_settings(sasl: Mapping[str, Any], mechanism: str, username: str, password: str) -> dict[str, str]:
    said = _said(sasl, mechanism)
    # Written in many ways: scram-sha-256, scram_sha256, SCRAM-SHA-256.
    word = said.lower().replace("-", "").replace("_", "")
    return {
        **({"sasl.mechanism": MECHANISMS.get(word, said)} if said else {}),
        "sasl.username": _said(sasl, username),
        "sasl.password": _said(sasl, password),
    }


def _said(table: Mapping[str, Any], key: str) -> str:
    value = table.get(key)
    return "" if value is None else str(value)


def _lower(table: object) -> dict[str, Any]:
    """Return a table with its keys in lower case, as the Go programs take them; {} for what is none."""
    return {str(key).lower(): value for key, value in table.items()} if isinstance(table, dict) else {}


def _table(table: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = table.get(key)
    return value if isinstance(value, dict) else {}
