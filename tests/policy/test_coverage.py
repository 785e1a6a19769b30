"""Every sentence of the policy is accounted for, and what is not fails the command that `make test` runs here."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kit.contracts import make_field_json, make_record, write_contract
from kit.copied import copied
from kit.tree import ROOT
from remit_cli.app import run
from remit_cli.marked import proofs_in
from remit_schemas.policy import policy_path
from remit_schemas.proofs import load_proofs, proofs_path

AWAITED: dict[str, str] = {}
"""Clauses whose rule is being built in this very issue, and by what; empty when all of it is merged."""

Ran = tuple[int, dict[str, Any]]
"""The exit code of the command and what it printed."""

Cover = Callable[..., Ran]
"""Runs the command with more words."""


@pytest.fixture
def cover(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Cover:
    """Runs `remit policy coverage --json` with more words."""
    monkeypatch.setenv("REMIT_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("REMIT_POLICY", raising=False)

    def runs(*words: object) -> Ran:
        argv = ["remit", "policy", "coverage", "--json", *map(str, words)]
        monkeypatch.setattr("sys.argv", argv)
        with pytest.raises(SystemExit) as ended:
            run()
        return int(str(ended.value.code or 0)), json.loads(capsys.readouterr().out)

    return runs


def settled(register: dict[str, Any]) -> None:
    """Let what is awaited wait for later, so that nothing is missing but what a test plants."""
    for clause in AWAITED:
        sentence = register["sentences"][clause[:4]]
        (sentence["parts"][clause[4:]] if clause[4:] else sentence)["later"] = "trust"


def test_every_sentence_is_accounted_for_by_the_tests_of_this_tree(cover: Cover) -> None:
    code, told = cover("--tests", ROOT / "tests")
    missing = {problem.partition(" ")[0] for problem in told["problems"]}
    assert missing == AWAITED.keys(), (
        "a clause that is covered is taken off the list of those awaited"
    )
    assert code == (1 if AWAITED else 0)
    names = [row["sentence"] for row in told["sentences"] if len(row["sentence"]) == 4]
    assert names == [f"S{number:03}" for number in range(1, 123)]


def test_each_row_says_rule_test_and_metric_or_why_not(cover: Cover) -> None:
    _, told = cover("--tests", ROOT / "tests")
    for row in told["sentences"]:
        if row["status"] == "covered":
            assert row["rule"], row
            assert row["test"], row
            assert row["metric"], row
        elif row["status"] == "later":
            assert row["rule"][0].startswith("later: "), row
        elif row["status"] == "information":
            assert row["kind"] == "I", row
        else:
            assert row["status"] == "open", row


def test_the_record_beside_the_policy_is_what_the_tests_say() -> None:
    said = load_proofs(proofs_path(policy_path(None))).tests
    assert said == proofs_in(ROOT / "tests"), "remit policy coverage --tests tests --record"


def test_where_everything_is_there_the_command_ends_with_0(cover: Cover, tmp_path: Path) -> None:
    code, told = cover("--policy", copied(tmp_path, register=settled))
    assert (code, told["problems"]) == (0, [])
    assert told["summary"]["accounted_for"] == told["summary"]["sentences"] == 122


def test_a_field_that_no_rule_names_fails_it(cover: Cover, tmp_path: Path) -> None:
    path = copied(tmp_path, register=settled)
    (path.parent / "contracts").mkdir()
    write_contract(path.parent / "contracts", make_record(make_field_json("shoe_size")))
    code, told = cover("--policy", path)
    assert code == 1
    assert "probe.shoe_size has no clause: no rule names it" in told["problems"]


def test_a_rule_without_a_clause_fails_it(cover: Cover, tmp_path: Path) -> None:
    path = copied(tmp_path, register=settled, policy=lambda said: said["rules"][0].pop("clause"))
    code, told = cover("--policy", path)
    assert code == 1
    assert [problem.endswith('"clause" is missing') for problem in told["problems"]] == [True]


def test_a_rule_that_rests_on_no_sentence_of_the_register_fails_it(
    cover: Cover, tmp_path: Path
) -> None:
    path = copied(
        tmp_path, register=settled, policy=lambda said: said["rules"][0].update(clause="S025z")
    )
    code, told = cover("--policy", path)
    assert code == 1
    assert ['"S025z" is not in the register' in problem for problem in told["problems"]] == [True]


def test_a_clause_without_a_rule_fails_it(cover: Cover, tmp_path: Path) -> None:
    path = copied(tmp_path, register=settled, policy=lambda said: said["promises"].pop("chained"))
    code, told = cover("--policy", path)
    assert (code, told["problems"]) == (1, ["S110d has no rule: Against being altered"])


def test_a_clause_without_a_test_fails_it(cover: Cover, tmp_path: Path) -> None:
    path = copied(tmp_path, register=settled, proofs=lambda said: said["tests"].pop("S017"))
    code, told = cover("--policy", path)
    summary = "Declining an extra function costs only that function"
    assert (code, told["problems"]) == (1, [f"S017 has no test: {summary}"])


def test_a_test_that_names_no_sentence_fails_it(cover: Cover, tmp_path: Path) -> None:
    path = copied(tmp_path, register=settled, proofs=lambda said: said["tests"].update(S123=["x"]))
    code, told = cover("--policy", path)
    assert (code, told["problems"]) == (1, ["S123 is named by a test, and is not in the register"])


def test_what_waits_for_later_work_stands_apart(cover: Cover, tmp_path: Path) -> None:
    assert cover()[1]["summary"]["waiting"] == {}
    path = copied(tmp_path, register=lambda said: said["sentences"]["S101"].update(later="trust"))
    assert cover("--policy", path)[1]["summary"]["waiting"] == {"trust": ["S101"]}


def test_a_record_is_written_where_it_is_asked_for(cover: Cover, tmp_path: Path) -> None:
    path = copied(tmp_path, proofs=lambda said: said["tests"].clear())
    cover("--policy", path, "--tests", ROOT / "tests", "--record")
    written, shipped = proofs_path(path).read_bytes(), proofs_path(policy_path(None)).read_bytes()
    assert written == shipped
