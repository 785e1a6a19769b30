"""What somebody says is right goes where they say, as small as the consumer would have made it, and is on record without it."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from kit.erasing import ErasingShop
from kit.installation import Installation
from kit.own_policy import own
from kit.shop import NOON
from remit import PageView
from remit_consumers.deployment import Deployment
from remit_consumers.erasure.notice import CORRECTED, Happened
from remit_consumers.erasure.notices import notices
from remit_consumers.erasure.scope import SubjectRef
from remit_consumers.erasure.telling import tell_change
from remit_consumers.lake import receipts
from remit_consumers.lake.floors import Crowd, Floor
from remit_consumers.requests.asked import Asked
from remit_consumers.requests.correct import Corrected, correct
from remit_consumers.requests.correction import Correction, Part
from remit_consumers.requests.found import holding, names_of
from remit_consumers.requests.fulfil import Given, fulfil
from remit_consumers.requests.opened import open_register
from remit_consumers.requests.references import References
from remit_consumers.settings import Settings
from remit_consumers.sharing.disclosures import record, whose_rows
from remit_schemas.errors import RequestRefused
from remit_schemas.requests import ProofKind, Right

ANN = SubjectRef("", "ann")
DAY = timedelta(days=1)
IPS = ("198.51.100.7", "203.0.113.9", "198.51.100.7")

STATUS = """\
  - event: page_view
    field: status
    keep: true
    purposes: [essential.service]
    keep_for: 30 days
    clause: S003
    reason: needed
"""


@pytest.fixture
def shop(tmp_path: Path) -> ErasingShop:
    """A shop that ann came to on three days, in French, and bob on one."""
    shop = ErasingShop(tmp_path)
    for back, subject in ((2, "ann"), (1, "ann"), (0, "ann"), (0, "bob")):
        at = NOON - back * DAY
        event = PageView(page="/a", language="fr-FR", status=200, occurred_at=at, collected_at=at)
        shop.store(shop.pack(event, subject=subject, tenant=""))
    return shop


def said(
    language: object = "de-CH", part: Part | None = None, *, fills: bool = False
) -> Correction:
    return Correction("page_view", {"language": language}, fills, part or Part())


def put_right(shop: ErasingShop, asked: Correction) -> Corrected:
    names = names_of(shop.deployment, ANN, NOON)
    return correct(shop.deployment, ANN, names, asked, "S077b")


def languages(shop: ErasingShop) -> list[str]:
    """By day, ann's before bob's."""
    rows = shop.rows().sort_by([("day", "ascending"), ("pack", "ascending")])
    return [one or "" for one in rows.column("language").to_pylist()]


def named(shop: ErasingShop) -> list[str]:
    """What an export calls ann's rows, the oldest first."""
    rows = holding(shop.deployment, ANN, NOON).rows["page_view"]
    return [str(one) for one in References.of(shop.deployment, ANN).told(rows).to_pylist()]


@pytest.mark.clause("S077b")
def test_only_the_days_that_were_said_are_put_right(shop: ErasingShop) -> None:
    part = Part(from_day=date(2026, 3, 4), to_day=date(2026, 3, 4))
    assert put_right(shop, said(part=part)) == Corrected(1, {"language": 1})
    assert languages(shop) == ["fr", "de", "fr", "fr"]


@pytest.mark.clause("S077b")
def test_only_the_row_that_was_named_is_put_right(shop: ErasingShop) -> None:
    part = Part(rows=frozenset(named(shop)[2:]))
    assert put_right(shop, said(part=part)).rows == 1
    assert languages(shop) == ["fr", "fr", "de", "fr"]


def test_a_row_is_named_alike_in_every_export_and_by_nothing_that_others_know(
    shop: ErasingShop,
) -> None:
    names = named(shop)
    assert names == named(shop)
    assert len(set(names)) == 3
    rows = holding(shop.deployment, ANN, NOON).rows["page_view"]
    of_bob = References.of(shop.deployment, SubjectRef("", "bob"))
    assert not set(of_bob.told(rows).to_pylist()) & set(names)
    shop.deployment.vault.forget("", "ann")
    assert References.of(shop.deployment, ANN).told(rows).null_count == 3


def test_a_row_that_does_not_stand_is_refused_and_nothing_is_changed(shop: ErasingShop) -> None:
    part = Part(rows=frozenset([named(shop)[0], "0" * 32]))
    with pytest.raises(RequestRefused, match="1 of 2 rows"):
        put_right(shop, said(part=part))
    assert languages(shop) == ["fr"] * 4


@pytest.mark.parametrize(
    "form",
    [
        {"fields": {"language": "de"}},
        {"contract": "page_view", "fields": 7},
        {"contract": "page_view", "fields": {}, "rows": ["../ann"]},
        {"contract": "page_view", "fields": {}, "rows": 7},
        {"contract": "page_view", "fields": {}, "from": "yesterday"},
        {"contract": "page_view", "fields": {}, "from": "2026-03-02", "to": "2026-03-01"},
        {"contract": "page_view", "fields": {}, "where": "1=1"},
        ["page_view"],
    ],
)
def test_what_is_no_correction_is_refused_without_repeating_it(form: object) -> None:
    with pytest.raises(RequestRefused) as caught:
        Correction.of(form, fills=False)
    assert "ann" not in str(caught.value)
    assert "yesterday" not in str(caught.value)


