"""Facts: what a certificate says of an erasure, told from the receipts of the commits that did it."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from remit_consumers.deployment import Deployment
from remit_consumers.erasure.certificate import FIRST, Certificate
from remit_consumers.erasure.kept import Keeping
from remit_consumers.erasure.ledger import Erasure, ErasureLedger
from remit_consumers.erasure.notice import ANSWER_WITHIN
from remit_consumers.erasure.reach import reason_of
from remit_consumers.erasure.residue import Rescan
from remit_consumers.erasure.sealed import QUARANTINE
from remit_consumers.lake.columns import CONSENTS_TABLE
from remit_consumers.lake.history import receipts_after
from remit_consumers.lake.removed import Removal
from remit_consumers.lake.rewrite import EVENTS
from remit_consumers.lake.tables import row_tables
from remit_schemas.errors import ContractError

TOPICS_KEPT = timedelta(hours=72)
"""How long recipients' topics keep a message at most (D9)."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen while an erasure was carried out.

    Attributes:
        keeping: Which rows holds and laws keep.
        found: What the search for pseudonyms saw.
        plain: What the search for the ids that the app knows saw; no file where they were not known any more.
        late: Events on the log that are refused when they are opened.
        told: Notices to recipients that were put on record.
    """

    keeping: Keeping
    found: Rescan
    plain: Rescan
    late: int = 0
    told: int = 0


def certify(
    deployment: Deployment, ledger: ErasureLedger, erasure: Erasure, seen: Seen, now: datetime
) -> Certificate:
    """Make the certificate of an erasure whose search found nothing.

    Args:
        deployment: The installation; it signs.
        ledger: Has the certificates before.
        erasure: What was done.
        seen: What was seen meanwhile.
        now: Aware UTC.
    """
    before = [Certificate.from_dict(one) for one in ledger.certificates()]
    contracts, own = _taken(deployment, erasure)
    facts: dict[str, Any] = {
        "v": 1,
        "certificate": len(before) + 1,
        "previous": before[-1].sha256 if before else FIRST,
        "erasure": erasure.erasure,
        "again": erasure.certificate is not None,
        "ordered_at": erasure.at.isoformat(),
        "done_at": now.isoformat(),
        "reason": erasure.reason,
        "scope": erasure.scope.to_dict(),
        "subjects": len(erasure.named),
        "policy": f"{deployment.policy.name}/{deployment.policy.version}",
        "erased": {
            "contracts": contracts,
            "categories": _by_category(deployment, contracts),
            "consent_records": own["records"],
            "quarantined_packs": own["packs"],
            "secrets": len(erasure.indexes) if erasure.scope.is_whole else 0,
        },
        "kept": seen.keeping.told(),
        "notices": seen.told,
        "exempt": _exempt(deployment, erasure, seen.told),
        "search": {
            "files": seen.found.files,
            "values": seen.found.values,
            "sealed_files": seen.found.sealed,
            "found": seen.found.total,
            "plain_found": seen.plain.total if seen.plain.files else None,
            "late_events": seen.late,
        },
    }
    return Certificate.sign(facts, deployment.keys.sign, deployment.keys.verify_key)


def _taken(deployment: Deployment, erasure: Erasure) -> tuple[dict[str, Any], Mapping[str, int]]:
    """What each contract lost since the erasure began, and how many consent records and sealed packs went."""
    root, reason = deployment.lake.root, reason_of(erasure)
    contracts: dict[str, Any] = {}
    own = {"records": 0, "packs": 0}
    for name in row_tables(root):
        for receipt in receipts_after(root, name, erasure.versions.get(name, -1)):
            for one in receipt.removed:
                if (one.removal, one.reason) != (Removal.ERASED, reason):
                    continue
                if name == CONSENTS_TABLE:
                    own["records"] += one.rows
                elif name == QUARANTINE:
                    own["packs"] += one.narrowed
                elif name.startswith(EVENTS):
                    contract = name.removeprefix(EVENTS)
                    sums = contracts.setdefault(
                        contract, {"rows": 0, "narrowed": 0, "values": Counter()}
                    )
                    sums["rows"] += one.rows
                    sums["narrowed"] += one.narrowed
                    sums["values"].update(one.values)
    return {name: sums | {"values": dict(sums["values"])} for name, sums in contracts.items()}, own


def _by_category(deployment: Deployment, contracts: dict[str, Any]) -> dict[str, int]:
    """How many values of each category went."""
    found: defaultdict[str, int] = defaultdict(int)
    for name, sums in contracts.items():
        try:
            categories = {
                one.name: one.category for one in deployment.contracts.by_name(name).fields
            }
        except ContractError:
            categories = {}
        for field, values in sums["values"].items():
            found[categories.get(field, "unknown")] += values
    return dict(sorted(found.items()))


def _exempt(deployment: Deployment, erasure: Erasure, told: int) -> list[dict[str, str]]:
    """What the search cannot see into, until when it may hold something, and what is done about it meanwhile."""
    raw = erasure.at + timedelta(hours=deployment.policy.raw_limit_h)
    return [
        {
            "what": "sealed packs on the log and in the spool",
            "until": raw.isoformat(),
            "meanwhile": "refused when they are opened; then their keys are destroyed",
        },
        {
            "what": "backups made before the erasure",
            "until": erasure.keep_until.isoformat(),
            "meanwhile": "beyond use: the erasure ledger is applied before anything of them can be read",
        },
        *(_out_of_reach(erasure) if told else ()),
    ]


def _out_of_reach(erasure: Erasure) -> list[dict[str, str]]:
    """What recipients got, where nobody here can look."""
    answer_by = (erasure.at + ANSWER_WITHIN).isoformat()
    return [
        {
            "what": "what recipients got: folders outside the data folder, and what they keep themselves",
            "until": answer_by,
            "meanwhile": "notices say whom they must erase, again and again until they acknowledge",
        },
        {
            "what": "these notices, under the names that recipients know",
            "until": answer_by,
            "meanwhile": "the names go as soon as a recipient has acknowledged",
        },
        {
            "what": "messages in recipients' topics",
            "until": (erasure.at + TOPICS_KEPT).isoformat(),
            "meanwhile": "the broker takes them away; `remit doctor` sees that it does",
        },
    ]
