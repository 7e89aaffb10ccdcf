"""What the sandbox asks of its brokers and tells them, through confluent-kafka's AdminClient."""

from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

from kafka_tools.brokers.library import confluent_kafka, new_client
from kafka_tools.brokers.session import client_settings
from kafka_tools.errors import KafkaToolError
from kafka_tools.model.security import Sasl, Security, Tls
from kafka_tools.sandbox import credentials, security
from kafka_tools.sandbox.credentials import ADMIN, USER
from kafka_tools.sandbox.state_file import Sandbox, Server

if TYPE_CHECKING:
    from confluent_kafka.admin import AclBinding, ClusterMetadata, UserScramCredentialAlteration

ANSWER_SECONDS = 3.0
"""How long a broker that runs may take to answer before it counts as silent."""

TURN_SECONDS = 0.5
"""How long one question of many may take; between two of them it is looked whether the brokers still run."""

PAUSE_SECONDS = 0.05
RENEWAL_SECONDS = 5.0
"""After how long those brokers that have not said it get new connections."""

REQUEST_SECONDS = 60.0
PREFIX = "public"
"""The user may read and describe topics, and consume in groups, whose names begin with this."""

RIGHTS = (("GROUP", "READ"), ("TOPIC", "READ"), ("TOPIC", "DESCRIBE"))
"""Given one after the other: a broker that knows the last one knows all of them."""


class Clients:
    """A principal's connections to some brokers of a sandbox."""

    def __init__(self, sandbox: Sandbox, servers: Sequence[Server], home: Path, principal: str = ADMIN) -> None:
        """Prepare the connections. Nobody is connected to before the first question."""
        confluent_kafka()
        from confluent_kafka.admin import AdminClient

        self._sandbox, self._servers, self._home, self._principal = sandbox, servers, home, principal
        addresses = ",".join(server.address for server in servers)
        self.admin: AdminClient = new_client(AdminClient, client_settings(addresses, login(sandbox, home, principal)))

    def metadata(self, seconds: float, topic: str | None = None) -> "ClusterMetadata | None":
        """Return what one of the brokers knows of the cluster: which one, librdkafka draws by lot.

        None where none of them answers in time or lets the principal in. No topic comes into being by that.
        """
        try:
            # allow.auto.create.topics is false in `client_settings`: to ask for PREFIX makes no topic of that name.
            return self.admin.list_topics(topic, timeout=seconds)
        except confluent_kafka().KafkaException:
            return None

    def only(self, brokers: Collection[int]) -> "Clients":
        """Return new connections, to those of the brokers that have these ids."""
        # A new client: librdkafka cannot be told to forget brokers.
        servers = [server for server in self._servers if server.id in brokers]
        return Clients(self._sandbox, servers, self._home, self._principal)


def answers(server: Server, sandbox: Sandbox, home: Path) -> "ClusterMetadata | None":
    """Ask one broker what it knows of the cluster; None where it is silent.

    A new client knows no other broker before this one has answered, whichever of them it asks in the end.
    """
    return Clients(sandbox, (server,), home).metadata(ANSWER_SECONDS)


def each_says(
    clients: Clients, brokers: Collection[int], condition: "Callable[[ClusterMetadata], bool]", topic: str | None = None
) -> Iterator[set[int]]:
    """Ask on and on until each of the brokers, named by their ids, has said what fulfils the condition.

    Yields after each question the ids of those that have not yet: the caller looks at the clock and at its processes.
    Who has said nothing for long is asked over new connections: on a busy machine one of five brokers was never drawn
    within 120 s, though it served.
    """
    left, renewal = set(brokers), monotonic() + RENEWAL_SECONDS
    while left:
        metadata = clients.metadata(TURN_SECONDS, topic)
        # librdkafka chooses which broker it asks; the answer says which it was.
        if metadata is not None and condition(metadata):
            left.discard(metadata.orig_broker_id)
        yield left
        if left:
            sleep(PAUSE_SECONDS)
        if left and monotonic() > renewal:
            clients, renewal = clients.only(left), monotonic() + RENEWAL_SECONDS


