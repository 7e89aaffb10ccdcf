"""From client settings to TLS: PEM, JKS and PKCS #12, in files or in place, all become PEM."""

import os

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.security import Tls
from kafka_tools.settings import stores
from kafka_tools.settings.values import Values


def tls(values: Values) -> Tls:
    """Return how a server is trusted and how the client shows itself. Raises KafkaToolError."""
    certificates, key = _own(values)
    location = values.text("ssl.ca.location")
    folder = os.path.isdir(location)
    algorithm = values.optional("ssl.endpoint.identification.algorithm")
    return Tls(
        ca="" if folder else _trusted(values, location),
        ca_folder=location if folder else "",
        certificates=certificates,
        key=key,
        key_password=values.text("ssl.key.password") if "ENCRYPTED" in key else "",
        check_hostname=algorithm is None or algorithm.lower() not in ("", "none"),
        verify=values.text("enable.ssl.certificate.verification").lower() != "false",
    )


def _trusted(values: Values, location: str) -> str:
    text = values.text("ssl.ca.pem") or ("" if location else values.text("ssl.truststore.certificates"))
    if text:
        return inline("ssl.truststore.certificates", text).trusted
    path = location if location != "probe" else ""
    path = path or values.text("ssl.truststore.location")
    if not path:
        return ""
    trusted = stores.read(path, values.optional("ssl.truststore.password")).trusted
    if not trusted:
        raise KafkaToolError(f"{path} holds no certificate to trust")
    return trusted


def _own(values: Values) -> tuple[str, str]:
    """Return the client's own certificates and private key, both "" where it has none."""
    key_password = values.text("ssl.key.password") or None
    if values.text("ssl.key.pem", "ssl.keystore.key"):
        key = inline("ssl.keystore.key", values.text("ssl.key.pem", "ssl.keystore.key")).key
        chain = values.text("ssl.certificate.pem", "ssl.keystore.certificate.chain")
        return _checked("ssl.keystore.certificate.chain", inline("the certificate chain", chain).trusted, key)
    if values.text("ssl.key.location"):
        where = values.text("ssl.certificate.location")
        certificates = stores.read(where).trusted if where else ""
        return _checked("ssl.key.location", certificates, stores.read(values.text("ssl.key.location")).key)
    path = values.text("ssl.keystore.location")
    if not path:
        return "", ""
    store = stores.read(path, values.optional("ssl.keystore.password"), key_password)
    return _checked(path, store.chain, store.key)


def _checked(where: str, certificates: str, key: str) -> tuple[str, str]:
    if not certificates or not key:
        raise KafkaToolError(f"{where}: the client's {'private key' if certificates else 'certificate'} is missing")
    return certificates, key


def inline(name: str, text: str) -> stores.Store:
    """Return the PEM that stands in a setting itself. Raises KafkaToolError, whose words have nothing of it."""
    try:
        return stores.pem(text)
    except ValueError as error:
        raise KafkaToolError(f"{name}: {error}") from None
