"""confluent-kafka, imported without the parts that nothing here uses."""

import importlib
import sys
from types import ModuleType
from typing import Any

UNUSED = {
    "confluent_kafka.deserializing_consumer": "DeserializingConsumer",
    "confluent_kafka.deserializing_share_consumer": "DeserializingShareConsumer",
    "confluent_kafka.serializing_producer": "SerializingProducer",
}
"""Modules of confluent-kafka 2.16 that pull in asyncio (54 of 68 ms of CPU), and the class taken from each."""


def confluent_kafka() -> Any:
    """Return the package `confluent_kafka`, with empty stand-ins for UNUSED while it is imported for the first time.

    Where a stand-in does not fit the installed version, the package is imported as it is.
    """
    if "confluent_kafka" in sys.modules:
        return sys.modules["confluent_kafka"]
    stand_ins = {name: _stand_in(name, symbol) for name, symbol in UNUSED.items() if name not in sys.modules}
    sys.modules.update(stand_ins)
    try:
        return importlib.import_module("confluent_kafka")
    except (ImportError, AttributeError):
        _forget("confluent_kafka")
        return importlib.import_module("confluent_kafka")
    finally:
        for name, module in stand_ins.items():
            if sys.modules.get(name) is module:
                del sys.modules[name]


def _stand_in(name: str, symbol: str) -> ModuleType:
    module = ModuleType(name)
    setattr(module, symbol, None)
    return module


def _forget(package: str) -> None:
    for name in [name for name in sys.modules if name == package or name.startswith(f"{package}.")]:
        del sys.modules[name]
