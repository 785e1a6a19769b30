"""Rows that are stored when a denial arrives: what it forbids goes, and nothing else."""

import json
import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.installation import each_once
from kit.policies import make_policy, make_rule
from kit.shop import EVENTS, IMPROVE, NOON, REPORTING, Shop
from kit.watching import until
from remit import visitor
from remit_consumers.lake import withdrawn
from remit_consumers.lake.columns import WITHDRAWN_TABLE
from remit_consumers.lake.lease import lease
from remit_consumers.lake.log import entries
from remit_consumers.lake.rewrite import Change, rewrite
from remit_consumers.lake.tables import open_table
from remit_consumers.lake.vacuum import Vacuum
from remit_consumers.metrics import Metrics
from remit_consumers.proof.report import Report, report
from remit_consumers.proof.verify import verify
from remit_consumers.withdrawal import decide
from remit_consumers.withdrawal.revoke import revoke
from remit_consumers.withdrawal.revoker import AGAIN_S, Revoker
from remit_schemas.policy import Policy, find_policy
from remit_schemas.rule import PseudonymTerms

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def told(shop: Shop) -> Report:
    """The report of a shop whose proof holds."""
    shop.lake.materialise()
    found = verify(shop.root.parent, lag=0)
    wrong = {name: check.detail for name, check in found.checks.items() if not check.holds}
    wrong.pop("conservation", None)  # these packs name no offers of their source
    wrong.pop("sequences", None)  # nor do they number lanes
    assert wrong == {}
    return report(shop.lake)


def test_a_withdrawal_takes_its_purpose_from_the_rows_and_leaves_the_others(shop: Shop) -> None:
    shop.store(*shop.agree(NOON - MINUTE, "ann", "bob"))
    shop.store(shop.view(), shop.view(subject="bob"), shop.view(subject=None))
    before = shop.rows()
    shop.store(shop.say("withdrawn"))
    done = shop.revoke()
    assert (done.left, withdrawn.pending(shop.root).num_rows) == (0, 0)
    assert shop.stands() == [
        ("2026-03-05", False, True),
        ("2026-03-05", True, True),
        ("2026-03-05", False, False),
    ]
    assert shop.rows().slice(1).equals(before.slice(1))
    changed = {
        name for name in before.column_names if not before[name][:1].equals(shop.rows()[name][:1])
    }
    assert {"utc_offset", "tagset"} <= changed
    assert "duration_ms" not in changed
    assert shop.rows()["keep_until"][0].as_py() <= before["keep_until"][0].as_py()
    figures = told(shop)
    view = figures.contracts["page_view"]
    assert (view["stored"], view["present"], view["revoked"]) == (3, 3, 0)
    assert figures.removals["revoked.denied"]["narrowed"] == 1
    assert figures.removed_values["page_view.utc_offset"] == {"revoked": 1}
    assert "page_view.duration_ms" not in figures.removed_values
    assert figures.waits["revocation_seconds"]["done"] >= 1


def test_what_was_collected_before_the_day_of_the_denial_is_swept_and_what_after_is_revoked(
    shop: Shop,
) -> None:
    shop.store(*shop.agree(NOON - 3 * DAY, "ann"))
    shop.store(shop.view(NOON - 2 * DAY), shop.view(NOON - DAY), shop.view())
    shop.store(shop.say("withdrawn", NOON - DAY))
    shop.revoke()
    assert shop.stands() == [(f"2026-03-0{day}", False, True) for day in (3, 4, 5)]
    lost = told(shop).removed_values["page_view.utc_offset"]
    assert lost == {"swept": 1, "revoked": 2}


def test_a_late_denial_spares_the_days_after_the_subject_agreed_again(shop: Shop) -> None:
    shop.store(*shop.agree(NOON - 5 * DAY, "ann"))
    shop.store(shop.say("given", NOON - 2 * DAY))
    shop.store(*(shop.view(NOON - n * DAY) for n in (4, 2, 1, 0)))
    shop.store(shop.say("withdrawn", NOON - 3 * DAY))
    shop.revoke()
    assert [has for _, has, _ in shop.stands()] == [False, False, True, True]
    assert told(shop).removed_values["page_view.utc_offset"] == {"swept": 1, "revoked": 1}


