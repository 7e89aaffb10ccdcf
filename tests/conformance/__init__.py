"""Recorded runs of Apache's own tools, replayed with ktools."""
