"""The kinds of requests of Kafka's protocol by number, and what `kafka-broker-api-versions.sh` says of their versions.

Source: org.apache.kafka.common.protocol.ApiKeys of Kafka 4.4; the four that only brokers with ZooKeeper had, of 3.9.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple


class ApiKey(NamedTuple):
    """A kind of request: its name, and the oldest and newest version that Kafka's clients know.

    Only those with `is_asked_by_clients` are missed where a server lacks them: the others go from broker to broker.
    """

    name: str
    oldest: int
    newest: int
    is_asked_by_clients: bool = True


class ApiVersion(NamedTuple):
    """One kind of request at one server: `versions` (None: it is not known there), and the `usable` one.

    `usable` is the newest version that both sides know, None where there is none or nobody knows the kind;
    `remark` says why there is none: `node too new`, `node too old`.
    """

    key: int
    name: str
    versions: tuple[int, int] | None
    usable: int | None = None
    remark: str = ""


def api_versions(known: Mapping[int, tuple[int, int]]) -> Iterator[ApiVersion]:
    """Yield what a server knows, by the numbers of the requests, and what it lacks of what clients ask for.

    `known` maps each number to the oldest and newest version (NodeApiVersions.toString, 4.4).
    """
    missed = {key for key, each in API_KEYS.items() if each.is_asked_by_clients}
    for key in sorted(known.keys() | missed):
        client, versions = API_KEYS.get(key), known.get(key)
        # Not known on one of the two sides: nobody could use it.
        if versions is None or client is None:
            yield ApiVersion(key, client.name if client else "UNKNOWN", versions)
        elif client.newest < versions[0]:
            yield ApiVersion(key, client.name, versions, remark="node too new")
        elif versions[1] < client.oldest:
            yield ApiVersion(key, client.name, versions, remark="node too old")
        else:
            yield ApiVersion(key, client.name, versions, min(client.newest, versions[1]))


API_KEYS: Mapping[int, ApiKey] = {
    # Brokers of Kafka 4 name versions 0 to 2 without taking them: librdkafka sends compressed batches only where it
    # sees them (KAFKA-18659).
    0: ApiKey("Produce", 0, 13),
    1: ApiKey("Fetch", 4, 18),
    2: ApiKey("ListOffsets", 1, 11),
    3: ApiKey("Metadata", 0, 13),
    # 4 to 7 were of brokers with ZooKeeper: Kafka 4 has none of them, and misses none.
    4: ApiKey("LeaderAndIsr", 0, 7, False),
    5: ApiKey("StopReplica", 0, 4, False),
    6: ApiKey("UpdateMetadata", 0, 8, False),
    7: ApiKey("ControlledShutdown", 0, 3, False),
    # The oldest versions of this and others went with Kafka 4.0 (KIP-896).
    8: ApiKey("OffsetCommit", 2, 10),
    9: ApiKey("OffsetFetch", 1, 10),
    10: ApiKey("FindCoordinator", 0, 6),
    11: ApiKey("JoinGroup", 0, 9),
    12: ApiKey("Heartbeat", 0, 4),
    13: ApiKey("LeaveGroup", 0, 5),
    14: ApiKey("SyncGroup", 0, 5),
    15: ApiKey("DescribeGroups", 0, 6),
    16: ApiKey("ListGroups", 0, 5),
    17: ApiKey("SaslHandshake", 0, 1),
    18: ApiKey("ApiVersions", 0, 5),
    19: ApiKey("CreateTopics", 2, 7),
    20: ApiKey("DeleteTopics", 1, 6),
    21: ApiKey("DeleteRecords", 0, 2),
    22: ApiKey("InitProducerId", 0, 5),
    23: ApiKey("OffsetForLeaderEpoch", 2, 4),
    24: ApiKey("AddPartitionsToTxn", 0, 5),
    25: ApiKey("AddOffsetsToTxn", 0, 4),
    26: ApiKey("EndTxn", 0, 5),
    27: ApiKey("WriteTxnMarkers", 1, 2),
    28: ApiKey("TxnOffsetCommit", 0, 6),
    29: ApiKey("DescribeAcls", 1, 3),
    30: ApiKey("CreateAcls", 1, 3),
    31: ApiKey("DeleteAcls", 1, 3),
    32: ApiKey("DescribeConfigs", 1, 4),
    33: ApiKey("AlterConfigs", 0, 2),
    34: ApiKey("AlterReplicaLogDirs", 1, 2),
    35: ApiKey("DescribeLogDirs", 1, 5),
    36: ApiKey("SaslAuthenticate", 0, 2),
    37: ApiKey("CreatePartitions", 0, 3),
    38: ApiKey("CreateDelegationToken", 1, 3),
    39: ApiKey("RenewDelegationToken", 1, 2),
    40: ApiKey("ExpireDelegationToken", 1, 2),
    41: ApiKey("DescribeDelegationToken", 1, 3),
    42: ApiKey("DeleteGroups", 0, 3),
    43: ApiKey("ElectLeaders", 0, 2),
    44: ApiKey("IncrementalAlterConfigs", 0, 1),
    45: ApiKey("AlterPartitionReassignments", 0, 1),
    46: ApiKey("ListPartitionReassignments", 0, 0),
    47: ApiKey("OffsetDelete", 0, 0),
    48: ApiKey("DescribeClientQuotas", 0, 1),
    49: ApiKey("AlterClientQuotas", 0, 1),
    50: ApiKey("DescribeUserScramCredentials", 0, 0),
    51: ApiKey("AlterUserScramCredentials", 0, 0),
    52: ApiKey("Vote", 0, 2, False),
    53: ApiKey("BeginQuorumEpoch", 0, 1, False),
    54: ApiKey("EndQuorumEpoch", 0, 1, False),
    55: ApiKey("DescribeQuorum", 0, 2),
    56: ApiKey("AlterPartition", 2, 3, False),
    57: ApiKey("UpdateFeatures", 0, 2),
    58: ApiKey("Envelope", 0, 0, False),
    59: ApiKey("FetchSnapshot", 0, 1, False),
    60: ApiKey("DescribeCluster", 0, 2),
    61: ApiKey("DescribeProducers", 0, 0),
    62: ApiKey("BrokerRegistration", 0, 4, False),
    63: ApiKey("BrokerHeartbeat", 0, 2, False),
    64: ApiKey("UnregisterBroker", 0, 0),
    65: ApiKey("DescribeTransactions", 0, 0),
    66: ApiKey("ListTransactions", 0, 2),
    67: ApiKey("AllocateProducerIds", 0, 0, False),
    68: ApiKey("ConsumerGroupHeartbeat", 0, 1),
    69: ApiKey("ConsumerGroupDescribe", 0, 1),
    70: ApiKey("ControllerRegistration", 0, 0, False),
    71: ApiKey("GetTelemetrySubscriptions", 0, 0),
    72: ApiKey("PushTelemetry", 0, 0),
    73: ApiKey("AssignReplicasToDirs", 0, 0, False),
    # Named ListClientMetricsResources before Kafka 4.1 (KIP-1142): the number is the same.
    74: ApiKey("ListConfigResources", 0, 1),
    75: ApiKey("DescribeTopicPartitions", 0, 0),
    # Version 0 of the share requests was the early access of Kafka 4.0.
    76: ApiKey("ShareGroupHeartbeat", 1, 1),
    77: ApiKey("ShareGroupDescribe", 1, 1),
    78: ApiKey("ShareFetch", 1, 2),
    79: ApiKey("ShareAcknowledge", 1, 2),
    80: ApiKey("AddRaftVoter", 0, 1),
    81: ApiKey("RemoveRaftVoter", 0, 0),
    82: ApiKey("UpdateRaftVoter", 0, 0, False),
    # 83 to 87 go to the coordinator of share groups' state, from brokers; Kafka counts them as clients' all the same.
    83: ApiKey("InitializeShareGroupState", 0, 0),
    84: ApiKey("ReadShareGroupState", 0, 0),
    85: ApiKey("WriteShareGroupState", 0, 1),
    86: ApiKey("DeleteShareGroupState", 0, 0),
    87: ApiKey("ReadShareGroupStateSummary", 0, 1),
    88: ApiKey("StreamsGroupHeartbeat", 0, 1),
    89: ApiKey("StreamsGroupDescribe", 0, 1),
    90: ApiKey("DescribeShareGroupOffsets", 0, 1),
    91: ApiKey("AlterShareGroupOffsets", 0, 0),
    92: ApiKey("DeleteShareGroupOffsets", 0, 0),
    93: ApiKey("StreamsGroupTopologyDescriptionUpdate", 0, 0),
    94: ApiKey("UnregisterController", 0, 0),
}
