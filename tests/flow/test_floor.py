"""The floor from the log to the lake: what few people share is not stored once a window has told what many share."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from deltalake import DeltaTable

from kit.crafted import Crafter, lay, settings_of
from kit.installation import Installation
from remit import PageView
from remit_consumers.deployment import Deployment
from remit_consumers.lake.commit import Lake
from remit_consumers.locks import claim_consumer
from remit_consumers.metrics import Metrics
from remit_consumers.proof.report import report
from remit_consumers.proof.verify import verify
from remit_consumers.run import Runner
from remit_consumers.service import open_source
from remit_consumers.settings import Settings
from remit_schemas.codec import encoder
from remit_schemas.contract import builtin

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
RARE = "Mozilla/5.0 (X11; FreeBSD amd64; rv:91.0) Gecko/20100101 SeaMonkey/2.53"
PEOPLE = 12
"""As many as the shipped policy's floor asks for, and two more."""


@pytest.fixture
def settings(embedded: Installation) -> Settings:
    return settings_of(embedded)


def visits(agents: Sequence[str], day: int) -> list[bytes]:
    encode = encoder(builtin().by_name("page_view"))
    return [
        encode(PageView(user_agent=agent, language="de", page=f"/day-{day}/{n}", status=day))
        for n, agent in enumerate(agents)
    ]


def consume(settings: Settings, packs: Sequence[bytes], now: datetime) -> None:
    """Store packs as a consumer would that runs at this time."""
    lay(settings, packs)
    lock = claim_consumer(settings.locks)
    assert lock
    deployment = Deployment.open(settings)
    runner = Runner(deployment, open_source(settings, lock, None), Metrics(), lambda: now)
    runner.turn(hurry=True)
    while not runner.is_drained:
        runner.turn(hurry=True)
    runner.stop()
    lock.release()


def systems(embedded: Installation, day: int | None) -> set[tuple[str, str]]:
    rows = embedded.rows("page_view").to_pylist()
    return {
        (row["user_agent_os"], row["user_agent_browser"]) for row in rows if row["status"] == day
    }


def test_a_rare_browser_is_stored_as_other_from_the_second_window_on(
    embedded: Installation, settings: Settings
) -> None:
    crafter, today = Crafter(settings), datetime.now(UTC)
    people = [f"person {n}".encode() for n in range(PEOPLE + 1)]
    agents = [FIREFOX] * PEOPLE + [RARE]
    consume(settings, [crafter.pack(visits(agents, 1), people)], today)
    assert ("FreeBSD", "SeaMonkey") in systems(embedded, 1)
    consume(settings, [crafter.pack(visits(agents, 2), people)], today + timedelta(days=1, hours=1))
    assert systems(embedded, 2) == {("Linux", "Firefox"), ("other", "other")}
    traits = report(Lake(settings.lake)).floors["page_view"]
    assert (traits.subjects, traits.before.unique, traits.subjects_min) == (PEOPLE + 1, 1, 10)
    assert traits.floored["user_agent_browser"] == 1
    assert not {name for name, check in verify(settings.data).checks.items() if not check.holds}


def test_the_proof_holds_where_a_value_that_was_missing_became_other(
    embedded: Installation, settings: Settings
) -> None:
    crafter, today = Crafter(settings), datetime.now(UTC)
    people = [f"person {n}".encode() for n in range(PEOPLE + 2)]
    encode = encoder(builtin().by_name("page_view"))
    events = visits([FIREFOX] * PEOPLE, 1)
    events += [encode(PageView(user_agent=RARE, page="/x")), encode(PageView(page="/y"))]
    for day in (0, 1):
        consume(settings, [crafter.pack(events, people)], today + timedelta(days=day, hours=day))
    assert ("other", "other") in systems(embedded, None)
    assert not {name for name, check in verify(settings.data).checks.items() if not check.holds}


def test_what_is_seen_in_an_open_window_lies_sealed_and_is_searched_as_noise(
    embedded: Installation, settings: Settings
) -> None:
    crafter, today = Crafter(settings), datetime.now(UTC)
    people = [f"person {n}".encode() for n in range(PEOPLE)]
    consume(settings, [crafter.pack(visits([RARE] * PEOPLE, 1), people)], today)
    (sealed,) = settings.floors.glob("*.sealed")
    assert b"SeaMonkey" not in sealed.read_bytes()
    assert verify(settings.data).checks["residue"].holds
    sealed.write_bytes(b'{"before": [["FreeBSD", "SeaMonkey", "somebody"]]}' * 10)
    assert not verify(settings.data).checks["residue"].holds


def test_the_catalogue_says_of_every_row_which_floor_decided_it(
    embedded: Installation, settings: Settings
) -> None:
    crafter, today = Crafter(settings), datetime.now(UTC)
    people = [f"person {n}".encode() for n in range(PEOPLE)]
    for day in (1, 2):
        later = today + timedelta(days=day - 1, hours=day)
        consume(settings, [crafter.pack(visits([FIREFOX] * PEOPLE, day), people)], later)
    tagsets = DeltaTable(settings.lake / "tagsets").to_pyarrow_table().to_pylist()
    names = {row["tagset"]: row["floor"] for row in tagsets}
    floors = {row["status"]: names[row["tagset"]] for row in embedded.rows("page_view").to_pylist()}
    assert floors[1] == "none"
    floor = Lake(settings.lake).floor(floors[2])
    assert floor is not None
    assert floor.common
