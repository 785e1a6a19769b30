"""What a plan says in words."""

import json
from pathlib import Path

import pytest

from kit.policies import (
    OPERATE,
    REPORT,
    make_contract,
    make_policy,
    make_rule,
    rotated,
)
from remit_schemas.check import check
from remit_schemas.contract import builtin
from remit_schemas.errors import PolicyError
from remit_schemas.explain import explain
from remit_schemas.plan import (
    compile,  # noqa: A004 - the design's word for it
)
from remit_schemas.policy import builtin_clauses, find_policy

PROMISED = {"category", "reducer", "purposes", "basis", "necessity", "keep_for", "clause"}


def test_an_explanation_says_for_every_field_what_the_plan_decides() -> None:
    plan = compile(make_contract(), make_policy(make_rule(reduce={"ip": {"v4_bits": 16}})))
    whole = explain(plan).to_json()
    assert (whole["contract"], whole["policy_version"]) == ("visit", "2026-01-01")
    fields = whole["fields"]
    assert isinstance(fields, dict)
    assert list(fields) == list(plan.fields)
    assert fields["ip"] == {
        "category": "user.device.ip_address",
        "meaning": "IP address",
        "sensitivity": "highly_sensitive",
        "sensitive_pi": False,
        "decision": "reduce",
        "reducer": "ip",
        "effect": "Keeps the network of an IP address and loses the host; anything else becomes null.",
        "parameters": {"v4_bits": 16, "v6_bits": 48},
        "purposes": [OPERATE],
        "optional_purposes": [],
        "basis": "contract",
        "necessity": "required",
        "keep_for": "30 days",
        "recipients": [],
        "clause": "S003",
        "summary": None,
        "reason": "thirty is a number",
        "prohibited": False,
    }


def test_an_explanation_says_how_long_a_pseudonym_lasts() -> None:
    never, seasons = (
        explain(compile(make_contract(), policy)).to_json()["pseudonyms"]
        for policy in (make_policy(make_rule()), make_policy(pseudonyms=rotated("90 days")))
    )
    assert never is None
    assert seasons == rotated("90 days")


def test_a_refused_field_has_no_basis_no_necessity_and_no_time() -> None:
    field = explain(compile(make_contract(), make_policy())).fields["ip"]
    assert (field.decision, field.basis, field.necessity, field.keep_for) == ("refuse",) + (
        None,
    ) * 3
    assert field.reason == "no rule names it"


def test_a_field_for_optional_purposes_alone_is_optional() -> None:
    rules = [make_rule(purposes=[REPORT]), make_rule(field="page", purposes=[REPORT, OPERATE])]
    fields = explain(compile(make_contract(), make_policy(*rules))).fields
    assert (fields["ip"].necessity, fields["ip"].basis) == ("optional", "consent")
    assert (fields["page"].necessity, fields["page"].basis) == ("required", "consent,contract")
    assert fields["page"].optional_purposes == (REPORT,)


def test_the_shipped_policy_is_explained_with_the_summary_of_each_sentence() -> None:
    for contract in builtin():
        whole = explain(compile(contract, find_policy())).to_json()
        assert json.loads(json.dumps(whole)) == whole
        fields = whole["fields"]
        assert isinstance(fields, dict)
        for field in fields.values():
            assert isinstance(field, dict)
            assert field.keys() >= PROMISED
            assert field["clause"]
            assert field["summary"]


def test_another_register_can_be_handed_in() -> None:
    register = builtin_clauses("salesmartly", "2021-11-01")
    assert register is not None
    field = explain(compile(make_contract(), make_policy(make_rule())), register).fields["ip"]
    assert field.summary == register.summary_of("S003")


PAGE = Path(__file__).parents[2] / "docs" / "policy.md"


def shop_in(folder: Path, misspelt: tuple[str, str] = ("", "")) -> Path:
    text = PAGE.read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]
    path = folder / "shop.yaml"
    path.write_text(text.replace(*misspelt, 1), encoding="utf-8")
    return path


def test_the_complaint_in_the_docs_is_the_one_that_is_made(tmp_path: Path) -> None:
    told = PAGE.read_text(encoding="utf-8").split("```text\n")[1].split("\n")[0]
    with pytest.raises(PolicyError) as caught:
        find_policy(str(shop_in(tmp_path, ("    purposes:", "    puproses:"))))
    assert str(caught.value).replace(f"{tmp_path}/", "") == told


def test_the_example_in_the_docs_is_a_policy_and_decides_what_the_page_says(tmp_path: Path) -> None:
    text = PAGE.read_text(encoding="utf-8")
    policy = find_policy(str(shop_in(tmp_path)))
    plan = compile(builtin().by_name("page_view"), policy)
    told = [
        row.strip("| ").split(" | ") for row in text.splitlines() if row.endswith(("e |", "p |"))
    ]
    decided = {row[0]: row[1:] for row in told if row[0] in plan.fields}
    assert len(decided) == 7
    outcome = plan.outcome()
    for name, decisions in decided.items():
        assert decisions == [plan.fields[name].decision, outcome.fields[name].decision]
    assert plan.fields["ip"].parameters == {"v4_bits": 16, "v6_bits": 48}
    assert any("page_view.language: no rule names it" in said for said in check(policy, builtin()))
