"""The ledger under the pipeline: what a flush decides for each event, by what its subject said."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from deltalake import DeltaTable
from hypothesis import given
from hypothesis import strategies as st

from kit.installation import each_once
from kit.opened import PAGE_VIEW, VERSION
from kit.policies import make_policy, make_rule
from kit.shop import EVENTS, IMPROVE, NOON, REPORTING, Shop
from kit.watching import commits
from remit import visitor
from remit_consumers.lake import consents
from remit_consumers.pipeline import refine
from remit_consumers.proof.verify import verify
from remit_schemas.category import Decision
from remit_schemas.contract import builtin
from remit_schemas.errors import LakeError
from remit_schemas.plan import compile as compile_plan

SAID = ("given", "refused", "withdrawn", "expired", None)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


@pytest.mark.clause("S016")
def test_a_consent_lets_its_purpose_have_its_fields_and_no_other(shop: Shop) -> None:
    assert shop.kept(shop.store(shop.say("given"), shop.view())) == [(True, False)]
    assert shop.kept(shop.store(shop.say("given", purpose=IMPROVE), shop.view())) == [(True, True)]


@pytest.mark.clause("S092")
def test_a_withdrawal_stops_what_is_not_committed_whatever_its_time_and_place_in_the_flush(
    shop: Shop,
) -> None:
    earlier = NOON - timedelta(minutes=5)
    shop.store(shop.say("given", earlier))
    done = shop.store(shop.view(NOON - timedelta(minutes=1)), shop.say("withdrawn"))
    assert shop.kept(done) == [(False, False)]


def test_a_grant_does_not_reach_back_before_it_was_given(shop: Shop) -> None:
    done = shop.store(shop.view(NOON - timedelta(milliseconds=1)), shop.view(), shop.say("given"))
    assert shop.kept(done) == [(False, False), (True, False)]


@pytest.mark.clause("S016")
@pytest.mark.parametrize("status", [each for each in SAID if each != "given"])
def test_every_status_but_given_denies(shop: Shop, status: str | None) -> None:
    shop.store(shop.say("given", NOON - timedelta(hours=1)))
    assert shop.kept(shop.store(shop.say(status), shop.view())) == [(False, False)]


@pytest.mark.clause("S009", "S016")
def test_who_has_no_name_or_said_nothing_has_agreed_to_nothing(shop: Shop) -> None:
    done = shop.store(shop.say("given"), shop.view(subject=None), shop.view(subject="bob"))
    assert shop.kept(done) == [(False, False)] * 2


@pytest.mark.parametrize(
    ("purpose", "version"),
    [("analytics.reporting.ad_performance", VERSION), (REPORTING, "2019-01-01"), (REPORTING, None)],
)
def test_a_purpose_that_is_not_the_policys_and_another_version_are_no_consent(
    shop: Shop, purpose: str, version: str | None
) -> None:
    done = shop.store(shop.say("given", purpose=purpose, agreed_version=version), shop.view())
    assert shop.kept(done) == [(False, False)]


def test_a_subject_of_one_tenant_does_not_consent_for_one_of_another(shop: Shop) -> None:
    done = shop.store(
        shop.say("given", tenant="a"), shop.view(tenant="a"), shop.view(tenant="b"), shop.view()
    )
    assert shop.kept(done) == [(True, False), (False, False), (False, False)]


def test_a_clock_years_ahead_neither_grants_for_ever_nor_denies_for_ever(shop: Shop) -> None:
    ahead = NOON + timedelta(days=4_000)
    shop.store(shop.say("withdrawn", ahead, collected_at=NOON - timedelta(minutes=1)))
    assert shop.kept(shop.store(shop.say("given"), shop.view())) == [(True, False)]


def test_what_was_said_holds_after_a_restart(shop: Shop) -> None:
    shop.store(shop.say("given"), shop.say("given", purpose=IMPROVE, subject="bob"))
    shop.restart()
    done = shop.store(shop.view(), shop.view(subject="bob"))
    assert shop.kept(done) == [(True, False), (False, True)]
    shop.store(shop.say("withdrawn", NOON + timedelta(seconds=1)))
    shop.restart()
    later = NOON + timedelta(seconds=2)
    assert shop.kept(shop.store(shop.view(later))) == [(False, False)]


@pytest.mark.parametrize("left", [["consents"], ["consents", "events/consent_change"]])
def test_a_crash_between_two_tables_records_every_change_once(
    shop: Shop, left: Sequence[str]
) -> None:
    shop.store(shop.view())  # so that every table is there
    shop.store(shop.say("refused", NOON - timedelta(hours=1)))
    pack = shop.say("given")
    shop.store(pack)
    for table in {"consents", "events/consent_change", "positions"} - {*left}:
        newest = commits(shop.folder / "data", table)
        (shop.root / table / "_delta_log" / f"{newest:020d}.json").unlink()
    shop.restart()
    assert shop.kept(shop.store(pack, shop.view())) == [(True, False)]
    for table in ("consents", "events/consent_change"):
        rows = DeltaTable(str(shop.root / table)).to_pyarrow_table()
        assert sorted(rows.column("status").to_pylist()) == ["given", "refused"]
        assert each_once(rows)
    shop.lake.materialise()
    checks = verify(shop.folder / "data").checks
    assert all(checks[name].holds for name in ("chain", "rows", "values", "sequences"))


def test_what_another_consumer_recorded_is_known_after_the_next_claim(shop: Shop) -> None:
    other = Shop(shop.folder)
    shop.store(shop.say("given"))
    other.partition = shop.partition
    other.ledger.load()
    other.lake.claim("spool/x", 0)
    other.sequence = 10
    assert other.kept(other.store(other.view())) == [(True, False)]


@pytest.mark.clause("S016")
def test_a_ledger_that_cannot_be_read_stops_everything(shop: Shop) -> None:
    shop.store(shop.say("given"))
    for file in (shop.root / "consents").glob("*.parquet"):
        file.unlink()
    with pytest.raises(LakeError):
        shop.restart()


def test_a_ledger_that_can_be_read_in_half_knows_nobody_until_it_is_read_whole(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consents, "READ_AT_ONCE", 1)
    shop.store(shop.say("given"))
    shop.store(shop.say("given", subject="bob"))
    files = sorted((shop.root / "consents").glob("*.parquet"))
    assert len(files) == 2
    for file in files:  # whichever is read first, once it is the other that is gone
        away = file.rename(file.with_suffix(".away"))
        shop.ledger.forget()
        with pytest.raises(LakeError):
            shop.ledger.load()
        assert not [one for one in ("ann", "bob") if shop.ledger.agreements("", REPORTING, one)]
        away.rename(file)
        shop.ledger.load()
        assert all(shop.ledger.agreements("", REPORTING, one) for one in ("ann", "bob"))


def test_values_in_are_those_kept_reduced_and_refused_over_the_parts(shop: Shop) -> None:
    done = shop.store(
        *(shop.say("given", purpose=purpose) for purpose in (REPORTING, IMPROVE)),
        shop.say("given", subject="bob"),
        *(shop.view(subject=subject) for subject in ("ann", "bob", "eve", None, "ann")),
    )
    (part,) = [part for part in done.parts if part.table == EVENTS]
    came = [count for count in part.receipt.fields if count.field == "utc_offset"]
    assert {(one.decision, one.values_in, one.values_out) for one in came} == {
        (Decision.REDUCE, 3, 3),
        (Decision.REFUSE, 2, 0),
    }
    keys = [
        (one.field, one.decision, one.reducer, one.purposes, one.basis)
        for one in part.receipt.fields
    ]
    assert len(keys) == len(set(keys)), "one count for each field, decision and set of purposes"
    for field in ("status", "occurred_at", "duration_ms"):
        assert sum(one.values_in for one in part.receipt.fields if one.field == field) == 5
    assert part.receipt.events.stored == 5
    assert part.receipt.purposes == {REPORTING: (3, 2), IMPROVE: (2, 3)}
    subjects = part.rows.column("subject").to_pylist() if part.rows else []
    assert subjects == sorted(subjects, key=lambda name: (name is None, name))


def test_where_only_optional_purposes_want_anything_an_event_without_consent_is_refused(
    shop: Shop,
) -> None:
    wanted = make_rule(event="page_view", field="status", purposes=[REPORTING])
    plan = compile_plan(PAGE_VIEW, make_policy(wanted, version=VERSION))
    shop.store(shop.say("given", NOON - timedelta(hours=1)))
    packs = [shop.view(), shop.view(subject="bob")]
    done = refine(packs, builtin(), plan, shop.walk)
    assert (done.events.stored, done.events.refused) == (1, {"no_consent": 1})
    assert done.rows.column("status").to_pylist() == [200]
    assert done.rows.schema.names == done.schema.names
    assert done.purposes == {REPORTING: (1, 1)}


@pytest.mark.clause("S017")
@given(
    st.lists(st.tuples(st.sampled_from(SAID), st.sampled_from([REPORTING, IMPROVE])), max_size=8)
)
def test_less_consent_never_keeps_more(
    tmp_path_factory: pytest.TempPathFactory, said: Sequence[tuple[str | None, str]]
) -> None:
    kept = []
    for denied in (False, True):
        shop = Shop(tmp_path_factory.mktemp("shop"))
        changes = [
            shop.say(status, NOON - timedelta(minutes=9 - n), purpose=purpose)
            for n, (status, purpose) in enumerate(said)
        ]
        last = [shop.say("withdrawn", NOON)] if denied else []
        kept.append(shop.kept(shop.decide(*changes, *last, shop.view(NOON + timedelta(1))))[0])
    more, less = kept
    assert all(before or not after for before, after in zip(more, less, strict=True))
    assert not less[0]


def test_a_visitors_consent_holds_across_midnight_and_ends_with_the_keys(tmp_path: Path) -> None:
    evening = datetime(2026, 3, 5, 23, 59, tzinfo=UTC)
    shop = Shop(tmp_path, evening)
    who = visitor("x" * 22)
    shop.store(shop.say("given", subject=who))
    for restart in (False, True):
        shop.now = evening + timedelta(minutes=2)
        if restart:
            shop.restart()
        done = shop.store(shop.view(evening, subject=who), shop.view(subject=who))
        assert shop.kept(done) == [(True, False)] * 2
    shop.store(shop.say("withdrawn", subject=who))
    assert shop.kept(shop.store(shop.view(subject=who))) == [(False, False)]
    shop.store(shop.say("given", shop.now + timedelta(seconds=1), subject=who))
    shop.now = evening + timedelta(hours=30)
    assert shop.kept(shop.store(shop.view(subject=who))) == [(True, False)]
    shop.now = evening + timedelta(hours=60)
    shop.ledger.forget_gone()
    assert shop.kept(shop.store(shop.view(subject=who))) == [(False, False)]
    assert len(shop.vault) == 0, "the vault never hears of a visitor"


def test_a_denial_that_went_with_its_key_lets_no_older_agreement_hold_again(tmp_path: Path) -> None:
    morning = datetime(2026, 3, 5, 9, tzinfo=UTC)
    shop = Shop(tmp_path, morning)
    who = visitor("x" * 22)
    shop.store(shop.say("withdrawn", morning, subject=who))
    shop.now = morning + timedelta(hours=18)
    before = morning - timedelta(minutes=1)
    late = shop.say("given", subject=who, occurred_at=before)  # sent again after midnight
    assert shop.kept(shop.store(late, shop.view(subject=who))) == [(False, False)]
    for restart in (False, True):
        shop.now = morning + timedelta(hours=38, minutes=1)
        if restart:
            shop.restart()
        shop.ledger.forget_gone()
        assert shop.kept(shop.store(shop.view(subject=who))) == [(False, False)]
    rows = shop.ledger.of("", who)
    assert rows.num_rows == 1, "the denial ties to nobody any more"
    assert shop.ledger.stands(rows, {VERSION}) == {REPORTING: None}


def test_a_ledger_whose_log_was_cut_is_read_whole(shop: Shop) -> None:
    shop.store(shop.say("given"))
    other = Shop(shop.folder)
    shop.store(shop.say("withdrawn", NOON + timedelta(minutes=1)))
    shop.store(shop.say("given", NOON + timedelta(minutes=2), subject="bob"))
    log = shop.root / "consents" / "_delta_log"
    newest = commits(shop.folder / "data", "consents")
    DeltaTable(str(log.parent)).create_checkpoint()
    (log / f"{newest - 1:020d}.json").unlink()
    other.ledger.load()
    assert other.ledger.version == newest
    other.now = NOON + timedelta(minutes=3)
    assert other.kept(other.decide(other.view())) == [(False, False)]
