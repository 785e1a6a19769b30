"""The register: a request is taken, checked, delayed, denied or done; its clock never pauses, and whom it is about is forgotten."""

import asyncio
import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette

from kit.desk import ANN, DAY, LOGIN, NOON, make_deployment, make_register
from kit.erasing import ErasingShop
from remit_consumers.erasure.scope import Scope, SubjectRef
from remit_consumers.lake.requests import Request, counted, days_left, record, steps
from remit_consumers.metrics import Metrics
from remit_consumers.requests import tokens
from remit_consumers.requests.api import Api
from remit_consumers.requests.asked import Asked
from remit_consumers.requests.callers import Callers
from remit_consumers.requests.clock import due, due_at
from remit_consumers.requests.opened import open_register
from remit_consumers.requests.register import Register
from remit_consumers.service import Service
from remit_schemas.errors import KeysOutOfReach, RequestRefused, StaleWriter
from remit_schemas.policy import find_policy
from remit_schemas.requests import (
    Channel,
    Delay,
    DeletionGround,
    Denial,
    ProofKind,
    Requester,
    RequestTerms,
    Right,
)


@pytest.fixture
def register(tmp_path: Path) -> Register:
    return make_register(tmp_path)


def terms() -> RequestTerms:
    found = find_policy().requests
    assert found is not None
    return found


def taken(register: Register, right: Right = Right.ACCESS, about: SubjectRef = ANN) -> Request:
    return register.receive(about, Asked(right), NOON)


@pytest.mark.clause("S101")
def test_a_request_is_due_fifteen_days_after_it_came(register: Register) -> None:
    assert taken(register).due_at == NOON + 15 * DAY


@pytest.mark.clause("S101", "S102")
def test_neither_a_check_nor_a_delay_moves_the_day_it_is_due(register: Register) -> None:
    came = taken(register)
    register.delay(came.request, Delay.IDENTITY, NOON + 3 * DAY)
    checked = register.verify(came.request, LOGIN, NOON + 9 * DAY)
    assert checked.due_at == came.due_at


@pytest.mark.clause("S101")
@given(st.floats(min_value=0, max_value=30))
def test_warnings_come_on_day_ten_and_thirteen_and_it_is_late_after_fifteen(days: float) -> None:
    until = due_at(NOON, terms())
    told = due(NOON, until, terms(), NOON + timedelta(days=days))
    assert told.alert == (days >= 10) + (days >= 13)
    assert told.is_late == (NOON + timedelta(days=days) > until)


@pytest.mark.clause("S102")
def test_nothing_is_carried_out_for_somebody_nobody_checked(register: Register) -> None:
    with pytest.raises(RequestRefused, match="checked who asks"):
        register.ready(taken(register).request)


@pytest.mark.clause("S100a", "S102", "S119")
def test_a_proof_must_be_one_of_those_that_the_requester_can_give(register: Register) -> None:
    came = register.receive(ANN, Asked(Right.ACCESS, Requester.GUARDIAN), NOON)
    with pytest.raises(RequestRefused, match="guardianship"):
        register.verify(came.request, LOGIN, NOON)
    assert register.verify(came.request, ProofKind.GUARDIANSHIP, NOON).state == "in_work"


@pytest.mark.clause("S102")
@pytest.mark.parametrize("ends", ["done", "denied"])
def test_whom_a_closed_request_was_about_is_nowhere(
    register: Register, tmp_path: Path, ends: str
) -> None:
    came = taken(register)
    register.verify(came.request, LOGIN, NOON)
    assert register.about(register.open(came.request)) == ANN
    if ends == "done":
        register.done(came.request, "", NOON)
    else:
        register.deny(came.request, Denial.UNFOUNDED, NOON)
    assert register.matters.of(came.request) is None
    assert [file.name for file in (tmp_path / "keys" / "requests").iterdir()] == []
    with pytest.raises(RequestRefused, match="closed"):
        register.open(came.request)


