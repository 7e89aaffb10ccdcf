"""Importing a library without the parts that nothing here uses, because start-up time is what users feel."""

import importlib
import sys
from collections.abc import Mapping
from types import ModuleType
from typing import Any


class Silence:
    """A logger that drops its messages: whatever goes wrong in a client is raised as an exception anyway."""

    def log(self, *message: object, **details: object) -> None:
        """Drop the message."""

    debug = info = warn = warning = error = exception = critical = log


LOGGING: Mapping[str, Any] = {"DEBUG": 10, "getLogger": lambda *_: Silence()}
"""What clients take from `logging` while they are imported, with what it imports itself 4 ms (Python 3.11)."""


class _Later(ModuleType):
    """A module that is imported when something is taken from it that it was not given."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # what the import system itself looks for
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)


def slim_import(module: str, unused: Mapping[str, str], later: Mapping[str, Mapping[str, Any]] | None = None) -> Any:
    """Import `module` with empty stand-ins for its parts in `unused`: module -> the names taken from it, with blanks.

    The modules in `later` are imported only when something else than the attributes given here is taken from them.
    Where a stand-in does not fit the installed version, `module` is imported as it is.
    """
    if module in sys.modules:
        return sys.modules[module]
    stand_ins = {name: _stand_in(name, names) for name, names in unused.items()}
    stand_ins |= {name: _later(name, attributes) for name, attributes in (later or {}).items()}
    # What somebody has imported already costs nothing more, and must stay what it is to them.
    stand_ins = {name: stand_in for name, stand_in in stand_ins.items() if name not in sys.modules}
    sys.modules.update(stand_ins)
    try:
        return importlib.import_module(module)
    except (ImportError, AttributeError):
        # Another version takes more from a part: what is half imported goes with its stand-ins, and all is imported.
        _remove(stand_ins)
        _forget(module.partition(".")[0])
        return importlib.import_module(module)
    finally:
        # The library keeps what it took; whoever imports the part from now on gets the real one.
        _remove(stand_ins)


def _stand_in(name: str, names: str) -> ModuleType:
    module = ModuleType(name)
    for each in names.split():
        setattr(module, each, object)  # a class: the library may derive one of its own from it
    return module


def _later(name: str, attributes: Mapping[str, Any]) -> ModuleType:
    module = _Later(name)
    vars(module).update(attributes)
    return module


def _remove(stand_ins: Mapping[str, ModuleType]) -> None:
    for name, stand_in in stand_ins.items():
        if sys.modules.get(name) is stand_in:
            del sys.modules[name]


def _forget(package: str) -> None:
    for name in [name for name in sys.modules if name == package or name.startswith(f"{package}.")]:
        del sys.modules[name]
