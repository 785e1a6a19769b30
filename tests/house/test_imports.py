"""Data flows one way through the packages, and so do imports: no circle, nothing heavy on the ground floor."""

import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from kit.tree import PACKAGES, ROOT, Module, imports_of, modules

GROUND = {"pydantic", "pydantic_core", "yaml", "fastavro", "cryptography", "zstandard"}
PRODUCER = GROUND | {"confluent_kafka", "prometheus_client"}
FOR_ONE = {  # what only the module that is for it may use
    "remit.django": {"django"},
    "remit.pytest_plugin": {"pytest"},
}
OF_THE_EDGE = {"httptools", "msgspec", "starlette", "uvicorn", "uvloop"}  # the extra `remit[edge]`
LAZY = {"confluent_kafka"}  # imported when a Kafka log is used, and only then
HEAVY = ("confluent_kafka", "pyarrow", "polars", "deltalake", "typer", "starlette", "django")


def third_party(module: Module) -> set[str]:
    tops = {name.partition(".")[0] for name, _ in imports_of(module)}
    return tops - set(PACKAGES) - sys.stdlib_module_names


def of(root: str) -> list[Module]:
    return [module for module in modules().values() if module.root == root]


def test_the_contracts_of_import_linter_hold() -> None:
    linter = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run(
        [linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_no_import_circle_stands_in_any_package() -> None:
    graph = {
        name: {target for target, _ in imports_of(module) if target in modules()} - {name}
        for name, module in modules().items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as circle:
        pytest.fail(f"import circle: {' -> '.join(circle.args[1])}")


def test_no_module_imports_from_the_root_of_its_own_package() -> None:
    taken = [
        f"{module.name} takes {name} from {target}"
        for module in modules().values()
        for target, name in imports_of(module)
        if target in PACKAGES and target == module.root
        if name != "__version__" and not module.name.endswith(".__main__")
    ]
    assert not taken


def test_no_module_hides_an_import_behind_type_checking() -> None:
    hidden = [
        module.name
        for module in modules().values()
        if ("typing", "TYPE_CHECKING") in imports_of(module)
    ]
    assert not hidden


@pytest.mark.parametrize(("root", "allowed"), [("remit_schemas", GROUND), ("remit", PRODUCER)])
def test_the_light_packages_use_only_their_few_libraries(root: str, allowed: set[str]) -> None:
    found = {
        module.name: third_party(module)
        - allowed
        - FOR_ONE.get(module.name, set())
        - (OF_THE_EDGE if module.name.startswith("remit.edge.") else set())
        for module in of(root)
    }
    assert not {name: extra for name, extra in found.items() if extra}


def test_the_kafka_client_is_never_imported_at_the_top_of_a_producer_module_but_its_own() -> None:
    own = (
        "remit.kafka",
        "remit.bridge.",
    )  # the bridge is a program; nothing that an app imports leads to it
    eager = [
        module.name
        for module in of("remit")
        for part in module.tree.body
        for name, _ in imports_of(module, part)
        if name.partition(".")[0] in LAZY and not module.name.startswith(own)
    ]
    assert not eager


@pytest.mark.parametrize("package", ["remit", "remit_schemas"])
def test_importing_a_light_package_loads_nothing_heavy(package: str) -> None:
    program = f"import sys, {package}; print(sorted(set({HEAVY!r}) & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert (done.stderr, done.stdout) == ("", "[]\n")


def test_no_import_prints_or_starts_a_thread() -> None:
    apart = ("__main__", "reminimize.spark")  # a start of its own; a job that only Spark runs
    names = [name for name in modules() if not name.endswith(apart)]
    program = (
        "import importlib, sys, threading\n"
        "for name in sys.argv[1:]: importlib.import_module(name)\n"
        "print([thread.name for thread in threading.enumerate()])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *names], capture_output=True, text=True, check=False
    )
    assert (done.stderr, done.stdout) == ("", "['MainThread']\n")
