"""Kafka's terms as frozen dataclasses and pure functions; the standard library only."""
