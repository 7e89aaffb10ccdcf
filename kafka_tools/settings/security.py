"""From client settings, by Java's names or librdkafka's, to one description of TLS and SASL.

Where both names of a thing are given, librdkafka's goes first: whoever wrote it meant a program like this one.
"""

import os
from collections.abc import Callable, Mapping

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.security import OAuth, Sasl, Security, Tls
from kafka_tools.settings import jaas, stores
from kafka_tools.settings.jaas import login_module
from kafka_tools.settings.values import BLANK, Values, resolved

PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
WITH_PASSWORD = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
MECHANISMS = (*WITH_PASSWORD, "OAUTHBEARER")
EXTENSION, CLAIM = "extension_", "unsecuredLoginStringClaim_"
"""Prefixes of OAuthBearerLoginModule's options."""

KAFKA_OPTS_COUNTS = "KAFKA_OPTS counts only for a cluster that the command line or the environment names."


def security(values: Values, ask: Callable[[str], str] | None = None) -> Security:
    """Return how the settings say a cluster is reached; `ask` returns a password that is not among them, by user.

    Raises KafkaToolError: a store cannot be read, a value or a mechanism is unknown, something is missing.
    """
    # In small letters, too, as Java takes it (SecurityProtocol.forName 3.9.1).
    protocol = values.text("security.protocol").upper() or "PLAINTEXT"
    if protocol not in PROTOCOLS:
        raise KafkaToolError(f"security.protocol cannot be '{protocol}'", f"Choose from: {', '.join(PROTOCOLS)}")
    sasl = _sasl(values, ask) if protocol.startswith("SASL") else None
    if not protocol.endswith("SSL"):
        return Security(sasl=sasl)
    return Security(tls(values), sasl)


def _sasl(values: Values, ask: Callable[[str], str] | None) -> Sasl:
    mechanism = values.text("sasl.mechanisms", "sasl.mechanism").upper()
    if mechanism not in MECHANISMS:
        missing = "" if mechanism else "it is missing, which means Java's default, and "
        name = "GSSAPI (Kerberos)" if mechanism in ("", "GSSAPI") else mechanism
        raise KafkaToolError(
            f"sasl.mechanism: {missing}{name} is not supported", f"Choose from: {', '.join(MECHANISMS)}"
        )
    options = _jaas_options(values)
    if mechanism == "OAUTHBEARER":
        return Sasl(mechanism, oauth=_oauth(values, options))
    if options.get("tokenauth", "").lower() == "true":
        # The broker looks for the user among tokens only where the first message says so (KIP-48), which librdkafka
        # 2.16's never does: it would be refused as a user whom nobody knows.
        raise KafkaToolError(
            "sasl.jaas.config: tokenauth=true, the login with a delegation token, is not supported by librdkafka",
            "Java's clients can log in with it; here a user and a password, or a certificate, are needed.",
        )
    username = values.text("sasl.username") or options.get("username", "")
    if not username:
        raise KafkaToolError(
            f"{mechanism} needs a user: neither sasl.jaas.config nor sasl.username names one",
            "" if values.access.kafka_opts else KAFKA_OPTS_COUNTS,
        )
    password = values.text("sasl.password") or options.get("password", "") or (ask(username) if ask else "")
    if not password:
        raise KafkaToolError(
            f"{mechanism} needs a password for {username}: neither sasl.jaas.config has one, nor "
            "sasl.password, nor is there a terminal to ask at"
        )
    return Sasl(mechanism, username, password)


def _jaas_options(values: Values) -> dict[str, str]:
    """Return the login module's options; references in them are replaced after the line is taken apart."""
    # Its references are not replaced yet: what a password holds must not be read as a part of the line.
    line = values.raw("sasl.jaas.config").strip(BLANK)
    if not line:
        return {} if values.text("sasl.username") else login_module(values, "KafkaClient")[1]
    try:
        options = jaas.parse(line).options
    except ValueError as error:
        raise KafkaToolError(f"sasl.jaas.config: {error}") from None
    return {name: resolved(f"sasl.jaas.config {name}", value, values.access) for name, value in options.items()}


def _oauth(values: Values, options: Mapping[str, str]) -> OAuth:
    """Return OAUTHBEARER's part (KIP-768 and KIP-1139: client credentials; KIP-255: unsecured tokens, for trying)."""
    endpoint = values.text("sasl.oauthbearer.token.endpoint.url")
    extensions = tuple(_prefixed(options, EXTENSION)) or tuple(_pairs(values.text("sasl.oauthbearer.extensions"), ","))
    if not endpoint:
        claims = tuple(_prefixed(options, CLAIM)) or tuple(_pairs(values.text("sasl.oauthbearer.config"), " "))
        if not claims:
            raise KafkaToolError("OAUTHBEARER needs sasl.oauthbearer.token.endpoint.url")
        return OAuth(claims=claims, extensions=extensions)
    # file:///home/me/creds.json would send a file's content to the broker as a token.
    if not endpoint.lower().startswith(("http://", "https://")):
        raise KafkaToolError("sasl.oauthbearer.token.endpoint.url: only http and https URLs are opened")
    credentials = "sasl.oauthbearer.client.credentials.client"
    client_id = values.text("sasl.oauthbearer.client.id", f"{credentials}.id") or options.get("clientId", "")
    secret = values.text("sasl.oauthbearer.client.secret", f"{credentials}.secret") or options.get("clientSecret", "")
    return OAuth(
        endpoint,
        client_id,
        secret,
        values.text("sasl.oauthbearer.scope") or options.get("scope", ""),
        _endpoint_ca(values, options),
        extensions,
    )


def _endpoint_ca(values: Values, options: Mapping[str, str]) -> str:
    """Return what is trusted at the token endpoint: https.ca.*, or a trust store among the login module's options."""
    if values.text("https.ca.pem"):
        return inline("https.ca.pem", values.text("https.ca.pem")).trusted
    path = values.text("https.ca.location") or options.get("ssl.truststore.location", "")
    return stores.read(path, options.get("ssl.truststore.password")).trusted if path else ""


def _prefixed(options: Mapping[str, str], prefix: str) -> list[tuple[str, str]]:
    return sorted((name.removeprefix(prefix), value) for name, value in options.items() if name.startswith(prefix))


def _pairs(text: str, separator: str) -> list[tuple[str, str]]:
    """Split librdkafka's `name=value` lists; its `principal` is the claim `sub`."""
    pairs = (pair.partition("=") for pair in text.split(separator) if "=" in pair)
    return [("sub" if name.strip() == "principal" else name.strip(), value) for name, _, value in pairs]


def tls(values: Values) -> Tls:
    """Return how a server is trusted and how the client shows itself. Raises KafkaToolError."""
    certificates, key = _own(values)
    location = values.text("ssl.ca.location")
    # librdkafka's ssl.ca.location may be a folder of certificates by their hashes, as OpenSSL's `rehash` makes it.
    folder = os.path.isdir(location)
    algorithm = values.optional("ssl.endpoint.identification.algorithm")
    return Tls(
        ca="" if folder else _trusted(values, location),
        ca_folder=location if folder else "",
        certificates=certificates,
        key=key,
        key_password=values.text("ssl.key.password") if "ENCRYPTED" in key else "",
        # An empty value switches the check off in Java (KIP-294); no value means https.
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
