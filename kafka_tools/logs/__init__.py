"""Reads the files that a broker keeps for a partition: segments, indexes, snapshots, and the records in them.

No cluster is asked. The formats are those of https://kafka.apache.org/documentation/#messageformat and of the classes
in org.apache.kafka.common.record and org.apache.kafka.storage.internals.log (Kafka 3.9).
"""
