"""The cluster's brokers, through confluent-kafka."""
