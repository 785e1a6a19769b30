"""`remit evidence`, `remit anchor`, `remit verify FILE`: from the command line of a machine to that of an auditor."""

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from kit.command import Said
from remit_schemas.category import Decision
from remit_schemas.contract import builtin
from remit_schemas.plan import compile as compile_plan
from remit_schemas.policy import Policy as PolicyModel
from remit_schemas.policy import find_policy

GOOD = '{"page": "/shop", "status": 200, "subject": "ann"}\n'


Remit = Callable[..., Said]


@pytest.fixture
def bundle(remit: Remit, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A bundle of a lake that was anchored."""
    monkeypatch.setenv("REMIT_WITNESS", str(folder / "witness.jsonl"))
    assert remit("emit", "page_view", "--wait", stdin=GOOD * 12).code == 0
    assert remit("anchor").out.strip().endswith("witness.jsonl")
    said = remit("evidence", "--out", str(folder / "evidence.zip"), "--json")
    assert said.code == 0, said.err
    told = json.loads(said.out)
    assert told["commits"] == 1
    (folder / "key").write_text(told["fingerprint"])
    return folder / "evidence.zip"


def test_an_auditor_checks_a_bundle_against_key_and_witness(
    remit: Remit, bundle: Path, folder: Path
) -> None:
    key, witness = (folder / "key").read_text(), str(folder / "witness.jsonl")
    said = remit("verify", str(bundle), "--key", key, "--witness", witness, "--json")
    assert said.code == 0, said.out
    assert json.loads(said.out)["checks"]["anchors"]["detail"].startswith(
        "1 on record, the last of"
    )
    assert remit("verify", str(bundle), "--key", "0" * 64).code == 1
    in_base64 = json.loads(remit("keys", "status", "--json").out)["verify_key"]
    assert remit("verify", str(bundle), "--key", in_base64).code == 0


def test_verify_holds_the_lake_against_its_anchors(
    remit: Remit, bundle: Path, folder: Path
) -> None:
    said = json.loads(remit("verify", "--json").out)
    assert said["checks"]["anchors"]["holds"]
    logs = sorted((folder / "data/lake/events/page_view/_delta_log").glob("*.json"))
    logs[-1].unlink()
    shutil.rmtree(folder / "data/lake/receipts")  # else it contradicts the log by itself
    said = json.loads(remit("verify", "--json").out)
    assert "its tail was cut" in said["checks"]["anchors"]["detail"]


def test_mistakes_are_one_line(remit: Remit, folder: Path) -> None:
    for words in (
        ("verify", str(folder / "none.zip")),
        ("verify", "--key", "ab"),
        ("evidence", "--out", str(folder / "out.zip")),
    ):
        said = remit(*words)
        assert said.code == 2
        assert said.problem.startswith("remit: ")
    assert remit("keys", "rotate").code == 0
    assert "nothing to anchor yet" in remit("anchor").problem


def test_a_report_of_days_is_printed_and_written(remit: Remit, folder: Path) -> None:
    today = datetime.now(UTC).date().isoformat()  # asked for here: a run may go on past midnight
    assert remit("emit", "page_view", "--wait", stdin=GOOD * 12).code == 0
    whole = json.loads(remit("report", "--json").out)
    assert (
        json.loads(remit("report", "--from", today, "--json").out)["contracts"]
        == whole["contracts"]
    )
    assert json.loads(remit("report", "--to", "2020-01-01", "--json").out)["contracts"] == {}
    page, printed = folder / "report.html", folder / "report.pdf"
    assert remit("report", "--html", str(page), "--pdf", str(printed)).code == 0
    assert ">page_view<" in page.read_text()
    assert printed.read_bytes().startswith(b"%PDF-")
    public = json.loads(remit("report", "--public", "--json").out)
    assert public["tables"]["contracts"]["rows"]["page_view"]["stored"] == 10
    assert "rounded_to: 10" in remit("report", "--public").out
    for words in (
        ("--from", "yesterday"),
        ("--public", "--unread"),
        ("--tenant", "", "--to", today),
        ("--public", "--noise", "1"),
    ):
        assert remit("report", *words).code == 2


def test_what_nobody_read_is_named_with_the_rule_that_stops_it(remit: Remit, folder: Path) -> None:
    assert remit("emit", "page_view", "--wait", stdin=GOOD * 12).code == 0
    found = named(remit)
    assert {"page", "status"} <= found.keys()
    assert not {"occurred_at", "collected_at"} & found.keys()
    sql = "SELECT page, count(*) AS n FROM page_view GROUP BY page"
    assert remit("query", sql, "--purpose", "essential.service.operations").code == 0
    found = named(remit)
    assert "page" not in found
    assert found["status"]["instead_of"] == "page_view.status"
    assert found["status"]["necessity"] == "required"
    assert "status" not in named(remit, "--to", "2020-01-01")
    assert found["status"]["change"] in remit("report", "--unread").out
    star = "SELECT * FROM page_view"
    assert remit("query", star, "--purpose", "essential.service.operations", "--json").code == 0
    assert "status" not in named(remit)


def named(remit: Remit, *words: str) -> dict[str, dict[str, str]]:
    """What was never read, by field."""
    told = json.loads(remit("report", "--unread", "--json", *words).out)
    return {one["field"]: one for one in told["unread"]}


def test_the_rule_that_stops_a_field_makes_a_policy_that_refuses_it(
    remit: Remit, folder: Path
) -> None:
    assert remit("emit", "page_view", "--wait", stdin=GOOD * 12).code == 0
    for field, one in named(remit).items():
        policy = find_policy().model_dump(mode="json", exclude_none=True)
        (rule,) = yaml.safe_load(one["change"])
        event, _, instead = one["instead_of"].partition(".")
        policy["rules"] = [
            each
            for each in policy["rules"]
            if not instead or (each["event"], each.get("field")) != (event, instead)
        ]
        policy["rules"].append(rule)
        for recipient in one["listed_by"]:
            policy["recipients"][recipient]["fields"][event or "page_view"].remove(field)
        plan = compile_plan(builtin().by_name("page_view"), PolicyModel.model_validate(policy))
        assert plan.fields[field].decision is Decision.REFUSE