def test_who_never_agreed_or_denies_again_asks_nothing_of_stored_rows(shop: Shop) -> None:
    shop.store(shop.view(), shop.say("refused"))
    shop.store(shop.say("given", NOON + MINUTE), shop.say("withdrawn", NOON + 2 * MINUTE))
    shop.store(shop.say("withdrawn", NOON + 3 * MINUTE))
    assert not (shop.root / WITHDRAWN_TABLE).exists()


def test_a_denial_from_before_the_only_agreement_takes_nothing(shop: Shop) -> None:
    shop.store(*shop.agree(NOON - DAY, "ann"))
    shop.store(shop.view())
    shop.store(shop.say("withdrawn", NOON - 2 * DAY))
    assert not (shop.root / WITHDRAWN_TABLE).exists()
    assert shop.stands() == [("2026-03-05", True, True)]


def test_a_row_that_nothing_holds_any_more_goes(tmp_path: Path) -> None:
    optional = make_rule(event="page_view", field="status", purposes=[REPORTING])
    when = make_rule(event="page_view", field="collected_at", purposes=[REPORTING])
    shop = Shop(tmp_path, policy=_with_consent(optional, when))
    shop.store(shop.say("given", NOON - MINUTE), shop.say("given", NOON - MINUTE, subject="bob"))
    shop.store(shop.view(), shop.view(), shop.view(subject="bob"))
    shop.store(shop.say("withdrawn"))
    shop.revoke()
    assert shop.rows().num_rows == 1
    figures = told(shop).contracts["page_view"]
    assert (figures["stored"], figures["present"], figures["revoked"]) == (3, 1, 2)


def _with_consent(*rules: dict[str, object]) -> Policy:
    """The policy that is shipped, with other rules for page views."""
    shipped = find_policy()
    kept = [rule for rule in shipped.rules if rule.event != "page_view"]
    return shipped.model_copy(
        update={
            "rules": (*kept, *make_policy(*rules).rules),
            "floors": (),
            "volumes": (),
            "recipients": {},
        }
    )


def test_all_names_of_a_subject_lose_it_whatever_period_they_were_made_in(tmp_path: Path) -> None:
    terms = PseudonymTerms(rotate_every=timedelta(days=7), clause="S100", reason="to test with")
    shop = Shop(tmp_path, policy=find_policy().model_copy(update={"pseudonyms": terms}))
    shop.store(*shop.agree(NOON - 40 * DAY, "ann"))
    shop.store(*(shop.view(NOON - n * DAY) for n in (30, 14, 0)))
    assert len(shop.rows()["subject"].unique()) == 3
    shop.store(shop.say("withdrawn"))
    shop.revoke()
    assert [has for _, has, _ in shop.stands()] == [False] * 3
    told(shop)


def test_a_visitor_of_a_day_that_lives_loses_what_was_agreed_to_yesterday(tmp_path: Path) -> None:
    evening = datetime(2026, 3, 5, 23, 59, tzinfo=NOON.tzinfo)
    shop = Shop(tmp_path, evening)
    who = visitor("x" * 22)
    shop.store(shop.say("given", subject=who), shop.view(subject=who))
    shop.now = evening + 2 * MINUTE
    shop.store(shop.view(subject=who))
    assert [has for _, has, _ in shop.stands()] == [True, True]
    shop.store(shop.say("withdrawn", subject=who))
    shop.revoke()
    assert [has for _, has, _ in shop.stands()] == [False, False]
    assert len(shop.vault) == 0


def test_one_tenants_withdrawal_is_none_of_anothers(shop: Shop) -> None:
    for tenant in ("a", "b"):
        shop.store(shop.say("given", NOON - MINUTE, tenant=tenant), shop.view(tenant=tenant))
    shop.store(shop.say("withdrawn", tenant="a"))
    shop.revoke()
    assert [has for _, has, _ in shop.stands()] == [False, True]


