"""What is written in one place and built in another agrees: reducers, events, the lock."""

import re
import sys
import tomllib
from importlib.metadata import packages_distributions

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from kit.jars import KAFKA_VERSION
from kit.means import REDUCERS
from kit.tree import PACKAGES, ROOT, imports_of, modules
from remit_schemas.contract import builtin
from remit_schemas.events import EVENTS
from remit_schemas.generate import EVENTS_FILE, module_of
from remit_schemas.specs import SPECS

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)", re.MULTILINE)


def pins(name: str) -> dict[str, str]:
    """Give the version of every package in a lock file."""
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    return {canonicalize_name(package): version for package, version in PIN.findall(text)}


def direct(*lists: str) -> list[Requirement]:
    """Give what pyproject.toml asks for: the SDK's dependencies, and the extras or groups named."""
    project = PROJECT["project"]
    wanted = list(project["dependencies"])
    for name in lists:
        more = project["optional-dependencies"].get(name) or PROJECT["dependency-groups"][name]
        wanted += [each for each in more if isinstance(each, str)]
    return [Requirement(each) for each in wanted]


def test_everything_imported_is_asked_for() -> None:
    """Holds for all packages together; `test_imports` keeps the light ones to their few."""
    declared = {
        canonicalize_name(wanted.name) for wanted in direct("consumers", "doors", "postgres", "kms")
    }
    owners = packages_distributions()
    used = {
        name.partition(".")[0] for module in modules().values() for name, _ in imports_of(module)
    }
    foreign = used - set(PACKAGES) - sys.stdlib_module_names - {"pydantic_core"}  # pydantic's own
    foreign -= {"pytest"}  # only pytest loads the plugin that imports it
    foreign -= {"pyspark"}  # only Spark runs the job that imports it (requirements/spark.in)
    unasked = {
        name for name in foreign if not declared & set(map(canonicalize_name, owners.get(name, ())))
    }
    assert not unasked, "add to pyproject.toml, then run `make lock`"


def test_the_consumer_implements_exactly_the_reducers_that_a_policy_may_name() -> None:
    assert set(REDUCERS) == set(SPECS)


def test_the_typed_events_are_what_the_contracts_say() -> None:
    assert EVENTS_FILE.read_text(encoding="utf-8") == module_of(builtin())


def test_every_contract_that_ships_has_a_typed_event() -> None:
    assert sorted(EVENTS.values()) == sorted(contract.name for contract in builtin())


@pytest.mark.parametrize(
    ("lock", "lists"),
    [
        ("sdk.txt", ()),
        ("run.txt", ("consumers",)),
        ("dev.txt", ("consumers", "test", "lint", "build", "lock")),
    ],
)
def test_the_lock_holds_what_the_project_asks_for(lock: str, lists: tuple[str, ...]) -> None:
    locked = pins(lock)
    unmet = [
        str(wanted)
        for wanted in direct(*lists)
        if not wanted.specifier.contains(locked.get(canonicalize_name(wanted.name), "0"))
    ]
    assert not unmet, "run `make lock`"


@pytest.mark.parametrize("lock", ["sdk.txt", "run.txt", "build.txt"])
def test_the_smaller_locks_have_the_versions_that_were_tested(lock: str) -> None:
    assert pins(lock).items() <= pins("dev.txt").items()


@pytest.mark.parametrize("lock", ["sdk.txt", "run.txt", "build.txt", "dev.txt", "peers.txt"])
def test_every_locked_package_has_a_hash(lock: str) -> None:
    text = (ROOT / "requirements" / lock).read_text(encoding="utf-8")
    blocks = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)
    unhashed = [block.split()[0] for block in blocks if PIN.match(block) and "sha256:" not in block]
    assert not unhashed


def test_compose_starts_the_kafka_that_was_tested() -> None:
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    assert compose["services"]["kafka"]["image"] == f"apache/kafka:{KAFKA_VERSION}"


def test_compose_keeps_keys_vault_and_data_apart() -> None:
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    volumes = [volume.split(":")[0] for volume in compose["services"]["remit"]["volumes"]]
    assert sorted(volumes) == ["data", "keys", "vault"]
