"""Kafka's protocol: requests that confluent-kafka does not have or answers incompletely, and why a connection fails."""