def test_carrying_it_out_again_changes_nothing(shop: Shop) -> None:
    shop.store(*shop.agree(NOON - MINUTE, "ann"), shop.view())
    shop.store(shop.say("withdrawn"))
    pending = withdrawn.pending(shop.root)
    shop.revoke()
    before, version = shop.rows(), open_table(shop.root, EVENTS).version
    withdrawn.record(shop.root, pending.set_column(3, "effect_at", pending["recorded_at"]), {}, 0)
    assert shop.revoke().receipts == ()
    assert open_table(shop.root, EVENTS).version == version
    assert shop.rows().equals(before)


def test_one_owner_at_a_time_carries_it_out(shop: Shop) -> None:
    shop.store(*shop.agree(NOON - MINUTE, "ann"), shop.view())
    shop.store(shop.say("withdrawn"))
    with lease(shop.root) as is_held:
        assert is_held
        assert revoke(shop.root, shop.plans.plan, NOON, Vacuum()) is None
    assert shop.revoke().receipts


def test_a_consumer_that_finds_another_at_it_looks_again_soon(shop: Shop) -> None:
    shop.store(*shop.agree(NOON - MINUTE, "ann"), shop.view())
    shop.store(shop.say("withdrawn"))
    revoker = Revoker(shop.lake, shop.plans.plan, Metrics(), lambda: NOON)

    def is_at_rest() -> bool:
        return all(thread.name != "remit-revoke" for thread in threading.enumerate())

    with lease(shop.root):
        revoker.tend()
        until(is_at_rest, "it does not end")
    assert withdrawn.pending(shop.root).num_rows

    def is_done() -> bool:
        revoker.tend()
        return is_at_rest() and not withdrawn.pending(shop.root).num_rows

    until(is_done, "nobody carries it out", AGAIN_S / 2)


def test_old_files_stay_for_a_grace_and_then_go(shop: Shop) -> None:
    shop.store(*shop.agree(NOON - MINUTE, "ann"), shop.view())
    shop.store(shop.say("withdrawn"))
    shop.revoke()
    table = shop.root / EVENTS
    (old,) = [path for entry in entries(table) for path in entry.removed]
    assert (table / old).exists()
    assert Vacuum().take(table, 3_600) == 0
    assert Vacuum().take(table, 0) == 1
    assert not (table / old).exists()
    told(shop)


def test_the_log_of_the_table_names_no_subject(shop: Shop) -> None:
    shop.store(*shop.agree(NOON - MINUTE, "ann"), shop.view())
    (name,) = shop.rows()["subject"].unique().to_pylist()
    shop.store(shop.say("withdrawn"))
    shop.revoke()
    for file in (shop.root / EVENTS / "_delta_log").iterdir():
        assert name.encode() not in file.read_bytes()


def test_a_policy_version_that_is_gone_leaves_the_withdrawal_pending(shop: Shop) -> None:
    shop.store(*shop.agree(NOON - MINUTE, "ann"), shop.view())
    shop.store(shop.say("withdrawn"))

    def gone(contract: str, version: str) -> object:
        raise KeyError(version)

    done = revoke(shop.root, gone, NOON, Vacuum())  # type: ignore[arg-type]
    assert done is not None
    assert ["not on record" in why for why in done.waiting] == [True]
    assert withdrawn.pending(shop.root).num_rows
    assert shop.revoke().receipts


def test_a_crash_before_the_ledger_has_it_records_the_withdrawal_once(shop: Shop) -> None:
    shop.store(*shop.agree(NOON - MINUTE, "ann"), shop.view())
    pack = shop.say("withdrawn")
    flush = shop.decide(pack)
    assert flush.withdrawn is not None
    withdrawn.record(shop.root, flush.withdrawn, {"spool/x/0": 99}, 0)
    once = open_table(shop.root, WITHDRAWN_TABLE).delta.to_pyarrow_table().num_rows
    shop.restart()
    shop.now += MINUTE
    again = shop.decide(replace(pack))
    assert again.withdrawn is not None
    assert again.withdrawn.num_rows == once
    withdrawn.record(shop.root, again.withdrawn, {"spool/x/0": 100}, 0)
    assert open_table(shop.root, WITHDRAWN_TABLE).delta.to_pyarrow_table().num_rows == once


