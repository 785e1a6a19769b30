"""Canaries, from outside: what is planted in a log stands nowhere afterwards, and `remit verify` would have seen it."""

import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kit.installation import Installation

MAILBOX, USER, TOKEN = (
    "ada.corben@mail.example.org",
    "adacorben",
    "ghp_9fK2mQ7xLz0RtV4cYbN8sWjE3hUaP6dG1oXi",
)
CARD, ADDRESS, PHONE = "4111111111111111", "203.0.113.77", "+49 151 23456789"
CANARIES = f"{MAILBOX}\n{USER}\n{TOKEN}\n{CARD}\n{ADDRESS}\n{PHONE}\n"

ACCESS = (
    f'{ADDRESS} - {USER} [01/Nov/2021:10:00:00 +0000] "GET /u/{MAILBOX}/x HTTP/1.1" 200 1 "-" "birds"',
    f'{ADDRESS} - - [01/Nov/2021:10:00:01 +0000] "GET /?q={TOKEN} HTTP/1.1" 200 1 "https://a.example/?m={MAILBOX}" "b/1"',
    f'{ADDRESS} - - [01/Nov/2021:10:00:02 +0000] "GET /pay/{CARD} HTTP/1.1" 200 1 "-" "Mozilla/5.0 ({TOKEN})"',
)
SERVICE = (
    f"2021-11-01 10:00:00,123 INFO login of {MAILBOX} from {ADDRESS} failed",
    f"Nov  1 10:00:01 box sshd[4711]: Accepted password for {USER} from {ADDRESS} port 4242 ssh2",
    f"2021-11-01 10:00:02,123 WARN card {CARD} refused, call {PHONE}",
    f"2021-11-01 10:00:03,123 WARN Authorization: Bearer {TOKEN}",
    f"2021-11-01 10:00:04,123 INFO GET /search?q=shoes&by={USER} from {ADDRESS}",
    f"2021-11-01 10:00:05,123 INFO GET /cb?mail={MAILBOX.replace('@', '%40')} done",
)


@pytest.fixture
def stored(embedded: Installation, tmp_path: Path) -> Installation:
    """Logs with canaries in every field and in free text, imported and stored."""
    for kind, lines in (("access-log", ACCESS), ("log", SERVICE)):
        log = tmp_path / f"{kind}.gz"
        log.write_bytes(gzip.compress("\n".join(lines).encode()))
        embedded.remit("import", kind, str(log), "--wait")
    return embedded


def residue(installed: Installation) -> tuple[bool, str]:
    found = installed.checks("--canaries", "-", stdin=CANARIES)["residue"]
    return bool(found["holds"]), str(found["detail"])


@pytest.mark.clause("S025a", "S055")
def test_no_canary_of_a_log_is_left_and_one_put_back_is_found_named_and_not_repeated(
    stored: Installation,
) -> None:
    holds, detail = residue(stored)
    assert holds, detail
    assert detail.startswith("0 found in ")
    assert "by detectors of measured recall: ipv4 0." in detail

    (parquet,) = stored.data.glob("lake/events/service_log/day=*/*.parquet")
    table = pq.read_table(parquet, partitioning=None)
    column = table.column_names.index("message")
    texts = [f"seen {MAILBOX}", *table["message"].to_pylist()[1:]]
    pq.write_table(table.set_column(column, "message", pa.array(texts)), parquet)
    (stored.data / "spool/leftover.tmp").write_text(f"pan={CARD}\n")
    (stored.data / "consumer.log").write_text(f"user={USER} from {ADDRESS}\n")

    holds, detail = residue(stored)
    assert not holds
    assert f"{parquet.parent.relative_to(stored.data)}/message: 1 canary, 1 email" in detail
    assert "spool/leftover.tmp: 1 canary, 1 card" in detail
    assert "consumer.log: 1 canary, 1 ipv4, 1 user" in detail
    assert not [canary for canary in CANARIES.splitlines() if canary in detail]


def test_verify_tells_what_it_found_by_kind_and_how_much_it_would_have_found(
    stored: Installation,
) -> None:
    (stored.data / "leftover.tmp").write_text(f"{MAILBOX}\n")
    kinds = stored.checks()["residue"]["kinds"]
    assert isinstance(kinds, dict)
    assert kinds["email"]["found"] == 1
    assert 0.75 < kinds["email"]["recall_low"] < kinds["email"]["recall"] < 1
    assert kinds["email"]["planted"] == 200
    assert kinds["card"]["found"] == kinds["not_sealed"]["found"] == 0
