"""Start-up time is what users feel: reading topics imports next to nothing."""

from tests.support.interpreter import printed

HEAVY = (
    "asyncio",
    "concurrent.futures",
    "confluent_kafka",
    "dataclasses",
    "encodings.idna",
    "inspect",
    "kazoo",
    "logging",
    "rich",
    "selectors",
    "socket",
    "ssl",
    "threading",
)


def test_reading_topics_imports_nothing_heavy() -> None:
    code = (
        "import sys, kafka_tools.wire.session; from kafka_tools.wire.session import WireSession\n"
        "try: WireSession('127.0.0.1:0x').__enter__()\n"
        "except Exception as error: print(type(error).__name__)\n"
        "from time import monotonic; from kafka_tools.wire.sockets import open_socket\n"
        "try: open_socket(('localhost', 1), monotonic() + 30)\n"
        "except Exception as error: print(type(error).__name__)\n"
        f"print(*[name for name in {HEAVY!r} if name in sys.modules])"
    )
    assert printed(code).splitlines() == ["UsageError", "RefusedError", ""]
