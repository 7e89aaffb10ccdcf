"""Kafka's command line without a JVM."""

__version__ = "0.2.0"
