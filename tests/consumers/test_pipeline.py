"""The pipeline: opened packs become minimized, tagged rows, and every value is counted."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.opened import PAGE_VIEW, VERSION, make_datums, make_opened
from kit.walks import make_walk
from remit import PageView
from remit_consumers.pipeline import Refined, Walk, refine
from remit_consumers.steps.open import Opened
from remit_consumers.vault import Vault
from remit_schemas.category import Decision
from remit_schemas.contract import builtin
from remit_schemas.plan import compile as compile_plan
from remit_schemas.policy import find_policy

PLAN = compile_plan(PAGE_VIEW, find_policy())
NOON = datetime(2026, 3, 5, 12, 34, 56, tzinfo=UTC)


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Vault:
    folder: Path = tmp_path_factory.mktemp("vault")
    return Vault.open(folder, b"k" * 32)


@pytest.fixture(scope="module")
def walk(vault: Vault, tmp_path_factory: pytest.TempPathFactory) -> Walk:
    return make_walk(vault, tmp_path_factory.mktemp("data"))


def refined(walk: Walk, packs: Sequence[Opened]) -> Refined:
    return refine(packs, builtin(), PLAN, walk)


def one(walk: Walk, event: PageView, subject: str | None = None) -> dict[str, object]:
    """The row that one event becomes."""
    rows = refined(walk, [make_opened(datums=make_datums([event], [subject]))]).rows
    return dict(rows.to_pylist()[0])


@pytest.mark.clause("S002", "S003", "S105a")
def test_an_event_is_stored_reduced_and_tagged(walk: Walk) -> None:
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0"
    row = one(
        walk,
        PageView(
            ip="203.0.113.7",
            page="/orders/12345?email=a@b.example",
            user_agent=agent,
            status=200,
            occurred_at=NOON,
            collected_at=NOON,
        ),
    )
    assert row["ip"] == "203.0.113.0"
    assert row["page"] == "/orders/{number}"
    assert (row["user_agent_browser"], row["user_agent_browser_major"]) == ("Firefox", "127")
    assert row["status"] == 200
    assert row["occurred_at"] == NOON.replace(second=0)
    assert row["policy_version"] == VERSION
    assert row["day"] == NOON.date()
    assert row["keep_until"] == datetime(2026, 3, 5, tzinfo=UTC) + PLAN.outcome().keep_for


@pytest.mark.clause("S016", "S047a")
def test_what_only_optional_purposes_want_is_refused_and_counted_while_nobody_consented(
    walk: Walk,
) -> None:
    result = refined(
        walk, [make_opened(datums=make_datums([PageView(referrer="https://a.example/x")]))]
    )
    columns = ("referrer_domain", "referrer_medium", "referrer_source")
    assert [result.rows.column(name).to_pylist() for name in columns] == [[None]] * 3
    counted = [count for count in result.counts if count.field == "referrer"]
    assert [(count.decision, count.values_in, count.values_out) for count in counted] == [
        (Decision.REFUSE, 1, 0)
    ]


def test_a_value_that_its_reducer_cannot_read_is_refused_and_never_passes(
    walk: Walk,
) -> None:
    result = refined(
        walk, [make_opened(datums=make_datums([PageView(ip="no address"), PageView(ip="::1")]))]
    )
    assert result.rows.column("ip").to_pylist() == [None, "::"]
    counted = {count.decision: count.values_in for count in result.counts if count.field == "ip"}
    assert counted == {Decision.REDUCE: 1, Decision.REFUSE: 1}


def test_one_subject_has_one_pseudonym_and_nobody_has_none(walk: Walk) -> None:
    datums = make_datums([PageView(page="/")] * 4, ["ann", "bob", None, "ann"])
    table = refined(walk, [make_opened(datums=datums)]).rows
    by_index = {row["index"]: row["subject"] for row in table.to_pylist()}
    assert by_index[0] == by_index[3] != by_index[1]
    assert by_index[2] is None
    assert "ann" not in str(table.to_pylist())


def test_rows_of_a_subject_lie_together_with_those_of_nobody_last(walk: Walk) -> None:
    names = [f"user{n % 5}" if n % 3 else None for n in range(40)]
    table = refined(walk, [make_opened(datums=make_datums([PageView()] * 40, names))]).rows
    subjects = table.column("subject").to_pylist()
    assert subjects == sorted(subjects, key=lambda name: (name is None, name))


def test_two_tenants_never_share_a_pseudonym(walk: Walk) -> None:
    packs = [
        make_opened(1, tenant="a", datums=make_datums([PageView()], ["ann"])),
        make_opened(2, tenant="b", datums=make_datums([PageView()], ["ann"])),
    ]
    subjects = refined(walk, packs).rows.column("subject").to_pylist()
    assert len(set(subjects)) == 2


def test_every_row_knows_its_pack_and_its_place_there(walk: Walk) -> None:
    packs = [make_opened(n, datums=make_datums([PageView(status=n)] * 3)) for n in (1, 2)]
    rows = refined(walk, packs).rows.to_pylist()
    found = {(row["pack"], row["index"]): row["status"] for row in rows}
    assert found == {
        (pack.header.pack_id, i): n for n, pack in enumerate(packs, 1) for i in range(3)
    }


def test_a_malformed_datum_is_named_by_its_pack_and_place(walk: Walk) -> None:
    datums = make_datums([PageView()] * 2)
    broken = replace(datums, data=bytes(datums.data[:-1]) + b"\x07")
    result = refined(walk, [make_opened(1), make_opened(2, datums=broken)])
    assert result.malformed == {1: [1]}
    assert result.rows.num_rows == 2


def test_a_record_that_did_not_open_leaves_its_place_empty(walk: Walk) -> None:
    datums = make_datums([PageView()] * 2, malformed=[1])
    result = refined(walk, [make_opened(datums=datums)])
    assert result.malformed == {0: [1]}
    assert sorted(result.rows.column("index").to_pylist()) == [0, 2]


def test_a_pack_without_events_gives_no_rows_and_every_column(walk: Walk) -> None:
    result = refined(walk, [make_opened(datums=make_datums([]))])
    assert result.rows.num_rows == 0
    assert result.rows.schema.names == result.schema.names


@given(st.lists(st.tuples(st.text(max_size=20), st.text(max_size=20)), min_size=1, max_size=20))
def test_values_in_are_those_kept_reduced_or_refused_whatever_comes(
    tmp_path_factory: pytest.TempPathFactory,
    pairs: list[tuple[str, str]],
) -> None:
    events = [
        PageView(
            ip=ip.encode("utf-8", "ignore").decode(), page=page.encode("utf-8", "ignore").decode()
        )
        for ip, page in pairs
    ]
    walk = make_walk(_NoVault(), tmp_path_factory.mktemp("data"))
    result = refine([make_opened(datums=make_datums(events))], builtin(), PLAN, walk)
    for name in ("ip", "page"):
        assert sum(count.values_in for count in result.counts if count.field == name) == len(events)


def test_every_stored_column_names_its_category_reducer_and_clause(walk: Walk) -> None:
    schema = refined(walk, [make_opened()]).schema
    for name in ("ip", "user_agent_os", "page", "status"):
        tags = schema.field(name).metadata
        assert tags[b"remit.category"]
        assert tags[b"remit.clause"].startswith(b"S0")
    assert schema.field("day").type == pa.date32()
    assert PLAN.outcome().keep_for > timedelta(0)


class _NoVault(Vault):
    """Never asked: there are no subjects."""

    def __init__(self) -> None:
        pass

    def edition(self) -> int:
        return 0
