"""Telling: notices of an erasure are put on record before it begins, and sent until their recipients answer.

A notice goes out as JSON that the deployment has signed: by HTTP POST where the policy names an address of the
recipient, else as a file in an outbox.
"""

import base64
import http.client
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.deployment import Deployment
from remit_consumers.erasure.ledger import Erasure
from remit_consumers.erasure.notices import OUTBOX, Notice, make, notices, record, tried, whose
from remit_consumers.lake.receipt import canonical
from remit_consumers.lake.tables import is_table, open_table
from remit_consumers.views.names import ViewNames
from remit_schemas.durable import replace_file
from remit_schemas.view import Names

ERASED = "erased"
TIMEOUT_S = 10.0
"""How long a recipient may take to accept a notice; who takes longer is tried again."""

DAYS_MAX = 1_200
"""Days of one recipient's daily names that a notice lists: longer than anything is disclosed for."""


def tell(deployment: Deployment, erasure: Erasure, now: datetime) -> int:
    """Put a notice on record for each subject and each recipient that got something of it; gives how many there are.

    Raises:
        LakeError: The lake cannot be read or written.
        KeysOutOfReach: The key of the recipients' names cannot be read.

    Source: policy 2021-11-01, clause S086a.
    """
    root = deployment.lake.root
    fresh: list[Notice] = []
    for one in erasure.named:
        for _, to, stored in whose(root, {one.tenant: one.stored}):
            names = known_as(deployment, to, stored)
            fresh.append(make(to, ERASED, erasure.erasure, names, now))
    record(root, fresh)
    return sum(one.reference == erasure.erasure for one in notices(root))


def send(deployment: Deployment, now: datetime) -> dict[str, int]:
    """Send what is due, for the first time or again; gives how many went out, by recipient.

    What cannot be delivered counts as tried and is sent again later.
    """
    sent: defaultdict[str, int] = defaultdict(int)
    for one in notices(deployment.lake.root):
        if one.is_due(now):
            _deliver(deployment, one)
            tried(deployment.lake.root, one, now)
            sent[one.to] += 1
    return dict(sent)


def withdraw_file(data: Path, one: Notice) -> None:
    """Take the file of an acknowledged notice out of the outbox."""
    _file(data, one).unlink(missing_ok=True)


def known_as(deployment: Deployment, to: str, stored: Sequence[str]) -> list[str]:
    """What a recipient knows a subject by."""
    terms = getattr(deployment.policy, "recipients", {}).get(to)
    lasting: Names = terms.subject if terms is not None else "stable"
    names = ViewNames(deployment.settings.keys, f"recipient/{to}", lasting)
    days = list(_days(deployment, to)) if lasting == "daily" else [date(1970, 1, 1)]
    found: set[str] = set()
    for day in days:
        told = names.of(pa.array(stored, pa.string()), pa.array([day] * len(stored), pa.date32()))
        found |= set(told.to_pylist()) if told is not None else set()
    return sorted(found)


def _days(deployment: Deployment, to: str) -> Iterator[date]:
    """The days of which something went to a recipient."""
    root = deployment.lake.root
    if not is_table(root, "disclosures"):
        return
    rows = open_table(root, "disclosures").delta.to_pyarrow_table(
        columns=["recipient", "from_day", "to_day"]
    )
    mine = rows.filter(pc.equal(rows.column("recipient"), to))
    first, last = (pc.min(mine.column("from_day")).as_py(), pc.max(mine.column("to_day")).as_py())
    for number in range(min(DAYS_MAX, (last - first).days + 1) if first and last else 0):
        yield last - timedelta(days=number)


def _deliver(deployment: Deployment, one: Notice) -> bool:
    """Hand a notice over: by POST, or as a file; gives whether it was taken."""
    body = canonical(_signed(deployment, one)).encode()
    terms = getattr(deployment.policy, "recipients", {}).get(one.to)
    contact = getattr(terms, "contact", None) or ""
    if contact.startswith(("https://", "http://")):
        return _post(contact, body)
    file = _file(deployment.settings.data, one)
    file.parent.mkdir(parents=True, exist_ok=True)
    replace_file(file, body)
    return True


def _signed(deployment: Deployment, one: Notice) -> dict[str, object]:
    """A notice as it goes out."""
    told = one.to_json()
    keys = deployment.keys
    return {
        "notice": told,
        "signature": base64.b64encode(keys.sign(canonical(told).encode())).decode("ascii"),
        "verify_key": base64.b64encode(keys.verify_key).decode("ascii"),
    }


def _post(url: str, body: bytes) -> bool:
    """POST a notice; who does not answer in time, or not with success, has not got it."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.netloc, timeout=TIMEOUT_S)
    try:
        path = parts.path or "/"
        connection.request("POST", path, body, {"Content-Type": "application/json"})
        return connection.getresponse().status < http.client.MULTIPLE_CHOICES
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _file(data: Path, one: Notice) -> Path:
    """Where a notice lies for a recipient without an address."""
    return data / OUTBOX / one.to / f"{one.notice}.json"
