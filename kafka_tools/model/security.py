"""Describes how a client logs in and which servers it trusts; the same for brokers, ZooKeeper and all libraries.

No repr shows a secret: errors and debug logs may print one. Certificates and keys are PEM text.
"""

from typing import NamedTuple

from kafka_tools.model.addresses import without_secrets


class Tls(NamedTuple):
    """How a client uses TLS.

    `ca` holds the certificates that are trusted and `ca_folder` a folder of such (OpenSSL's hashed names); with both
    empty the system's are. `certificates` is the client's own chain, its leaf first, and `key` its private key, both
    empty where the client shows none; `key_password` opens an encrypted `key`. `check_hostname`: the server's name must
    be in its certificate (ssl.endpoint.identification.algorithm=https); `verify`: its certificate must be trusted.
    """

    ca: str = ""
    ca_folder: str = ""
    certificates: str = ""
    key: str = ""
    key_password: str = ""
    check_hostname: bool = True
    verify: bool = True

    def __repr__(self) -> str:
        # Only whether there is a key, never the key: a repr ends up in debug logs.
        return f"Tls(check_hostname={self.check_hostname}, verify={self.verify}, key={bool(self.key)})"


class OAuth(NamedTuple):
    """How a client gets its token for OAUTHBEARER.

    With a `token_endpoint` it asks there with its credentials (KIP-768); without, it makes an unsecured token of
    `claims` (KIP-255). `ca` (PEM) is trusted at the endpoint; "" means the system's. `extensions` go to the broker
    (KIP-342).
    """

    token_endpoint: str = ""
    client_id: str = ""
    client_secret: str = ""
    scope: str = ""
    ca: str = ""
    extensions: tuple[tuple[str, str], ...] = ()
    claims: tuple[tuple[str, str], ...] = ()

    # An endpoint may carry a secret in its query.
    def __repr__(self) -> str:
        return f"OAuth(token_endpoint={without_secrets(self.token_endpoint)!r}, client_id={self.client_id!r})"


class Sasl(NamedTuple):
    """How a client logs in to a broker.

    `mechanism` is PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512 with `username` and `password`, or OAUTHBEARER with `oauth`.
    """

    mechanism: str
    username: str = ""
    password: str = ""
    oauth: OAuth | None = None

    def __repr__(self) -> str:
        return f"Sasl(mechanism={self.mechanism!r}, username={self.username!r}, oauth={self.oauth!r})"


class Security(NamedTuple):
    """How a client connects to brokers.

    `tls` None means plaintext. `sasl` None means no login; with TLS the client's certificate may say who it is.
    """

    tls: Tls | None = None
    sasl: Sasl | None = None

    @property
    def protocol(self) -> str:
        """Kafka's security.protocol: PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL."""
        encrypted = "SSL" if self.tls else "PLAINTEXT"
        # The four words of Kafka, put together: it has no other.
        return f"SASL_{encrypted}" if self.sasl else encrypted

    @property
    def names_client(self) -> bool:
        """Whether the brokers know who the client is: by a login, or by a certificate."""
        # TLS alone does not say who a client is: only a certificate of its own does.
        return self.sasl is not None or (self.tls is not None and bool(self.tls.key))


class ZooKeeperSecurity(NamedTuple):
    """How a client connects to a ZooKeeper ensemble.

    `tls` None means plaintext. `username` "" means no login; any other logs in by SASL DIGEST-MD5.
    """

    tls: Tls | None = None
    username: str = ""
    password: str = ""

    def __repr__(self) -> str:
        return f"ZooKeeperSecurity(tls={self.tls!r}, username={self.username!r})"

    @property
    def names_client(self) -> bool:
        """Whether the ensemble knows who the client is: by a login, or by a certificate."""
        return bool(self.username or (self.tls and self.tls.key))
