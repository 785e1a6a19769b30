"""Metrics of what left: read from the record when somebody asks, because a disclosure is a process of its own."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from remit_consumers.lake.leaving import DISCLOSURES_TABLE
from remit_consumers.lake.log import versions
from remit_consumers.sharing.disclosures import REFUSED, by_category, history
from remit_schemas.errors import LakeError
from remit_schemas.recipients import COUNTED

PERSONAL = "personal"
"""The reason of a refusal that must never be: what was to leave as figures held something of a person."""


class DisclosureMeter(Collector):
    """Tells what left, by recipient and category; the table is read again only after it grew.

    Attributes:
        lake: The folder of the lake that is told of; None: none yet.
    """

    def __init__(self) -> None:
        self.lake: Path | None = None
        self._version = -2
        self._told: list[CounterMetricFamily] = []

    def describe(self) -> Iterable[CounterMetricFamily]:
        """Name the metrics without reading anything."""
        return _families()

    def collect(self) -> Iterable[CounterMetricFamily]:
        """Give the metrics; what cannot be read now stays as it was."""
        if self.lake is None:
            return _families()
        version = max(versions(self.lake / DISCLOSURES_TABLE), default=-1)
        if version != self._version:
            try:
                self._told = _read(self.lake)
                self._version = version
            except LakeError:
                return self._told or _families()
        return self._told


def _read(lake: Path) -> list[CounterMetricFamily]:
    """Count what is on record."""
    made, refused, egress = families = _families()
    rows = history(lake, datetime.now(UTC))
    for (recipient, category), count in sorted(by_category(rows).items()):
        made.add_metric([recipient, category], count)
    records = rows.to_pylist()
    reasons = Counter(one["reason"] for one in records if one["outcome"] == REFUSED)
    for reason, count in sorted(reasons.items()):
        refused.add_metric([reason], count)
    for role in COUNTED:
        count = sum(one["reason"] == PERSONAL and one["role"] == role for one in records)
        egress.add_metric([role], count)
    return families


def _families() -> list[CounterMetricFamily]:
    """The metrics, empty."""
    return [
        CounterMetricFamily(
            "remit_disclosures",
            "Disclosures by recipient and category",
            labels=["recipient", "category"],
        ),
        CounterMetricFamily(
            "remit_disclosures_refused", "Disclosures refused, by reason", labels=["reason"]
        ),
        CounterMetricFamily(
            "remit_pii_egress",
            "Times something personal stood in what was to leave as figures (must be 0)",
            labels=["class"],
        ),
    ]