def test_what_a_flush_commits_while_files_are_rewritten_stands_beside_it(shop: Shop) -> None:
    shop.store(*shop.agree(NOON - MINUTE, "ann"), shop.view())
    shop.store(shop.say("withdrawn"))
    change = decide.Judge.change
    did: list[object] = []

    def meanwhile(judge: decide.Judge, rows: pa.Table) -> object:
        if not did:
            did.append(shop.store(shop.view(subject="bob")))
        return change(judge, rows)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decide.Judge, "change", meanwhile)
        shop.revoke()
    assert did
    assert [has for _, has, _ in shop.stands()] == [False, False]
    assert each_once(shop.rows())
    told(shop)


def test_a_rewrite_of_the_same_file_meanwhile_makes_this_one_begin_anew(shop: Shop) -> None:
    shop.store(*shop.agree(NOON - MINUTE, "ann", "bob"))
    shop.store(shop.view(), shop.view(subject="bob"))
    seen: list[int] = []

    def other(rows: pa.Table) -> Change:
        return Change(rows.slice(0, rows.num_rows - 1), ())

    def mine(rows: pa.Table) -> Change | None:
        seen.append(rows.num_rows)
        if len(seen) == 1:
            rewrite(shop.root, EVENTS, subjects, other)
        return Change(rows, ())

    subjects = shop.rows()["subject"].combine_chunks()
    rewrite(shop.root, EVENTS, subjects, mine)
    assert seen == [2, 1]
    assert shop.rows().num_rows == 1
    files = {path.name for path in (shop.root / EVENTS).glob("day=*/*.parquet")}
    spoken_of = {
        Path(added.path).name for entry in entries(shop.root / EVENTS) for added in entry.added
    }
    assert files == spoken_of, "what was drafted in vain is gone"


SUBJECTS = ("ann", "bob", "eve")
Act = tuple[str, str, str, int]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["view", "given", "withdrawn"]),
            st.sampled_from(SUBJECTS),
            st.sampled_from([REPORTING, IMPROVE]),
            st.integers(0, 4),
        ),
        min_size=3,
        max_size=14,
    )
)
@settings(max_examples=8, deadline=None)
def test_only_what_must_go_goes_and_everything_stays_accounted_for(
    tmp_path_factory: pytest.TempPathFactory, acts: Sequence[Act]
) -> None:
    shop = Shop(tmp_path_factory.mktemp("shop"))
    shop.store(*shop.agree(NOON - 9 * DAY, *SUBJECTS))
    shop.store(*(shop.view(NOON - n * DAY, subject) for subject in SUBJECTS for n in range(5)))
    denied: set[tuple[str, str]] = set()
    for act, subject, purpose, days in acts:
        at = NOON - days * DAY
        if act == "view":
            shop.store(shop.view(at, subject))
        else:
            shop.store(shop.say(act, at, subject=subject, purpose=purpose))
            denied |= {(subject, purpose)} if act == "withdrawn" else set()
    before = {(row["pack"], row["index"]): row for row in shop.rows().to_pylist()}
    shop.revoke()
    _hold_against(shop, before, denied)
    told(shop)


def _hold_against(
    shop: Shop, before: dict[tuple[str, int], dict[str, object]], denied: set[tuple[str, str]]
) -> None:
    """Every row is there; who denied a purpose to the end has nothing under it, who never did has everything."""
    after = {(row["pack"], row["index"]): row for row in shop.rows().to_pylist()}
    assert after.keys() == before.keys()
    names = {shop.names.known("", subject)[0]: subject for subject in SUBJECTS}
    rotated = {
        name: subject
        for subject in SUBJECTS
        for name in shop.names.ever("", subject, shop.plans.epochs(shop.now))
    }
    fields = {REPORTING: "utc_offset", IMPROVE: "duration_ms"}
    for key, row in after.items():
        subject = rotated.get(str(row["subject"])) or names[str(row["subject"])]
        if not {(subject, purpose) for purpose in fields} & denied:
            assert row == before[key]
        for purpose, field in fields.items():
            if (subject, purpose) not in denied:
                assert row[field] == before[key][field]
            elif not shop.ledger.agreements("", purpose, subject):
                assert row[field] is None, (subject, purpose, json.dumps(str(row["day"])))
