"""Whoever got something of an erased subject is told, under the name it knows, until it answers."""

import json
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from kit.erasing import ErasingShop
from kit.shop import NOON
from remit_consumers.erasure.names import named
from remit_consumers.erasure.notices import acknowledge, close, notices
from remit_consumers.erasure.scope import SubjectRef
from remit_consumers.erasure.sending import send, withdraw_file
from remit_consumers.lake.durable import sync, write
from remit_consumers.lake.publish import Append, append
from remit_consumers.lake.tables import open_table
from remit_schemas.errors import SettingsError

COLUMNS = ("tenant", "subject", "recipient")
DISCLOSED = pa.schema(
    {name: pa.string() for name in COLUMNS} | {"keep_until": pa.timestamp("us", "UTC")}
)


def disclose(shop: ErasingShop, to: str) -> None:
    """Put on record that something of a subject went to a recipient."""
    (one,) = named(shop.deployment, [SubjectRef("", "ann")], NOON)
    rows = [
        {"tenant": "", "subject": name, "recipient": to, "keep_until": NOON} for name in one.stored
    ]
    table = open_table(shop.root, "disclosed", DISCLOSED)
    files = write(table.path, pa.Table.from_pylist(rows, DISCLOSED))
    sync(files)
    append(table.path, table.version, Append(files, {}))


@pytest.fixture
def shop(tmp_path: Path) -> ErasingShop:
    """A shop whose partner got something of ann, who is erased."""
    shop = ErasingShop(tmp_path)
    shop.store(shop.view(), shop.view(subject="bob"))
    disclose(shop, "partner")
    return shop


def lies(shop: ErasingShop, text: str) -> bool:
    """Whether a text stands in any file of notices."""
    places = (shop.root / "notices", shop.settings.data / "outbox")
    files = (file for place in places for file in place.rglob("*") if file.is_file())
    return any(text.encode() in file.read_bytes() for file in files)


@pytest.mark.clause("S086a")
def test_a_recipient_is_told_and_told_again_until_it_answers(shop: ErasingShop) -> None:
    certificate = shop.erase("ann")
    assert certificate.facts["notices"] == 1
    assert open_table(shop.root, "disclosed").delta.to_pyarrow_table().num_rows == 0
    assert send(shop.deployment, NOON) == {"partner": {"taken": 1}}
    (file,) = (shop.settings.data / "outbox" / "partner").glob("*.json")
    told = json.loads(file.read_text())["notice"]
    assert (told["kind"], told["to"]) == ("erased", "partner")
    assert send(shop.deployment, NOON) == {}
    assert send(shop.deployment, NOON + timedelta(hours=1)) == {"partner": {"taken": 1}}
    (one,) = notices(shop.root)
    assert one.told(NOON + timedelta(days=16))["state"] == "overdue"
    assert lies(shop, told["subjects"][0])
    withdraw_file(shop.settings.data, acknowledge(shop.root, one.notice, NOON))
    assert send(shop.deployment, NOON + timedelta(days=3)) == {}
    assert not lies(shop, told["subjects"][0]), "who has answered needs no name any more"


@pytest.mark.clause("S086b")
def test_a_recipient_that_keeps_something_says_why_from_a_closed_list(shop: ErasingShop) -> None:
    shop.erase("ann")
    (one,) = notices(shop.root)
    with pytest.raises(SettingsError):
        acknowledge(shop.root, one.notice, NOON, "because")
    acknowledge(shop.root, one.notice, NOON, "legal_obligation")
    (one,) = notices(shop.root)
    assert (one.exception, one.is_open) == ("legal_obligation", False)


def test_who_got_nothing_is_told_nothing(shop: ErasingShop) -> None:
    assert shop.erase("bob").facts["notices"] == 0


def test_a_file_that_holds_no_name_any_more_is_left_to_whoever_is_about_to_commit_it(
    shop: ErasingShop,
) -> None:
    shop.erase("ann")
    (one,) = notices(shop.root)
    done = acknowledge(shop.root, one.notice, NOON)
    table = open_table(shop.root, "notices")
    (file,) = write(table.path, table.delta.to_pyarrow_table())  # of a sweep at this moment
    close(shop.root, [done])
    assert (table.path / file.path).exists()
