"""What of a server's log is shown where it does not start."""

from kafka_tools.sandbox import ready


def test_the_cause_in_a_log_is_found() -> None:
    log = "\n".join(
        [
            "[2026-01-01] INFO starting (kafka.Kafka)",
            "[2026-01-01] ERROR Exiting Kafka due to fatal exception (kafka.Kafka$)",
            "org.apache.kafka.common.KafkaException: Socket server failed to bind to 127.0.0.1:1",
            "\tat kafka.network.Acceptor.openServerSocket(SocketServer.scala:1)",
            "Caused by: java.net.BindException: Address already in use",
            "\tat java.base/sun.nio.ch.Net.bind0(Native Method)",
            "[2026-01-01] INFO shut down completed (kafka.server.KafkaServer)",
        ]
    )
    assert ready.telling_lines(log)[-1] == "Caused by: java.net.BindException: Address already in use"
    assert not [line for line in ready.telling_lines(log) if line.startswith("\tat")]


def test_a_log_without_a_cause_shows_its_end() -> None:
    assert ready.telling_lines("one\n\ntwo\n") == ("one", "two")
    assert ready.telling_lines("") == ()
