"""Consent: what people said to each optional purpose, how fast a denial stopped what it forbids, and who was told what."""

from collections.abc import Mapping
from typing import Final

from remit_consumers.dashboard.asked import Asked
from remit_consumers.dashboard.charts import bars
from remit_consumers.dashboard.small_counts import suppressed
from remit_consumers.proof.report import CHANGES

ROLES: Final = {"given": "kept", "refused": "refused", "withdrawn": "withdrawn"}
"""The colour of each change."""


def show(asked: Asked) -> Mapping[str, object]:
    """What the page shows."""
    report = asked.site.figures.now().report
    is_officer = asked.is_officer
    changes = {
        purpose: suppressed({word: row.get(word, 0) for word in CHANGES}, is_officer=is_officer)
        for purpose, row in report.consents.items()
    }
    events = {
        purpose: {word: row[word] for word in ("events_granted", "events_withheld")}
        for purpose, row in report.consents.items()
        if "events_granted" in row
    }
    told = {
        version: suppressed(channels, is_officer=is_officer)
        for version, channels in report.notices.items()
    }
    labels = [asked.t.named("purpose", name) for name in events]
    series = [
        (asked.t("consent.granted"), "kept", [row["events_granted"] for row in events.values()]),
        (
            asked.t("consent.withheld"),
            "refused",
            [row["events_withheld"] for row in events.values()],
        ),
    ]
    return {
        "is_empty": not report.consents,
        "changes": changes,
        "words": CHANGES,
        "events": events,
        "chart": bars(labels, series, asked.t.language),
        "denials": report.denials,
        "waits": report.waits,
        "notices": told,
        "channels": sorted({channel for row in told.values() for channel in row}),
    }