def test_no_file_says_in_plain_whom_an_open_request_is_about(tmp_path: Path) -> None:
    register = make_register(tmp_path)
    taken(register, about=SubjectRef("shop-7", "somebody-nobody-else-is"))
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert any(file.suffix == ".matter" for file in files)
    assert not [file for file in files if b"somebody-nobody-else-is" in file.read_bytes()]


def test_a_matter_of_another_key_store_does_not_open(tmp_path: Path) -> None:
    came = taken(make_register(tmp_path / "one"))
    other = make_register(tmp_path / "other")
    (tmp_path / "other" / "keys" / "requests").mkdir()
    name = f"requests/{came.request}.matter"
    (tmp_path / "other" / "keys" / name).write_bytes(
        (tmp_path / "one" / "keys" / name).read_bytes()
    )
    with pytest.raises(KeysOutOfReach):
        other.matters.of(came.request)


@pytest.mark.clause("S104a", "S104b", "S104c", "S104d", "S104e", "S091a", "S091b", "S075")
@pytest.mark.parametrize("why", list(Denial))
def test_a_denial_has_a_reason_of_the_closed_list_and_the_sentence_it_rests_on(
    register: Register, why: Denial
) -> None:
    denied = register.deny(taken(register).request, why, NOON)
    assert (denied.state, denied.reason) == ("denied", why)
    assert denied.clause == terms().denials[why].clause
    assert counted(register.all(), NOON)["denials"] == {why: 1}


def test_a_denial_that_the_policy_does_not_have_is_none(register: Register) -> None:
    register.terms = terms().model_copy(update={"denials": {}})
    with pytest.raises(RequestRefused, match="no such reason for a denial"):
        register.deny(taken(register).request, Denial.EXCESSIVE, NOON)


@pytest.mark.clause("S080", "S081", "S082", "S083")
@pytest.mark.parametrize("ground", list(DeletionGround))
def test_a_deletion_has_one_of_the_grounds_of_the_policy(
    register: Register, ground: DeletionGround
) -> None:
    register.receive(ANN, Asked(Right.DELETE, ground=ground), NOON)
    assert counted(register.all(), NOON)["grounds"] == {ground: 1}


@pytest.mark.clause("S080")
def test_a_deletion_without_a_ground_is_refused(register: Register) -> None:
    with pytest.raises(RequestRefused, match="ground"):
        register.receive(ANN, Asked(Right.DELETE), NOON)


def test_only_a_deletion_can_be_of_a_part(register: Register) -> None:
    with pytest.raises(RequestRefused, match="part"):
        register.receive(ANN, Asked(Right.ACCESS, scope=Scope(purposes=("personalize",))), NOON)


@pytest.mark.clause("S103a", "S103b")
def test_the_fourth_request_for_one_right_in_a_year_may_cost_something(register: Register) -> None:
    marks = [taken(register).may_charge for _ in range(4)]
    assert marks == [False, False, False, True]
    assert not taken(register, Right.RESTRICT).may_charge
    assert not taken(register, about=SubjectRef("", "nobody")).may_charge
    later = NOON + 366 * DAY
    assert not register.receive(ANN, Asked(Right.ACCESS), later).may_charge


@pytest.mark.clause("S100a", "S100b", "S100c", "S120")
def test_who_asked_by_which_way_and_under_whose_law_is_counted(register: Register) -> None:
    asked = Asked(Right.ACCESS, Requester.CLOSE_RELATIVE, Channel.COMPLAINT, "TH")
    register.receive(ANN, asked, NOON)
    taken(register)
    told = counted(register.all(), NOON)
    assert told["requesters"] == {"close_relative": 1, "self": 1}
    assert told["channels"] == {"complaint": 1, "support": 1}
    assert told["jurisdictions"] == {"TH": 1, "unknown": 1}


