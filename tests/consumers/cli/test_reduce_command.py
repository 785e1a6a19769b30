"""`remit reduce`: one JSON object a line for every reducer there is, and errors that do not repeat a value."""

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from kit.command import Said
from kit.means import write_places
from remit_consumers.keys import KeyStore
from remit_consumers.reducers import ip_encrypted
from remit_schemas.parameters import complete
from remit_schemas.policy import find_policy
from remit_schemas.specs import SPECS

PLANTED = "secret-9f3b@example.org"


def needed(name: str) -> list[str]:
    """The parameters that a policy must give, as options."""
    missing = [each for each in SPECS[name].parameters if each.default is None]
    return [f"--set={each.name}={','.join(each.choices) or 'one,two'}" for each in missing]


@pytest.mark.parametrize("name", SPECS)
def test_every_reducer_gives_one_object_a_line(name: str, remit: Callable[..., Said]) -> None:
    lines = [
        "",
        PLANTED,
        "203.0.113.7",
        "17",
        "2021-11-01T10:00:00Z",
        "9" * 30,
        "\x00",
        "\N{GRINNING FACE}",
        "--5",
        "²",
    ]
    said = remit("reduce", name, *needed(name), "--explain", stdin="\n".join(lines) + "\n")
    assert said.code == 0, said
    rows = [json.loads(line) for line in said.out.splitlines()]
    assert len(rows) == len(lines)
    assert all(set(row) == {"out", "rule"} for row in rows)
    assert PLANTED not in said.out


def test_the_list_names_every_reducer(remit: Callable[..., Said]) -> None:
    said = remit("reduce", "--list")
    assert said.code == 0
    assert all(name in said.out for name in SPECS)
    assert set(json.loads(remit("reduce", "--list", "--json").out)) == set(SPECS)


def test_bytes_that_are_no_text_are_reduced_like_any_other_garbage(
    remit: Callable[..., Said],
) -> None:
    said = remit("reduce", "ip", stdin="\udcff\udcfe\n203.0.113.7\n")
    assert [json.loads(line)["out"] for line in said.out.splitlines()] == [None, "203.0.113.0"]


@pytest.mark.parametrize("options", [["values=GET,POST"], ["values=GET", "values=POST"]])
def test_a_list_is_given_at_once_or_entry_by_entry(
    remit: Callable[..., Said], options: list[str]
) -> None:
    words = [word for option in options for word in ("--set", option)]
    said = remit("reduce", "closed", *words, stdin="get\npost\nput\n")
    assert [json.loads(line)["out"] for line in said.out.splitlines()] == ["GET", "POST", "other"]


def test_a_time_is_shown_as_it_is_explained(remit: Callable[..., Said]) -> None:
    said = remit("reduce", "timestamp", "--explain", stdin="1635762030\n2021-11-01T10:20:30.4Z\n")
    number, moment = (json.loads(line) for line in said.out.splitlines())
    assert number == {"out": None, "rule": "no time: null"}
    assert moment["out"] == "2021-11-01T10:20:30Z"


def test_a_key_is_of_one_run_and_not_the_installation_s(
    remit: Callable[..., Said], folder: Path
) -> None:
    remit("keys", "rotate")
    lines = "203.0.113.7\n203.0.113.9\n"
    runs = {remit("reduce", "ip_encrypted", stdin=lines).out for _ in range(2)}
    assert len(runs) == 2
    assert all(len(set(run.splitlines())) == 1 for run in runs), "one key for the whole run"
    parameters = complete("ip_encrypted", {})
    key = KeyStore.open(folder / "data-keys", find_policy()).address_key
    (own,) = ip_encrypted.reduce(pa.array(["203.0.113.7"]), parameters, key=key)
    assert not [run for run in runs if str(own[0]) in run]
    assert "random" in remit("reduce", "--help").out
    assert "random key" in remit("reduce", "--list").out


def test_places_are_looked_up_in_the_file_that_is_named(
    remit: Callable[..., Said], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = ("reduce", "ip_place", "--set", "place=region")
    said = remit(*ask, stdin="192.31.196.7\n")
    assert (said.code, said.out) == (2, "")
    assert "REMIT_PLACES" in said.problem
    monkeypatch.setenv("REMIT_PLACES", str(write_places(folder / "city.mmdb")))
    found = json.loads(remit(*ask, stdin="192.31.196.7\n").out)["out"]
    assert found == {"ip_place": "192.31.196.0", "country": "NZ", "region": "NZ-AUK"}


@pytest.mark.parametrize(
    "words",
    [("ipp",), ("ip", "--set", "v4_bits"), ("ip", "--set", "v4_bist=8"), ("ip", "--set", "v4_bits=99"), ("ip", "--set", "v4_bits=x")],
    ids=" ".join,
)  # fmt: skip
def test_a_reducer_or_parameter_that_is_none_is_one_line(
    words: tuple[str, ...], remit: Callable[..., Said]
) -> None:
    said = remit("reduce", *words, stdin=f"{PLANTED}\n")
    assert said.code == 2
    assert said.problem.startswith("remit: ")
    assert PLANTED not in said.err
