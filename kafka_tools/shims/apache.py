"""Names of Apache's tools: the start scripts in bin/ of a distribution, and the Java classes that they run.

Source: bin/*.sh of Kafka 0.8.1 to 4.3. A class has all the names that it had over the years. A tool that is listed here
but not yet in `kafka_tools.tools` has no shim; it gets one when the tool is added.
"""

from collections.abc import Iterable, Mapping

KAFKA_VERSION = "3.9.1"
"""The Kafka whose tools' text is followed."""

# Old scripts call kafka-run-class.sh with the class of their time, such as kafka.admin.TopicCommand of Kafka 0.8.
MAIN_CLASSES: Mapping[str, tuple[str, ...]] = {
    "acls": ("kafka.admin.AclCommand", "org.apache.kafka.tools.AclCommand"),
    "broker-api-versions": (
        "kafka.admin.BrokerApiVersionsCommand",
        "org.apache.kafka.tools.BrokerApiVersionsCommand",
    ),
    "client-metrics": ("org.apache.kafka.tools.ClientMetricsCommand",),
    "cluster": ("kafka.tools.ClusterTool", "org.apache.kafka.tools.ClusterTool"),
    "configs": ("kafka.admin.ConfigCommand", "org.apache.kafka.tools.ConfigCommand"),
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
"""The main classes of each of Apache's tools, oldest first, by the name of the tool in ktools."""

NOT_KAFKAS = ("connect-", "zookeeper-")
"""Prefixes of the tools whose scripts are not called kafka-TOOL."""


def script(tool: str) -> str:
    """Return the name of Apache's script for a tool, without the ending `.sh`, which Confluent's packages leave out."""
    return tool if tool.startswith(NOT_KAFKAS) else f"kafka-{tool}"


def scripts(tools: Iterable[str]) -> dict[str, str]:
    """Map the names of scripts, with and without `.sh`, to tools; tools that Apache does not have are left out."""
    names = ((script(tool), tool) for tool in tools if tool in MAIN_CLASSES)
    return dict(sorted((name + ending, tool) for name, tool in names for ending in ("", ".sh")))


def tool_of(main_class: str) -> str | None:
    """Return the tool that a Java main class belongs to; None for a class that is not one of Apache's tools."""
    # A class has one tool, so the first is the only one. 50 entries need no index: one look-up in a process.
    return next((tool for tool, classes in MAIN_CLASSES.items() if main_class in classes), None)