def controller(sandbox: Sandbox, server: Server, home: Path) -> int | None:
    """Ask one broker of a KRaft sandbox which node leads the controllers; None where there is none or no answer.

    DescribeQuorum is not in confluent-kafka, and Metadata names any broker there.
    """
    from kafka_tools.wire.messages import DESCRIBE_QUORUM, QUORUM
    from kafka_tools.wire.session import WireSession

    try:
        with WireSession(server.address, _wire_security(sandbox, home), ANSWER_SECONDS) as session:
            response = session.ask(DESCRIBE_QUORUM, QUORUM)
    except KafkaToolError:
        return None
    leaders = [partition["leader_id"] for topic in response["topics"] for partition in topic["partitions"]]
    return next((leader for leader in leaders if leader >= 0), None)


def make_users(sandbox: Sandbox, home: Path) -> None:
    """Give the user his rights and every SCRAM user his credentials. Raises KafkaToolError."""
    admin = Clients(sandbox, sandbox.brokers, home).admin
    try:
        for right in RIGHTS:
            _wait(admin.create_acls([_acl(*right)], request_timeout=REQUEST_SECONDS))
        if sandbox.has_sasl:
            # Through the brokers in ZooKeeper mode, too: the old way, kafka-configs --zookeeper, takes a JVM for each.
            for each in _scram_users(home):
                _wait(admin.alter_user_scram_credentials(each, request_timeout=REQUEST_SECONDS))
    except confluent_kafka().KafkaException as error:
        raise KafkaToolError(f"the sandbox's users cannot be made: {error.args[0].str()}") from error


def user_is_known(metadata: "ClusterMetadata") -> bool:
    """Say whether the broker that answered the user a question about topic PREFIX knew his rights."""
    error = metadata.topics[PREFIX].error
    return error is None or error.code() != confluent_kafka().KafkaError.TOPIC_AUTHORIZATION_FAILED


def login(sandbox: Sandbox, home: Path, principal: str) -> dict[str, str]:
    """Return librdkafka's settings of one principal, who logs in as the sandbox wants it.

    The administrator uses PLAIN, which brokers know from their own files, all others SCRAM.
    """
    settings = {"security.protocol": sandbox.protocol}
    if sandbox.has_tls:
        settings["ssl.ca.location"] = str(credentials.ca_path(home))
    if sandbox.has_sasl:
        # SCRAM's credentials are in the cluster: before the first broker serves, nobody could log in to make them.
        mechanism = "PLAIN" if principal == ADMIN else security.MECHANISM
        password = credentials.password(home, principal)
        return settings | {"sasl.mechanism": mechanism, "sasl.username": principal, "sasl.password": password}
    if sandbox.has_tls:
        own = str(credentials.certificate_path(home, principal))
        settings |= {"ssl.certificate.location": own, "ssl.key.location": own}
    return settings


def _wire_security(sandbox: Sandbox, home: Path) -> Security | None:
    if sandbox.security == "plaintext":
        return None
    tls = Tls(ca=credentials.ca_path(home).read_text()) if sandbox.has_tls else None
    if sandbox.has_sasl:
        return Security(tls, Sasl("PLAIN", ADMIN, credentials.password(home, ADMIN)))
    own = credentials.certificate_path(home, ADMIN).read_text()
    # Key and certificate stand in one file, as Kafka's PEM key stores want it.
    key, mark, certificate = own.partition("-----BEGIN CERTIFICATE")
    return Security(tls and tls._replace(key=key, certificates=mark + certificate), None)


def _acl(resource: str, operation: str) -> "AclBinding":
    from confluent_kafka.admin import AclBinding, AclOperation, AclPermissionType, ResourcePatternType, ResourceType

    return AclBinding(
        ResourceType[resource],
        PREFIX,
        ResourcePatternType.PREFIXED,
        f"User:{USER}",
        "*",
        AclOperation[operation],
        AclPermissionType.ALLOW,
    )


def _scram_users(home: Path) -> "list[list[UserScramCredentialAlteration]]":
    """Return a request for each mechanism: Kafka 4 takes a user only once in one. The one that is tried comes last."""
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


def _wait(futures: "dict[Any, Future[Any]]") -> None:
    for future in futures.values():
        future.result()