@pytest.mark.clause("S077b")
def test_the_receipt_says_which_field_under_which_clause_and_never_what(shop: ErasingShop) -> None:
    put_right(shop, said())
    rows = receipts.read(shop.root)
    told = rows.filter(pc.equal(rows.column("kind"), "corrected")).to_pylist()
    assert {(one["field"], one["clause"]) for one in told} == {("language", "S077b")}
    assert sum(one["values_in"] for one in told) == 3
    assert '"de"' not in json.dumps(rows.column("receipt").to_pylist())


def test_putting_right_what_is_right_writes_nothing(shop: ErasingShop) -> None:
    put_right(shop, said())
    before = receipts.read(shop.root).num_rows
    assert put_right(shop, said()) == Corrected(3, {"language": 3})
    assert receipts.read(shop.root).num_rows == before


def test_a_correction_is_no_way_under_the_floor(shop: ErasingShop) -> None:
    plan = shop.plans.plan("page_view", shop.plans.newest)
    assert plan.floor
    columns = tuple(plan.floor.columns)
    crowd = ("", *(None for _ in columns[:3]), "fr")
    floor = Floor(
        name="page_view@2026-03-04T00:00Z/x",
        contract="page_view",
        columns=columns,
        subjects_min=10,
        begun_at=NOON - 2 * DAY,
        ended_at=NOON - DAY,
        subjects=20,
        before=Crowd(),
        after=Crowd(),
        common=frozenset({crowd[:2], crowd[:3], crowd[:4], crowd}),
    )
    shop.deployment.lake.add_floor(floor)
    put_right(shop, said("gsw"))
    assert languages(shop)[:3] == ["other"] * 3
    put_right(shop, said("fr"))
    assert languages(shop)[:3] == ["other"] * 3


def disclose(shop: ErasingShop, to: str, contract: str) -> None:
    """Put on record that rows of ann's went to a recipient."""
    names = pa.chunked_array([pa.array(names_of(shop.deployment, ANN, NOON))])
    record(shop.root, [], whose_rows(("1", to, contract), "", names, NOON + DAY))


@pytest.mark.clause("S077b", "S086a")
def test_who_got_what_was_wrong_is_told_once_under_the_name_it_knows(shop: ErasingShop) -> None:
    disclose(shop, "partner", "page_view")
    disclose(shop, "other", "search")
    register = open_register(shop.deployment, "desk")
    found = register.receive(ANN, Asked(Right.CORRECT), NOON)
    register.verify(found.request, ProofKind.ACCOUNT_LOGIN, NOON)
    answer = fulfil(shop.deployment, register, found.request, Given(correction=said()), NOON)
    assert "told: 1 recipients and sources" in answer.detail
    assert answer.request.evidence == "page_view: language=3"
    (notice,) = notices(shop.root)
    assert (notice.to, notice.kind, notice.reference) == ("partner", "corrected", found.request)
    assert notice.subjects
    assert not set(notice.subjects.split(",")) & set(names_of(shop.deployment, ANN, NOON))
    names = names_of(shop.deployment, ANN, NOON)
    scope = {"contract": "page_view", "fields": ["language"]}
    tell_change(shop.deployment, ANN, names, Happened(CORRECTED, found.request, scope), NOON)
    assert len(notices(shop.root)) == 1


def addresses(deployment: Deployment) -> dict[int, str]:
    """What stands of each address, by the status of its row."""
    rows = holding(deployment, ANN, datetime.now(UTC)).rows["page_view"]
    return dict(zip(rows.column("status").to_pylist(), rows.column("ip").to_pylist(), strict=True))


@pytest.mark.clause("S077b")
def test_an_address_under_a_key_is_put_right_under_the_key_of_its_day(tmp_path: Path) -> None:
    policy = own(tmp_path, "ip_encrypted: {rotate_days: 1}")
    policy.write_text(policy.read_text() + STATUS)
    installed = Installation(tmp_path, REMIT_POLICY=str(policy))
    events = [{"ip": ip, "status": 201 + n, "subject": "ann"} for n, ip in enumerate(IPS)]
    lines = "".join(f"{json.dumps({'page': '/', **event})}\n" for event in events)
    installed.remit("emit", "page_view", "--wait", stdin=lines)
    places = Settings(installed.data, tmp_path / "keys", tmp_path / "vault", policy=str(policy))
    deployment = Deployment.open(places)
    before = addresses(deployment)
    assert before[201] == before[203] != before[202]
    names = names_of(deployment, ANN, datetime.now(UTC))
    asked = Correction("page_view", {"ip": IPS[1]})
    assert correct(deployment, ANN, names, asked, "S077b").fields == {"ip": 3}
    assert set(addresses(deployment).values()) == {before[202]}
    assert installed.breaches() == {}
    (tmp_path / "keys" / "address.key").unlink()
    with pytest.raises(RequestRefused, match="FulfilmentImpossible"):
        correct(deployment, ANN, names, asked, "S077b")
    assert not (tmp_path / "keys" / "address.key").exists()
