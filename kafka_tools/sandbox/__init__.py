"""A real Apache Kafka (and ZooKeeper) on this machine's loopback, for a first walk, for tests and for comparisons."""
