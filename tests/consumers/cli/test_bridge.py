"""`remit bridge`: what other teams get, and what is said in one line where it cannot run."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from kit.command import Said
from remit_schemas.codec import own_schema_id
from remit_schemas.contract import builtin, load_contract


def test_the_files_for_other_teams_are_the_contracts_and_their_ids(
    remit: Callable[..., Said], folder: Path
) -> None:
    said = remit("bridge", "schemas", "--to", str(folder / "new" / "contracts"), "--json")
    facts = json.loads(said.out)["schemas"]
    assert set(facts) == set(builtin().names)
    for contract in builtin():
        fact = facts[contract.name]
        written = load_contract(folder / "new" / "contracts" / fact["file"])
        assert written.fingerprint == contract.fingerprint
        assert fact["fingerprint"] == contract.fingerprint.hex()
        assert fact["schema_id"] == own_schema_id(contract)


def test_the_list_names_every_contract_with_its_id(remit: Callable[..., Said]) -> None:
    lines = remit("bridge", "schemas").out.splitlines()
    assert [line.split("\t")[:2] for line in lines] == [
        [str(own_schema_id(contract)), contract.name] for contract in builtin()
    ]


@pytest.mark.parametrize("command", ["run", "check"])
def test_without_kafka_there_is_no_door(remit: Callable[..., Said], command: str) -> None:
    said = remit("bridge", command)
    assert (said.code, said.out) == (2, "")
    assert said.err == (
        "remit: plain messages come by Kafka: set REMIT_LOG=kafka://host:port/PREFIX\n"
    )


def test_a_way_without_tls_is_refused_before_anybody_is_asked(
    remit: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REMIT_LOG", "kafka://broker.example:9092/x")
    said = remit("bridge", "run")
    assert said.code == 2
    assert said.err.startswith("remit: the plain door needs TLS")
