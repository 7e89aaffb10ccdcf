"""One file a tool, named as the tool: console_consumer.py is `ktools console-consumer`."""
