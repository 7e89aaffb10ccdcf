"""Talks to a cluster's brokers: the one door for tools, completion and sandbox.

confluent-kafka's AdminClient serves every request that it has (`session.Session`). `kafka_tools.wire`, which speaks
Kafka's protocol by itself, stands behind it for what AdminClient 2.16 lacks or answers incompletely:

| asked by wire                 | why not by AdminClient                                                              |
|-------------------------------|-------------------------------------------------------------------------------------|
| DescribeTopicPartitions       | it has no eligible leader replicas (KIP-966)                                        |
| ListPartitionReassignments    | it has no such request: adding and removing replicas                                |
| Metadata: topic ids, racks    | it needs a controller for them, in an outage there is none; and at scale, see below |
| Metadata: one certain broker  | it asks any broker: whether this one has heard of a change is not to be found out   |
| DescribeConfigs               | of two synonyms of one name it keeps one; it has no broker defaults, loggers,       |
|                               | groups and client metrics; it needs a controller; and at scale, see below           |
| IncrementalAlterConfigs       | of broker defaults, loggers, groups and client metrics, which it refuses            |
| ListConfigResources           | it has no such request                                                              |
| Describe-, AlterClientQuotas  | it has no such requests                                                             |
| ListGroups                    | it hides share and streams groups                                                   |
| all requests to controllers   | it knows no --bootstrap-controller: it asks for brokers there, and times out        |
| ConsumerGroupDescribe         | it has no epochs, and no states Assigning and Reconciling (KIP-848)                 |
| requests on share and streams | it has none of them; LeaveGroup for others neither, nor FindCoordinator, which says |
| groups                        | where to send these                                                                 |
| Fetch: from any replica       | a Consumer reads from the leader, or from the follower that the leader names: what  |
|                               | a certain broker has on its disk it cannot be asked                                 |
| OffsetDelete                  | it has no such request                                                              |
| ListOffsets                   | it refuses words newer than max-timestamp ("invalid offset -4"), and for a leader   |
|                               | that does not answer gives the offset -1001 without an error; it asks leaders only, |
|                               | and not the replicas of a leaderless partition; and at scale                        |
| Describe-, AlterReplicaLogDirs| it has no such requests                                                             |
| AlterPartitionReassignments   | it has no such request                                                              |
| DescribeQuorum, ApiVersions   | it has no such requests                                                             |
| DescribeConfigs: one broker's | it cannot ask for a few configs alone, nor each broker with a limit of its own      |
| DescribeCluster: controllers, | it knows no --bootstrap-controller, and no fenced brokers (KIP-1073); it asks the   |
| fenced brokers, in an outage  | controller, which may be gone, and nobody else                                      |
| UnregisterBroker, -Controller,| it has no such requests                                                             |
| UpdateFeatures, AddRaftVoter, |                                                                                     |
| RemoveRaftVoter               |                                                                                     |
| List-, DescribeTransactions,  | it has no such requests                                                             |
| DescribeProducers,            |                                                                                     |
| WriteTxnMarkers               |                                                                                     |
| InitProducerId                | only a Producer sends it, which would go on with the transactional id               |
| CreateTopics, CreatePartitions| librdkafka sends no count below 1 or above 100,000: brokers refuse them in words    |
| DescribeAcls                  | it drops the broker's error: who may not see the rules is told that there are none  |
| CreateAcls, DeleteAcls        | it has no resource types DELEGATION_TOKEN and USER, no operations on tokens, and no |
|                               | way to KRaft controllers (bootstrap.controllers)                                    |
| the cause of a failure        | refused, unknown name, TLS, wrong password: all are `_TRANSPORT` (`diagnosis`)      |

At scale: for 600 topics AdminClient takes 22 ms of CPU for ids and 46 for configs where wire takes 16 for both, for
10,000 partitions 235 to 342 ms for ids where wire takes 43 to 57 (2.16.1, Kafka 3.9.1). Above `topics.MANY_TOPICS` and
`topics.MANY_PARTITIONS` wire is asked. For the configs of 2,000 topics wire took 15 s,
AdminClient 36 in one run on a busy machine: wire has four requests under way, AdminClient one for all.
"""
