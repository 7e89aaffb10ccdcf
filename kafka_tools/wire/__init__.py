"""Kafka's protocol, spoken by ourselves: quick to import, and every field that brokers send."""
