"""Importing a library without the parts that nothing here uses, because start-up time is what users feel."""

import importlib
import sys
from collections.abc import Mapping
from types import ModuleType
from typing import Any


def slim_import(module: str, unused: Mapping[str, str]) -> Any:
    """Import `module` with empty stand-ins for its parts in `unused`: module -> the names taken from it, with blanks.

    Where a stand-in does not fit the installed version, the module is imported as it is.
    """
    if module in sys.modules:
        return sys.modules[module]
    stand_ins = {name: _stand_in(name, names) for name, names in unused.items() if name not in sys.modules}
    sys.modules.update(stand_ins)
    try:
        return importlib.import_module(module)
    except (ImportError, AttributeError):
        _forget(module.partition(".")[0])
        return importlib.import_module(module)
    finally:
        for name, stand_in in stand_ins.items():
            if sys.modules.get(name) is stand_in:
                del sys.modules[name]


def _stand_in(name: str, names: str) -> ModuleType:
    module = ModuleType(name)
    for each in names.split():
        setattr(module, each, object)
    return module


def _forget(package: str) -> None:
    for name in [name for name in sys.modules if name == package or name.startswith(f"{package}.")]:
        del sys.modules[name]
