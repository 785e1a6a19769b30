"""The consent ledger in a consumer's memory: what it could not read anew decides nothing."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from kit.crafted import Crafter, datums, lay, settings_of
from kit.installation import Installation
from kit.turned import Running

CHANGE = {
    "subject": "bob",
    "purpose": "analytics.reporting",
    "status": "given",
    "method": "api",
    "agreed_version": "2021-11-01",
}
MINOR = {
    "subject": "ann",
    "status": "stated",
    "method": "api",
    "age_band": "under_13",
    "jurisdiction": "CN",
}

ERASE = ("subject", "erase", "-", "--ground", "purpose_ended", "--proof", "account_login")


def said(installed: Installation, change: Mapping[str, str]) -> None:
    """Have a subject say something, and wait until it is on record."""
    installed.remit("emit", "consent_change", "--wait", stdin=f"{json.dumps(change)}\n")


@contextmanager
def without_records(table: Path) -> Iterator[None]:
    """Have the files of a table gone for a moment, and its log not."""
    files = [*table.glob("*.parquet")]
    for file in files:
        file.rename(file.with_suffix(".away"))
    try:
        yield
    finally:
        for file in files:
            file.with_suffix(".away").rename(file)


@pytest.mark.clause("S082")
def test_a_ledger_that_could_not_be_read_anew_after_an_erasure_lets_no_minor_pass(
    embedded: Installation,
) -> None:
    said(embedded, CHANGE)
    said(embedded, MINOR)
    settings = settings_of(embedded)
    running = Running(settings)
    running.drain()
    lay(settings, [Crafter(settings).pack(datums(), [b"ann"])], slot=0)
    running.drain()
    assert embedded.rows("page_view").num_rows == 0
    embedded.remit(*ERASE, stdin="bob\n")
    with without_records(settings.lake / "consents"):
        running.runner.turn(hurry=True)
    lay(settings, [Crafter(settings).pack(datums(), [b"ann"])], slot=0)
    running.drain()
    running.stop()
    assert embedded.rows("page_view").num_rows == 0
