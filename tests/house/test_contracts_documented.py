"""docs/contracts.md says of every contract what its file says, and of every field what becomes of it."""

import pytest

from kit.tree import ROOT
from remit_schemas.category import Necessity
from remit_schemas.contract import Contract, builtin
from remit_schemas.decided import FieldPlan
from remit_schemas.events import EVENTS
from remit_schemas.plan import compile as compile_plan
from remit_schemas.policy import find_policy

PAGE = (ROOT / "docs" / "contracts.md").read_text("utf-8")
PARTS = {part.split("`")[1]: part for part in PAGE.split("\n## ")[1:]}
CLASSES = {name: kind.__name__ for kind, name in EVENTS.items()}


def needed(field: FieldPlan) -> str:
    """Say whether a field is needed, as the page does."""
    if any(purpose.necessity is Necessity.REQUIRED for purpose in field.purposes):
        return "required"
    keys = ", ".join(f"`{purpose.key}`" for purpose in field.purposes)
    return f"optional: {keys}" if keys else ""


def row(contract: Contract, name: str, doc: str) -> str:
    """Write the row of a field."""
    field = compile_plan(contract, find_policy()).fields[name]
    what = "prohibited" if field.is_prohibited else field.reducer or field.decision
    return f"| `{name}` | {doc} | `{what}` | {needed(field)} | {field.clause} |"


def test_the_page_has_exactly_the_contracts_there_are() -> None:
    assert tuple(PARTS) == builtin().names


@pytest.mark.parametrize("contract", list(builtin()), ids=lambda contract: contract.name)
def test_a_contracts_part_says_what_it_holds_and_what_becomes_of_that(contract: Contract) -> None:
    lines = PARTS[contract.name].splitlines()
    rows = [line for line in lines if line.startswith("| `")]
    assert rows == [row(contract, field.name, field.doc) for field in contract.fields]
    assert contract.doc in lines
    assert f"In Python: `remit.{CLASSES[contract.name]}`." in lines
