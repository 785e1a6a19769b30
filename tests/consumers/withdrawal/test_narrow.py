"""What a row may still hold: what goes, what is rounded once more, and what no older receipt knew of."""

import json
from dataclasses import asdict
from datetime import UTC, date, datetime

import pyarrow as pa

from kit.lake import make_receipt
from kit.policies import OPERATE, REPORT, make_contract, make_policy, make_rule
from remit_consumers.lake.receipt import Receipt
from remit_consumers.lake.tagsets import tagset_of
from remit_consumers.withdrawal.narrow import narrowed, narrowing
from remit_schemas.plan import compile as compile_plan

FINE = {"timestamp": {"precision": "hour", "by_purpose": [f"{REPORT} minute"]}}
TIME = make_rule(field="occurred_at", reduce=FINE, purposes=[OPERATE, REPORT])
PLAN = compile_plan(make_contract(), make_policy(TIME, make_rule(purposes=[REPORT])))
MOMENT = datetime(2026, 3, 5, 12, 34, tzinfo=UTC)


def test_a_time_is_rounded_once_more_and_what_no_purpose_holds_goes() -> None:
    before = asdict(tagset_of(PLAN, PLAN.outcome(frozenset({REPORT}))))
    to = narrowing(before, frozenset({REPORT}), lambda *_: PLAN)
    assert to is not None
    assert to.tagset is not None
    assert to.gone == {"ip"}
    assert to.coarser == (("occurred_at", "hour"),)
    until = datetime(2026, 3, 20, tzinfo=UTC)
    time = pa.timestamp("us", "UTC")
    rows = pa.table(
        {
            "ip": ["192.0.2.1"] * 2,
            "occurred_at": pa.array([MOMENT] * 2, time),
            "tagset": [before["tagset"]] * 2,
            "keep_until": pa.array([until] * 2, time),
            "day": pa.array([date(2026, 3, 5)] * 2),
        }
    )
    first, second = narrowed(rows, pa.chunked_array([[True, False]]), to).to_pylist()
    assert second == rows.to_pylist()[1]
    assert (first["ip"], first["occurred_at"]) == (None, MOMENT.replace(minute=0))
    assert first["tagset"] == to.tagset.tagset
    assert first["keep_until"] == until, "no row is kept longer than it was to be"


def test_rows_that_were_not_stored_for_the_purpose_stay_as_they_are() -> None:
    before = asdict(tagset_of(PLAN, PLAN.outcome()))
    assert narrowing(before, frozenset({REPORT}), lambda *_: PLAN) is None


def test_receipts_of_before_there_were_removals_are_read() -> None:
    form = json.loads(make_receipt(0).to_json())
    del form["removed"]
    assert Receipt.from_json(json.dumps(form | {"v": 3})).removed == ()


def test_receipts_of_before_they_told_tenants_are_read() -> None:
    form = json.loads(make_receipt(0).to_json())
    del form["tenants"]
    assert Receipt.from_json(json.dumps(form | {"v": 4})).tenants == {}
