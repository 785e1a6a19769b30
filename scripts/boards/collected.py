"""The board of what is collected: for privacy officers and analysts."""

from typing import Final

from panels import Board, Panel

COLLECTED: Final = Board(
    "remit-collected",
    "remit: what is collected",
    "What came in, by category, and what became of it. Every figure of events and values is counted from receipts.",
    [
        (
            "Events",
            [
                Panel(
                    "Events stored",
                    "Of all time, as `remit report` tells them.",
                    "figure",
                    [('sum(remit:lake_events:max{outcome="stored"})', "stored")],
                ),
                Panel(
                    "Events refused",
                    "The policy did not let them in, at the source or here.",
                    "figure",
                    [('sum(remit:lake_events:max{outcome="refused"})', "refused")],
                ),
                Panel(
                    "Rows present",
                    "Stored, and neither swept nor revoked nor erased since.",
                    "figure",
                    [('sum(remit:lake_events:max{outcome="present"})', "present")],
                ),
                Panel(
                    "Bytes left of those offered",
                    "How much smaller the data became within the last hour.",
                    "figure",
                    [
                        (
                            'sum(remit:bytes:rate5m{stage="stored"}) / sum(remit:bytes:rate5m{stage="offered"})',
                            "stored / offered",
                        )
                    ],
                    "percentunit",
                ),
                Panel(
                    "What became of events",
                    "Each second, by outcome.",
                    "stack",
                    [("sum by (outcome) (remit:events:rate5m)", "{{outcome}}")],
                    "ops",
                ),
                Panel(
                    "Events by contract",
                    "Each second, whatever became of them.",
                    "stack",
                    [("sum by (contract) (remit:events:rate5m)", "{{contract}}")],
                    "ops",
                ),
                Panel(
                    "Why events are refused",
                    "Each second; docs/operations.md says what each reason means.",
                    "stack",
                    [("sum by (reason) (remit:refused:rate5m)", "{{reason}}")],
                    "ops",
                ),
            ],
        ),
        (
            "Values",
            [
                Panel(
                    "Values by category",
                    "Each second; refused ones are in it.",
                    "stack",
                    [("sum by (category) (remit:values:rate5m)", "{{category}}")],
                    "ops",
                ),
                Panel(
                    "Kept, reduced, refused",
                    "Each second, values by decision of the policy.",
                    "stack",
                    [("sum by (decision) (remit:values:rate5m)", "{{decision}}")],
                    "ops",
                ),
                Panel(
                    "Bytes left, by category",
                    "Of the bytes that were offered within the last hour.",
                    "bars",
                    [("remit:bytes_stored:ratio1h", "{{category}}")],
                    "percentunit",
                ),
                Panel(
                    "Subjects, by category",
                    "About how many different subjects the stored rows are of, rounded up; 10 says ten at most.",
                    "bars",
                    [("max by (category) (remit_subjects)", "{{category}}")],
                ),
            ],
        ),
    ],
)
