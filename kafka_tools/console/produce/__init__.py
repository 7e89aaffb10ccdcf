"""Sending records: the console producer."""
