"""Kafka's command line without a JVM."""

__version__ = "0.1.0"
