"""Complete: the consumer refuses what has no alternative, and takes of the others the first that is there."""

from pathlib import Path

import pytest

from kit.opened import make_datums, make_opened
from kit.walks import make_walk
from remit import AccountChange
from remit_consumers.pipeline import Refined, refine
from remit_consumers.vault import Vault
from remit_schemas.category import Decision
from remit_schemas.contract import builtin
from remit_schemas.plan import compile as compile_plan
from remit_schemas.policy import find_policy

ACCOUNT_CHANGE = builtin().by_name("account_change")
PLAN = compile_plan(ACCOUNT_CHANGE, find_policy())


def refined(folder: Path, *events: AccountChange) -> Refined:
    walk = make_walk(Vault.open(folder / "vault", b"k" * 32), folder)
    packs = [make_opened(datums=make_datums(events), fingerprint=ACCOUNT_CHANGE.fingerprint)]
    return refine(packs, builtin(), PLAN, walk)


@pytest.mark.clause("S023a", "S023b")
def test_one_suffices_a_second_is_refused_and_none_refuses_the_event(tmp_path: Path) -> None:
    result = refined(
        tmp_path,
        AccountChange(phone="1", email="a@b.example"),
        AccountChange(phone="1"),
        AccountChange(email="a@b.example"),
        AccountChange(phone="", email="a@b.example"),
        AccountChange(),
        AccountChange(phone="", email=""),
    )
    rows = result.rows.sort_by("index").select(["index", "phone_given", "email_given"]).to_pylist()
    assert [tuple(row.values()) for row in rows] == [
        (0, True, None),
        (1, True, None),
        (2, None, True),
        (3, None, True),
    ]
    assert (result.events.stored, dict(result.events.refused)) == (4, {"incomplete": 2})


@pytest.mark.clause("S023b")
def test_every_value_is_counted_the_spare_one_as_refused(tmp_path: Path) -> None:
    result = refined(
        tmp_path, *[AccountChange(phone="1", email="a@b.example")] * 3, AccountChange(email="c@d")
    )
    counted = {
        (count.field, count.decision): (count.values_in, count.values_out)
        for count in result.counts
        if count.field in {"phone", "email"}
    }
    assert counted == {
        ("phone", Decision.REDUCE): (3, 3),
        ("email", Decision.REDUCE): (1, 1),
        ("email", Decision.REFUSE): (3, 0),
    }


def test_a_batch_in_which_nothing_is_complete_stores_nothing(tmp_path: Path) -> None:
    result = refined(tmp_path, AccountChange(), AccountChange())
    assert (result.rows.num_rows, dict(result.events.refused)) == (0, {"incomplete": 2})
