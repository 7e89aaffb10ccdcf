"""What Apache calls its tools: the start scripts in a distribution's bin/ and the main classes they run.

Source: bin/*.sh of Kafka 0.8.1 to 4.3. A class is known by each name it has had. What is here and not in
`kafka_tools.tools` has no shim yet; it gets one with the tool.
"""

from collections.abc import Iterable, Mapping

MAIN_CLASSES: Mapping[str, tuple[str, ...]] = {
    "acls": ("kafka.admin.AclCommand", "org.apache.kafka.tools.AclCommand"),
    "broker-api-versions": (
        "kafka.admin.BrokerApiVersionsCommand",
        "org.apache.kafka.tools.BrokerApiVersionsCommand",
    ),
    "client-metrics": ("org.apache.kafka.tools.ClientMetricsCommand",),
    "cluster": ("kafka.tools.ClusterTool", "org.apache.kafka.tools.ClusterTool"),
    "configs": ("kafka.admin.ConfigCommand",),
    "connect-plugin-path": ("org.apache.kafka.tools.ConnectPluginPath",),
    "console-consumer": (
        "kafka.consumer.ConsoleConsumer",
        "kafka.tools.ConsoleConsumer",
        "org.apache.kafka.tools.consumer.ConsoleConsumer",
    ),
    "console-producer": (
        "kafka.producer.ConsoleProducer",
        "kafka.tools.ConsoleProducer",
        "org.apache.kafka.tools.ConsoleProducer",
    ),
    "console-share-consumer": ("org.apache.kafka.tools.consumer.ConsoleShareConsumer",),
    "consumer-groups": (
        "kafka.admin.ConsumerGroupCommand",
        "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
    ),
    "consumer-perf-test": (
        "kafka.perf.ConsumerPerformance",
        "kafka.tools.ConsumerPerformance",
        "org.apache.kafka.tools.ConsumerPerformance",
    ),
    "delegation-tokens": ("kafka.admin.DelegationTokenCommand", "org.apache.kafka.tools.DelegationTokenCommand"),
    "delete-records": ("kafka.admin.DeleteRecordsCommand", "org.apache.kafka.tools.DeleteRecordsCommand"),
    "dump-log": ("kafka.tools.DumpLogSegments", "org.apache.kafka.tools.DumpLogSegments"),
    "e2e-latency": ("kafka.tools.EndToEndLatency", "org.apache.kafka.tools.EndToEndLatency"),
    "features": ("kafka.admin.FeatureCommand", "org.apache.kafka.tools.FeatureCommand"),
    "get-offsets": ("kafka.tools.GetOffsetShell", "org.apache.kafka.tools.GetOffsetShell"),
    "groups": ("org.apache.kafka.tools.GroupsCommand",),
    "jmx": ("kafka.tools.JmxTool", "org.apache.kafka.tools.JmxTool"),
    "leader-election": ("kafka.admin.LeaderElectionCommand", "org.apache.kafka.tools.LeaderElectionCommand"),
    "log-dirs": ("kafka.admin.LogDirsCommand", "org.apache.kafka.tools.LogDirsCommand"),
    "metadata-quorum": ("org.apache.kafka.tools.MetadataQuorumCommand",),
    "metadata-shell": ("org.apache.kafka.shell.MetadataShell",),
    "preferred-replica-election": ("kafka.admin.PreferredReplicaLeaderElectionCommand",),
    "producer-perf-test": (
        "kafka.perf.ProducerPerformance",
        "kafka.tools.ProducerPerformance",
        "org.apache.kafka.tools.ProducerPerformance",
    ),
    "reassign-partitions": (
        "kafka.admin.ReassignPartitionsCommand",
        "org.apache.kafka.tools.reassign.ReassignPartitionsCommand",
    ),
    "replica-verification": (
        "kafka.tools.ReplicaVerificationTool",
        "org.apache.kafka.tools.ReplicaVerificationTool",
    ),
    "run-class": (),
    "share-consumer-perf-test": ("org.apache.kafka.tools.ShareConsumerPerformance",),
    "share-groups": ("org.apache.kafka.tools.consumer.group.ShareGroupCommand",),
    "storage": ("kafka.tools.StorageTool",),
    "streams-application-reset": ("kafka.tools.StreamsResetter", "org.apache.kafka.tools.StreamsResetter"),
    "streams-groups": ("org.apache.kafka.tools.streams.StreamsGroupCommand",),
    "topics": ("kafka.admin.TopicCommand", "org.apache.kafka.tools.TopicCommand"),
    "transactions": ("org.apache.kafka.tools.TransactionsCommand",),
    "verifiable-consumer": ("org.apache.kafka.tools.VerifiableConsumer",),
    "verifiable-producer": ("org.apache.kafka.tools.VerifiableProducer",),
    "verifiable-share-consumer": ("org.apache.kafka.tools.VerifiableShareConsumer",),
    "zookeeper-security-migration": ("kafka.admin.ZkSecurityMigrator",),
    "zookeeper-shell": (
        "org.apache.zookeeper.ZooKeeperMain",
        "org.apache.zookeeper.ZooKeeperMainWithTlsSupportForKafka",
    ),
}
"""The main classes of each of Apache's tools, by the tool's name in ktools."""

NOT_KAFKAS = ("connect-", "zookeeper-")
"""Tools whose scripts are not called kafka-TOOL."""


def script(tool: str) -> str:
    """Return the name of Apache's script for a tool, without `.sh` as Confluent has it."""
    return tool if tool.startswith(NOT_KAFKAS) else f"kafka-{tool}"


def scripts(tools: Iterable[str]) -> dict[str, str]:
    """Return the scripts of those tools that Apache has too, in both spellings, sorted, each with its tool."""
    names = ((script(tool), tool) for tool in tools if tool in MAIN_CLASSES)
    return dict(sorted((name + ending, tool) for name, tool in names for ending in ("", ".sh")))


def tool_of(main_class: str) -> str | None:
    """Return the tool that a main class is, None for one that is no tool of Apache's."""
    return next((tool for tool, classes in MAIN_CLASSES.items() if main_class in classes), None)
