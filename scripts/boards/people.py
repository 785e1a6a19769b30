"""The board of what is owed to people: for privacy officers."""

from typing import Final

from panels import Board, Panel, zero

PEOPLE: Final = Board(
    "remit-people",
    "remit: people and promises",
    "What is owed to people: consent, time limits, requests, erasure, who got what.",
    [
        (
            "Must be 0",
            [
                zero(
                    "Rows kept for too long",
                    "sum(max by (category) (remit_retention_overdue_rows))",
                    "Rows that should be gone, or hold less (S105a, S109).",
                ),
                zero(
                    "Personal, to partners",
                    "sum(max by (class) (remit_pii_egress_total))",
                    "Stopped on its way out, of all time (S064).",
                ),
                zero(
                    "Residue",
                    '1 - min(remit_verify_holds{check="residue"})',
                    "1: the last verification found raw values on disk (S109).",
                ),
                zero(
                    "Erasures not finished",
                    "sum(max by (kind) (remit_erasures_waiting))",
                    "On record and still to be carried out (S079a, S079b).",
                ),
                zero(
                    "Notices unsent or overdue",
                    'sum(max by (kind, state) (remit_notices{state=~"unsent|overdue"}))',
                    "To recipients and sources of erased subjects (S086a).",
                ),
                zero(
                    "Keys that should be gone",
                    "max(remit_keys_overdue)",
                    "Of epochs, visitors and backups.",
                ),
            ],
        ),
        (
            "Requests",
            [
                Panel(
                    "Days left",
                    "Of the open request with the fewest, by type; 15 are given (S101).",
                    "bars",
                    [("min by (type) (remit_request_days_left)", "{{type}}")],
                ),
                Panel(
                    "Requests",
                    "On record, by state.",
                    "bars",
                    [("sum by (state) (max by (type, state) (remit_requests))", "{{state}}")],
                ),
                Panel(
                    "Notices sent",
                    "To recipients and sources, each second, by what became of them (S086a).",
                    "lines",
                    [
                        (
                            "sum by (outcome) (rate(remit_notices_sent_total[5m]))",
                            "{{outcome}}",
                        )
                    ],
                ),
                Panel(
                    "Calls of the requests API refused",
                    "Each second, by reason.",
                    "lines",
                    [
                        (
                            "sum by (reason) (rate(remit_request_calls_refused_total[5m]))",
                            "{{reason}}",
                        )
                    ],
                    "ops",
                ),
            ],
        ),
        (
            "Consent and removal",
            [
                Panel(
                    "From denial to stop",
                    "p99 of an hour: until nothing is stored for the purpose any more (S092).",
                    "lines",
                    [("remit:consent_stop_seconds:p99_1h", "p99")],
                    "s",
                ),
                Panel(
                    "From denial to rewrite",
                    "p99 of a day: until no stored row stands against it.",
                    "lines",
                    [("remit:revocation_seconds:p99_1d", "p99")],
                    "s",
                ),
                Panel(
                    "Rows removed",
                    "Of all time: revoked, swept, erased.",
                    "lines",
                    [
                        (
                            'sum by (outcome) (remit:lake_events:max{outcome=~"revoked|swept|erased"})',
                            "{{outcome}}",
                        )
                    ],
                ),
                Panel(
                    "The oldest erasure waits",
                    "On record and not carried out, by kind (S079a).",
                    "lines",
                    [("max by (kind) (remit_erasure_waits_seconds)", "{{kind}}")],
                    "s",
                ),
                Panel(
                    "Beyond use",
                    "Days until no living backup of the vault holds the secret of an erased subject (S087a).",
                    "lines",
                    [("max(remit_beyond_use_days)", "days")],
                    "d",
                ),
            ],
        ),
        (
            "Recipients",
            [
                Panel(
                    "Disclosures by recipient",
                    "On record; one may hold several categories, and counts for each.",
                    "bars",
                    [
                        (
                            "sum by (recipient) (max by (recipient, category) (remit_disclosures_total))",
                            "{{recipient}}",
                        )
                    ],
                ),
                Panel(
                    "Disclosures refused",
                    "On record, by reason.",
                    "bars",
                    [("max by (reason) (remit_disclosures_refused_total)", "{{reason}}")],
                ),
            ],
        ),
    ],
)
