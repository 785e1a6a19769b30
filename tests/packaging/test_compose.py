"""compose.yaml: every service is watched, and none has more than it needs. Docker itself does not run in the tests."""

from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from kit.tree import ROOT
from remit_cli.app import COMMANDS

OURS = ("remit", "bundle", "edge", "dashboard")


@pytest.fixture(scope="module")
def form() -> Mapping[str, Any]:
    read: Mapping[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
    return read


def named(service: Mapping[str, Any]) -> set[str]:
    """The volumes of a service, by name or folder."""
    return {volume.partition(":")[0] for volume in service.get("volumes", ())}


def test_every_service_says_whether_it_is_well(form: Mapping[str, Any]) -> None:
    assert not [name for name, one in form["services"].items() if "healthcheck" not in one]


def test_whoever_waits_waits_for_a_service_that_is_there_and_well(form: Mapping[str, Any]) -> None:
    for service in form["services"].values():
        for name, condition in service.get("depends_on", {}).items():
            assert name in form["services"]
            assert condition == {"condition": "service_healthy"}


def test_ports_are_open_to_this_machine_alone(form: Mapping[str, Any]) -> None:
    ports = [port for one in form["services"].values() for port in one.get("ports", ())]
    assert len(ports) == len(set(ports))
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_every_volume_is_declared_and_every_one_declared_is_used(form: Mapping[str, Any]) -> None:
    used = {name for one in form["services"].values() for name in named(one)}
    assert {name for name in used if not name.startswith(".")} == set(form["volumes"])


@pytest.mark.parametrize("name", OURS)
def test_our_services_cannot_change_themselves_or_gain_rights(
    name: str, form: Mapping[str, Any]
) -> None:
    service = form["services"][name]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service.get("command", ["keys"])[0] in COMMANDS


def test_the_edge_has_the_bundle_and_no_key(form: Mapping[str, Any]) -> None:
    assert named(form["services"]["edge"]) == {"edge", "bundle"}
