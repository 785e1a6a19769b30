"""What the policy lets in, at a real client and a real pipeline: nothing prohibited, no form of the service but the stated."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.contracts import make_field_json, make_record
from kit.copied import copied
from kit.opened import PAGE_VIEW, make_datums, make_opened
from kit.walks import make_walk
from remit import PageView
from remit.result import Refused
from remit.testing import Captured, capture
from remit_consumers.pipeline import Refined, refine
from remit_consumers.vault import Vault
from remit_schemas.category import Decision
from remit_schemas.contract import builtin
from remit_schemas.plan import compile as compile_plan
from remit_schemas.policy import find_policy

PROHIBITED = {
    "user.biometric": "S028b",
    "user.content.self_image": "S028b",
    "user.content.private": "S045a",
    "user.financial.credit_card": "S041",
    "user.payment": "S038",
    "user.government_id": "S028a",
    "user.device.device_id": "S025h",
}
FIELDS = [
    make_field_json(category.replace(".", "_"), privacy={"category": category})
    for category in PROHIBITED
]


class Probe:
    """An event with a field of every prohibited category."""

    __schema__ = json.dumps(make_record(*FIELDS))

    def __init__(self, **values: str) -> None:
        self.occurred_at = self.collected_at = 1_700_000_000_000
        vars(self).update({str(field["name"]): None for field in FIELDS} | values)


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Captured]:
    """A client under the shipped policy, with a rule more for the time of a probe, so that it is collected at all."""
    rule = {
        "event": "probe",
        "category": "user.telemetry.x_access_time",
        "reduce": {"timestamp": {"precision": "day"}},
        "purposes": ["essential.service.operations"],
        "keep_for": "1 day",
        "clause": "S025d",
        "reason": "a test",
    }
    with capture(str(copied(tmp_path, policy=lambda said: said["rules"].append(rule)))) as captured:
        yield captured


@pytest.mark.clause("S025h", "S028a", "S028b", "S038", "S041", "S045a")
@pytest.mark.parametrize("category", PROHIBITED)
def test_what_is_prohibited_is_refused_at_the_call_site_by_its_sentence(
    client: Captured, category: str
) -> None:
    name = category.replace(".", "_")
    assert client.emit(Probe())
    refused = client.emit(Probe(**{name: "something"}))
    assert refused == Refused("prohibited", name, PROHIBITED[category], "probe")
    assert client.refusals == {("probe", "prohibited"): 1}


def test_every_prohibition_of_the_policy_is_tried() -> None:
    said = {name: terms.clause for name, terms in find_policy().prohibited.items()}
    assert said == PROHIBITED


def refined(tmp_path: Path, *platforms: str | None) -> Refined:
    """Put page views that say these platforms through the pipeline."""
    walk = make_walk(Vault.open(tmp_path / "vault", b"k" * 32), tmp_path / "data")
    events = [PageView(page="/", platform=platform) for platform in platforms]
    datums = make_datums(events, [None] * len(events))
    plan = compile_plan(PAGE_VIEW, find_policy())
    return refine([make_opened(datums=datums)], builtin(), plan, walk)


@pytest.mark.clause("S011", "S025f")
def test_a_page_view_is_of_one_of_the_stated_forms_of_the_service_and_of_nothing_else(
    tmp_path: Path,
) -> None:
    done = refined(tmp_path, "web", "desktop", "mobile", "other", "fridge of jane", None)
    stored = done.rows.column("platform").to_pylist()
    assert stored == ["web", "desktop", "mobile", "other", "other", None]
    counts = [count for count in done.counts if count.field == "platform"]
    assert {count.category for count in counts} == {"user.device.x_software"}
    assert sum(count.values_in for count in counts) == 5
    assert {count.decision for count in counts} == {Decision.REDUCE}
