"""Refusing any set of optional purposes takes away what only they need, and changes nothing else: for any policy."""

import json
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.contracts import make_field_json, make_record
from kit.policies import IMPROVE, OPERATE, REPORT, SERVE, make_policy, make_rule
from kit.spooled import Home
from remit.client import Client
from remit.gate import Gate
from remit.holding import Offer
from remit.result import Accepted, Refused
from remit.route import Route
from remit_schemas.category import Necessity
from remit_schemas.codec import decode_one, encoder, stamped
from remit_schemas.contract import Contract, builtin, contract_of
from remit_schemas.events import PageView
from remit_schemas.plan import Plan
from remit_schemas.plan import compile as compile_plan
from remit_schemas.policy import find_policy

REQUIRED = {OPERATE, SERVE}
TEXTS = ("a", "b", "c", "d")
CONTRACT: Contract = contract_of(
    json.dumps(
        make_record(
            *(make_field_json(name) for name in TEXTS), make_field_json("n", ("null", "int"))
        )
    ),
    "test",
)
OPTIONAL = frozenset({REPORT, IMPROVE})

purposes = st.lists(st.sampled_from([OPERATE, SERVE, REPORT, IMPROVE]), min_size=1, unique=True)
withheld_sets = st.frozensets(st.sampled_from(sorted(OPTIONAL)))
events = st.builds(
    SimpleNamespace,
    occurred_at=st.integers(0, 1 << 45),
    collected_at=st.integers(0, 1 << 45),
    n=st.none() | st.integers(-(1 << 31), (1 << 31) - 1),
    **{name: st.none() | st.text(max_size=20) for name in TEXTS},
)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Any policy over the contract: each field for any purposes, refused, or not spoken of."""
    rules = []
    for field in CONTRACT.fields:
        kind = draw(st.sampled_from(["keep", "keep", "refuse", "nothing"]))
        if kind == "keep":
            rules.append(make_rule(event="probe", field=field.name, purposes=draw(purposes)))
        elif kind == "refuse":
            rules.append(make_rule(event="probe", field=field.name, refuse=True))
    return compile_plan(CONTRACT, make_policy(*rules))


@pytest.mark.clause("S017", "S031")
@given(plans(), events, withheld_sets)
def test_what_is_required_is_written_as_if_nothing_were_refused(
    plan: Plan, event: SimpleNamespace, withheld: frozenset[str]
) -> None:
    whole = decode_one(CONTRACT, encoder(CONTRACT)(event))
    left = decode_one(CONTRACT, encoder(CONTRACT, plan.withheld(withheld))(event))
    for name, field in plan.fields.items():
        keys = {purpose.key for purpose in field.purposes}
        if keys & REQUIRED or not keys or keys - withheld:
            assert left[name] == whole[name]
        elif name not in ("occurred_at", "collected_at"):
            assert left[name] is None


@pytest.mark.clause("S017", "S031")
@given(plans(), withheld_sets, withheld_sets)
def test_refusing_more_never_leaves_more(
    plan: Plan, some: frozenset[str], others: frozenset[str]
) -> None:
    assert plan.withheld(some) <= plan.withheld(some | others)


@pytest.mark.clause("S014", "S017")
@given(plans(), events, withheld_sets, st.sampled_from([None, "ann"]))
def test_a_required_event_goes_whatever_is_refused(
    plan: Plan, event: SimpleNamespace, withheld: frozenset[str], subject: str | None
) -> None:
    dropped: list[Offer] = []
    gate = Gate(dropped.append)
    route = Route(
        contract="probe",
        fingerprint=CONTRACT.fingerprint,
        necessity=plan.necessity,
        encode=encoder(CONTRACT),
        refusal=None,
        guards=(),
        packs=[],
        tenants={},
        optional=plan.optional_purposes,
        without=lambda purposes: encoder(CONTRACT, plan.withheld(purposes)),
    )
    for purpose in withheld:
        gate.note((subject, None), purpose, is_withheld=True)
    answer = gate.ask(Offer(route, event, subject, None))
    if plan.necessity is Necessity.REQUIRED:
        assert not isinstance(answer, Refused)
        assert decode_one(CONTRACT, answer(event))
    assert not dropped


@given(events, st.integers(0, 1 << 45))
def test_another_stamp_changes_nothing_but_when_it_was_collected(
    event: SimpleNamespace, collected_at: int
) -> None:
    again = stamped(encoder(CONTRACT)(event), collected_at)
    event.collected_at = collected_at
    assert again == encoder(CONTRACT)(event)


views = st.builds(
    PageView,
    page=st.none() | st.text(max_size=20),
    referrer=st.none() | st.text(max_size=20),
    screen=st.none() | st.text(max_size=20),
    duration_ms=st.none() | st.integers(0, 10_000),
    status=st.none() | st.integers(100, 599),
    utc_offset=st.none() | st.text(max_size=6),
)


@pytest.mark.clause("S017", "S031")
def test_a_running_client_takes_every_page_view_whatever_is_refused(tmp_path: Path) -> None:
    home = Home(tmp_path)
    client = Client("test", data=home.data, log="")
    plan = compile_plan(builtin().by_name("page_view"), find_policy(None))
    sent: dict[str, tuple[PageView, frozenset[str]]] = {}
    number = count()

    @given(views, withheld_sets, st.sampled_from([(), ("gpc",), ("dnt",)]))
    def emits(view: PageView, withheld: frozenset[str], signals: tuple[str, ...]) -> None:
        subject = f"{next(number)}"
        if withheld:
            assert client.consent(subject, refused=withheld)
        assert client.emit(view, subject=subject, signals=signals) == Accepted()
        sent[subject] = view, OPTIONAL if signals else withheld

    emits()
    assert client.close(30)
    stored = {e.subject: e.values for e in home.stored().values() if "page" in e.values}
    assert stored.keys() == sent.keys()
    for subject, (view, withheld) in sent.items():
        gone = plan.withheld(withheld)
        for name in ("page", "referrer", "screen", "duration_ms", "status", "utc_offset"):
            assert stored[subject][name] == (None if name in gone else getattr(view, name))
