"""Which ZooKeeper the options of `ktools acls` name, as kafka-acls.sh of Kafka 2.8 reads them.

Source: kafka.admin.AclCommand.AuthorizerService and kafka.security.authorizer.AclAuthorizer, Kafka 2.8.2.
"""

from collections.abc import Sequence

from kafka_tools.errors import KafkaToolError, nearest
from kafka_tools.model.target import ZooKeeper
from kafka_tools.settings import choice as settings

AUTHORIZERS = ("kafka.security.authorizer.AclAuthorizer", "kafka.security.auth.SimpleAclAuthorizer")
"""The authorizers whose rules are in ZooKeeper; the second is the first's name up to Kafka 2.3."""

CONNECT, URL, SET_ACL = "zookeeper.connect", "authorizer.zookeeper.url", "zookeeper.set.acl"
OWN = "authorizer."


def ensemble(
    authorizer: str | None,
    properties: Sequence[str],
    tls_file: str | None,
    client_settings: Sequence[str],
    wait_seconds: float,
) -> ZooKeeper:
    """Return the ensemble that --authorizer-properties name, reached as they and --zk-tls-config-file say.

    Raises KafkaToolError in Kafka 2.8's words for an authorizer that has no rules there, and for a property without a
    value.
    """
    if authorizer not in (None, *AUTHORIZERS):
        near = nearest(str(authorizer), AUTHORIZERS)
        hint = f"Did you mean {near[0]}?" if near else f"Rules in ZooKeeper have: {', '.join(AUTHORIZERS)}"
        raise KafkaToolError(str(authorizer), hint)
    # The last of a name counts (CommandLineUtils.parseKeyValueArgs, which takes no empty value here).
    values = dict(map(_property, properties))
    if CONNECT not in values:
        raise KafkaToolError(f"Missing required configuration `{CONNECT}` which has no default value.")
    # Those with the prefix are the authorizer's own and count before the broker's.
    own = {name.removeprefix(OWN): value for name, value in values.items() if name.startswith(OWN)}
    how = {name: value for name, value in ({**values, **own}).items() if name.startswith("zookeeper.ssl.")}
    given = (*(f"{name}={value}" for name, value in how.items()), *client_settings)
    target = settings.choose_zookeeper(values.get(URL, values[CONNECT]), tls_file, given, wait_seconds)
    # Java's Boolean.parseBoolean: `true` in any case, all else is false.
    if SET_ACL in values:
        return target._replace(set_acl=values[SET_ACL].strip().lower() == "true")
    # Kafka 2.8 protects what it makes where somebody logs in by SASL. Whose certificate is known has to ask for it.
    return target._replace(set_acl=bool(target.security and target.security.username))


def _property(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    if not value:
        raise KafkaToolError(f"Missing value for key {name}")
    return name, value
