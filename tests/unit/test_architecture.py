"""The rules that a reader relies on: what a tool may import, how long things may be, where one may exit."""

import ast
import pkgutil
import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from statistics import median

import pytest

from tests.support.interpreter import printed

PACKAGE = Path(__file__).parents[2] / "kafka_tools"
FILES = sorted(PACKAGE.rglob("*.py"))
TOOLS = sorted(module.name for module in pkgutil.iter_modules([str(PACKAGE / "tools")]))
MODULES = {
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__"): path for path in FILES
}
HEAVY = ("rich", "kazoo", "confluent_kafka", "yaml", "ssl", "asyncio")


@pytest.mark.parametrize("tool", TOOLS)
def test_a_tool_imports_click_and_nothing_heavy(tool: str) -> None:
    code = (
        f"import sys, kafka_tools.tools.{tool}; print(*[name for name in {('click', *HEAVY)!r} if name in sys.modules])"
    )
    assert printed(code) == "click\n"


def test_the_slim_imports_leave_out_what_they_say_and_keep_the_clients() -> None:
    brokers = (
        "import sys; from kafka_tools.brokers.library import confluent_kafka; k = confluent_kafka();"
        "from confluent_kafka.admin import AdminClient;"
        "assert k.Producer and k.Consumer and AdminClient;"
        "left_out = 'asyncio', 'logging', 'confluent_kafka.serializing_producer';"
        "print([name for name in left_out if name in sys.modules])"
    )
    assert printed(brokers) == "[]\n"
    zookeeper = (
        "import sys; from kafka_tools.zookeeper.library import kazoo_client; kazoo_client().KazooClient();"
        "print([name for name in sys.modules if name.startswith('kazoo.recipe.')])"
    )
    assert printed(zookeeper) == "[]\n"


def test_a_slim_import_falls_back_where_the_library_has_another_layout() -> None:
    start = "from kafka_tools.slim import slim_import;"
    brokers = f"{start} k = slim_import('confluent_kafka', {{'confluent_kafka.error': 'Nothing'}});"
    assert printed(f"{brokers} print(k.KafkaError.__name__, k.Consumer.__name__)") == "KafkaError Consumer\n"
    zookeeper = f"{start} k = slim_import('kazoo.client', {{'kazoo.retry': 'Nothing'}});"
    assert printed(f"{zookeeper} print(k.KazooClient().Lock.func.__name__)") == "Lock\n"


def _imports(path: Path) -> Iterator[str]:
    """Yield the modules that a file imports, in functions and for types alone, too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = (f"{node.module}.{alias.name}" for alias in node.names)
            yield from (name if name in MODULES else node.module for name in names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_no_circle_between_files() -> None:
    """import-linter holds the rooms apart; this holds for the files within a room, too."""
    graph = {
        module: {name for name in _imports(path) if name in MODULES and name != module}
        for module, path in MODULES.items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"a circle: {' -> '.join(error.args[1])}")


def _functions() -> Iterator[tuple[str, int]]:
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield (
                    f"{path.relative_to(PACKAGE)}:{node.lineno} {node.name}",
                    (node.end_lineno or node.lineno) - node.lineno + 1,
                )


def test_functions_and_files_are_short() -> None:
    functions, files = (
        dict(_functions()),
        {str(path.relative_to(PACKAGE)): path.read_text().count("\n") for path in FILES},
    )
    assert {name: lines for name, lines in functions.items() if lines > 60} == {}
    assert {name: lines for name, lines in files.items() if lines > 500} == {}
    assert median(functions.values()) <= 12
    assert median(files.values()) <= 200


def test_only_main_exits() -> None:
    exits = [str(path.relative_to(PACKAGE)) for path in FILES if re.search(r"\b(sys\.|os\._)exit\(", path.read_text())]
    assert exits == ["main.py"]


def test_what_tests_share_is_in_support() -> None:
    tests = Path(__file__).parents[1]
    strangers = [
        f"{file.relative_to(tests)}: {line}"
        for file in tests.rglob("*.py")
        for line in file.read_text().splitlines()
        if re.match(r"\s*(from|import) tests\b(?!\.support\b)", line)
    ]
    assert strangers == []


def test_the_rooms_are_those_that_the_package_s_readme_names() -> None:
    table = (PACKAGE / "README.md").read_text().partition("## The rooms\n")[2].partition("\n## ")[0]
    cells = re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
    named = {name.rstrip("/") for cell in cells for name in re.findall(r"`([^`]+)`", cell)}
    rooms = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    files = {path.name for path in PACKAGE.glob("*.py")} - {"__init__.py"}
    assert named == rooms | files