def test_every_step_stays_on_record(register: Register) -> None:
    came = taken(register)
    register.delay(came.request, Delay.VOLUME, NOON + DAY)
    register.verify(came.request, LOGIN, NOON + 2 * DAY)
    register.done(came.request, "e" * 64, NOON + 3 * DAY)
    told = [(one.step, one.state, one.reason) for one in register.history(came.request)]
    assert told == [
        (1, "received", ""),
        (2, "received", "HighVolumeOfProcesses"),
        (3, "in_work", ""),
        (4, "done", ""),
    ]
    assert register.all()[0].evidence == "e" * 64


def test_of_two_who_take_the_same_step_one_is_told(register: Register, tmp_path: Path) -> None:
    came = taken(register)
    register.verify(came.request, LOGIN, NOON)
    stale = replace(came, step=2, state="denied")
    with pytest.raises(StaleWriter):
        record(tmp_path / "data" / "lake", vars_of(stale))


def vars_of(request: Request) -> dict[str, object]:
    return {name: getattr(request, name) for name in request.__dataclass_fields__}


def test_the_time_that_is_left_is_told_by_right(register: Register) -> None:
    taken(register)
    taken(register, Right.RESTRICT)
    found = days_left(register.all(), NOON + 13.5 * DAY)
    assert found == {Right.ACCESS: 1, Right.RESTRICT: 1}
    assert counted(register.all(), NOON + 16 * DAY)["clause"]["late"] == 2


def test_what_a_crash_left_of_a_request_is_tidied_up(tmp_path: Path) -> None:
    register = make_register(tmp_path)
    register.matters.keep("0123456789ab", ANN)
    left = tmp_path / "keys" / "requests" / "0123456789ab.matter"
    register.tidy()
    assert left.exists(), "it may be coming on record at this moment"
    os.utime(left, (0, 0))
    register.tidy()
    assert not left.exists()


def test_a_consumer_tidies_up_what_a_crash_left_of_a_request(tmp_path: Path) -> None:
    shop = ErasingShop(tmp_path)
    shop.store(shop.view())
    register = open_register(shop.deployment, "desk")
    open_ = taken(register).request
    register.matters.keep("0123456789ab", ANN)
    left, kept = (
        tmp_path / "keys" / "requests" / f"{name}.matter" for name in ("0123456789ab", open_)
    )
    for file in (left, kept):
        os.utime(file, (0, 0))
    service = Service.claim(shop.settings, Metrics())
    assert service is not None
    service.stop()
    assert (left.exists(), kept.exists()) == (False, True)


def test_a_program_that_lists_requests_tidies_up_as_well(tmp_path: Path) -> None:
    deployment = make_deployment(tmp_path)
    token = tokens.add(deployment.settings.keys, "helpdesk")
    open_register(deployment, "desk").matters.keep("0123456789ab", ANN)
    left = tmp_path / "keys" / "requests" / "0123456789ab.matter"
    os.utime(left, (0, 0))
    api = Api(deployment, lambda _: None, Callers.of(deployment, Metrics()))

    async def listed() -> object:
        door = httpx.ASGITransport(Starlette(routes=api.routes()))
        async with httpx.AsyncClient(transport=door, base_url="http://remit") as program:
            headers = {"authorization": f"Bearer {token}"}
            return (await program.get("/v1/requests", headers=headers)).json()

    assert asyncio.run(listed()) == {"requests": []}
    assert not left.exists()


def test_a_policy_without_requests_takes_none(tmp_path: Path) -> None:
    deployment = make_deployment(tmp_path)
    bare = replace(deployment, policy=deployment.policy.model_copy(update={"requests": None}))
    with pytest.raises(RequestRefused, match='give it a section "requests"'):
        open_register(bare, "desk")


def test_the_table_is_empty_before_anybody_asks(tmp_path: Path) -> None:
    assert steps(tmp_path).num_rows == 0
    assert counted([], NOON) == {}


def test_a_jurisdiction_is_two_letters_since_requests_are_counted_by_it(register: Register) -> None:
    with pytest.raises(RequestRefused, match="ISO 3166-1") as refused:
        register.receive(ANN, Asked(Right.ACCESS, jurisdiction="ann@example.com"), NOON)
    assert "ann" not in str(refused.value)
