"""Telling: notices of an erasure are put on record before it begins, and sent until their recipients answer.

A notice goes out as JSON that the deployment has signed: by HTTP POST where the policy names an address of the
recipient, else as a file in an outbox.
"""

import base64
import http.client
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from remit_consumers.deployment import Deployment
from remit_consumers.erasure.known_as import RECIPIENT_DOMAIN, days_told, every_name, names_of
from remit_consumers.erasure.ledger import Erasure
from remit_consumers.erasure.notices import OUTBOX, Notice, make, notices, record, tried, whose
from remit_consumers.lake.receipt import canonical
from remit_schemas.durable import replace_file

ERASED = "erased"
TIMEOUT_S = 10.0
"""How long a recipient may take to accept a notice; who takes longer is tried again."""


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
    """What a recipient knows a subject by; all that it may, where the policy does not name it any more."""
    terms = deployment.policy.recipients.get(to)
    keys, domain = deployment.settings.keys, RECIPIENT_DOMAIN + to
    days = days_told(deployment.lake.root, to)
    if terms is None:
        return sorted(every_name(keys, domain, stored, days))
    return sorted(names_of(keys, domain, stored, terms.subject, days))


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
