"""How a client proves who it is and whom it trusts: one description for every road to a cluster.

Secrets are kept out of every repr. Certificates and keys are PEM text. (Tuples: dataclasses take longer to import.)
"""

from typing import NamedTuple


class Tls(NamedTuple):
    """TLS towards a server.

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
        return f"Tls(check_hostname={self.check_hostname}, verify={self.verify}, key={bool(self.key)})"


class OAuth(NamedTuple):
    """OAUTHBEARER: client credentials at `token_endpoint` (KIP-768), or without one an unsecured token (KIP-255) of
    `claims`. `ca` (PEM) is trusted at the endpoint, empty: the system's. `extensions` go to the broker (KIP-342)."""

    token_endpoint: str = ""
    client_id: str = ""
    client_secret: str = ""
    scope: str = ""
    ca: str = ""
    extensions: tuple[tuple[str, str], ...] = ()
    claims: tuple[tuple[str, str], ...] = ()

    def __repr__(self) -> str:
        return f"OAuth(token_endpoint={self.token_endpoint.partition('?')[0]!r}, client_id={self.client_id!r})"


class Sasl(NamedTuple):
    """`mechanism` is PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 (with `username` and `password`) or OAUTHBEARER (`oauth`)."""

    mechanism: str
    username: str = ""
    password: str = ""
    oauth: OAuth | None = None

    def __repr__(self) -> str:
        return f"Sasl(mechanism={self.mechanism!r}, username={self.username!r}, oauth={self.oauth!r})"


class Security(NamedTuple):
    """`tls` None: plaintext. `sasl` None: no authentication (or, with TLS, by the client's certificate)."""

    tls: Tls | None = None
    sasl: Sasl | None = None

    @property
    def protocol(self) -> str:
        """Kafka's security.protocol: PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL."""
        encrypted = "SSL" if self.tls else "PLAINTEXT"
        return f"SASL_{encrypted}" if self.sasl else encrypted


class ZooKeeperSecurity(NamedTuple):
    """How a client reaches a ZooKeeper ensemble. `tls` None: plaintext; `username` "": no login, else one by SASL
    DIGEST-MD5."""

    tls: Tls | None = None
    username: str = ""
    password: str = ""

    def __repr__(self) -> str:
        return f"ZooKeeperSecurity(tls={self.tls!r}, username={self.username!r})"

    @property
    def names_client(self) -> bool:
        """Whether the ensemble knows who the client is: by a login, or by a certificate."""
        return bool(self.username or (self.tls and self.tls.key))
