"""`python -m kafka_tools` is `ktools`."""

from kafka_tools.main import main

main()
