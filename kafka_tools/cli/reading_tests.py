"""What consumer-perf-test and share-consumer-perf-test have in common: options, and how their values are read."""

from kafka_tools.cli import types
from kafka_tools.cli.options import CLUSTER, FILTERS, OUTPUT, Decorator, F, option
from kafka_tools.errors import KafkaToolError
from kafka_tools.model.java_dates import Format, compile_format

DATE_FORMAT = "yyyy-MM-dd HH:mm:ss:SSS"
# The defaults of ConsumerPerformance and ShareConsumerPerformance (Kafka 4.4).
INTERVAL_MS, PATIENCE_MS = 5000, 10_000
FETCH_BYTES, SOCKET_BUFFER_BYTES = 1 << 20, 2 << 20


def patience(function: F) -> F:
    """Declare --timeout; PATIENCE_MS where it is not given."""
    return option(
        FILTERS,
        "--timeout",
        type=types.WholeNumber(64, "MS"),
        bare=f"{PATIENCE_MS}",
        help=f"End when no record comes for so many ms; default {PATIENCE_MS}.",
    )(function)


def buffers(what: str) -> Decorator:
    """Declare --fetch-size and --socket-buffer-size, which `buffer_settings` reads; `what` is fetched at once."""
    fetch = option(
        CLUSTER,
        "--fetch-size",
        type=types.WholeNumber(32, "BYTES"),
        help=f"Fetch {what} at once; default 1 MiB.",
    )
    buffer = option(
        CLUSTER,
        "--socket-buffer-size",
        type=types.WholeNumber(32, "BYTES"),
        help="The size of the system's buffer for receiving; default 2 MiB.",
    )
    return lambda function: fetch(buffer(function))


def reports(function: F) -> F:
    """Declare --reporting-interval, --date-format and --hide-header."""
    interval = option(
        OUTPUT,
        "--reporting-interval",
        type=types.WholeNumber(64, "MS"),
        help=f"The length of an interval; default {INTERVAL_MS}.",
    )
    dates = option(
        OUTPUT, "--date-format", type=types.Text("PATTERN"), help=f"Java's pattern of times; default {DATE_FORMAT}."
    )
    header = option(OUTPUT, "--hide-header", help="Leave out the line that says what the figures are.")
    return interval(dates(header(function)))


def buffer_settings(fetch: str, fetch_size: int | None, socket_buffer_size: int | None) -> list[str]:
    """Return the sizes (bytes) as settings of the client, in which `fetch` is the name of the first one."""
    return [
        f"{fetch}={fetch_size or FETCH_BYTES}",
        f"socket.receive.buffer.bytes={socket_buffer_size or SOCKET_BUFFER_BYTES}",
    ]


def interval_ms(given: int | None) -> int:
    """Return the length of an interval (ms). Raises KafkaToolError where it is none."""
    interval = INTERVAL_MS if given is None else given
    if interval <= 0:
        raise KafkaToolError("Reporting interval must be greater than 0.")
    return interval


def date_format(pattern: str | None) -> Format:
    """Return what writes times by Java's pattern. Raises KafkaToolError where it is none."""
    try:
        return compile_format(DATE_FORMAT if pattern is None else pattern)
    except ValueError as error:
        raise KafkaToolError(str(error)) from None


def too_late(what: str, patience_ms: int) -> str:
    """Return Apache's warning where the test ended before all was read; `what` is the word for records there."""
    return (
        f"WARNING: Exiting before consuming the expected number of {what}: timeout ({patience_ms} ms) exceeded. "
        "You can use the --timeout option to increase the timeout."
    )
