"""Recipients: who may get what by the policy, and who got what, when, on which case."""

from collections.abc import Mapping
from typing import Final

from remit_consumers.dashboard.asked import Asked
from remit_consumers.sharing.disclosures import history, told
from remit_schemas.recipients import Recipient

SHOWN_MAX: Final = 200


def show(asked: Asked) -> Mapping[str, object]:
    """What the page shows."""
    rows = history(asked.site.lake.root, asked.site.now()).to_pylist()[::-1]
    report = asked.site.figures.now().report
    return {
        "recipients": _busiest_first(asked.site.policy.recipients, report.disclosures),
        "counts": report.disclosures,
        "disclosures": [_told(row, is_officer=asked.is_officer) for row in rows[:SHOWN_MAX]],
        "count": len(rows),
        "is_empty": not rows,
        "reads": report.reads,
    }


def _busiest_first(
    recipients: Mapping[str, Recipient], counts: Mapping[str, Mapping[str, int]]
) -> Mapping[str, Recipient]:
    """Who got most is first; the others stand as the policy names them."""
    names = sorted(recipients, key=lambda name: -counts.get(name, {}).get("rows", 0))
    return {name: recipients[name] for name in names}


def _told(row: Mapping[str, object], *, is_officer: bool) -> Mapping[str, object]:
    """A part of a disclosure as it is shown."""
    return row if is_officer else told(row)
