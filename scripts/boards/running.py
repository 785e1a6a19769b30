"""The board of how it runs: for operators."""

from typing import Final

from panels import Board, Panel, zero

RUNNING: Final = Board(
    "remit-running",
    "remit: running and books",
    "Whether consumers keep up, and whether everything that was sent is accounted for.",
    [
        (
            "Must be 0",
            [
                zero(
                    "Events not accounted for",
                    "sum(max by (contract) (remit_conservation_gap))",
                    "Offered, and without an outcome.",
                ),
                zero(
                    "Packs missing",
                    "remit:producer_gaps:increase1h",
                    "Numbered by a producer, never seen; within an hour.",
                ),
                zero(
                    "Events expired",
                    "remit:expired:increase1h",
                    "Unreadable when they were read; within an hour.",
                ),
                zero(
                    "Messages that are no packs",
                    "remit:unreadable_packs:increase1h",
                    "Something else writes to the log; within an hour.",
                ),
                zero(
                    "Checks that do not hold",
                    "count(min by (check) (remit_verify_holds) == 0)",
                    "Of the last `remit verify`.",
                ),
                zero(
                    "Partitions that wait",
                    "sum(remit_waiting_packs)",
                    "For a key or a policy.",
                ),
            ],
        ),
        (
            "Keeping up",
            [
                Panel(
                    "Packs not read yet",
                    "On the log.",
                    "lines",
                    [("remit:lag_packs:sum", "packs")],
                ),
                Panel(
                    "Latency",
                    "p99: `stored` from the log to the lake, `flush` the flush itself.",
                    "lines",
                    [("remit:latency_seconds:p99_5m", "{{stage}}")],
                    "s",
                ),
                Panel(
                    "Since the last event",
                    "By contract.",
                    "lines",
                    [("time() - remit:last_event_timestamp_seconds:max", "{{contract}}")],
                    "s",
                ),
                Panel(
                    "Since the consumer looked at the log",
                    "A consumer that stands still grows.",
                    "lines",
                    [("time() - remit_last_turn_timestamp_seconds", "{{instance}}")],
                    "s",
                ),
                Panel(
                    "Faults that were retried",
                    "Each second, by kind.",
                    "stack",
                    [("sum by (kind) (rate(remit_faults_total[5m]))", "{{kind}}")],
                    "ops",
                ),
                Panel(
                    "Packs sent again",
                    "Each second; dropped, so nothing is stored twice.",
                    "lines",
                    [("sum(rate(remit_resent_packs_total[5m]))", "packs")],
                    "ops",
                ),
            ],
        ),
        (
            "What could not be read",
            [
                Panel(
                    "Packs in quarantine",
                    "By reason: `remit quarantine list` says of which contract.",
                    "bars",
                    [("max by (reason) (remit_quarantine_packs)", "{{reason}}")],
                ),
                Panel(
                    "Events in quarantine",
                    "By reason, as far as can be told.",
                    "bars",
                    [("max by (reason) (remit_quarantine_events)", "{{reason}}")],
                ),
                Panel(
                    "The oldest stands for",
                    "By reason.",
                    "lines",
                    [("max by (reason) (remit_quarantine_oldest_seconds)", "{{reason}}")],
                    "s",
                ),
                Panel(
                    "Can be read for",
                    "The first to go, by reason: mend it, and replay, before it is 0.",
                    "lines",
                    [("min by (reason) (remit_quarantine_left_seconds)", "{{reason}}")],
                    "s",
                ),
            ],
        ),
        (
            "Keys and proof",
            [
                Panel(
                    "Calls of the dashboard that were refused",
                    "Each second, by why: many `no_token` are somebody who tries.",
                    "stack",
                    [("sum by (reason) (rate(remit_access_refused_total[5m]))", "{{reason}}")],
                    "ops",
                ),
                Panel(
                    "Files of the lake made anew",
                    "Within an hour, by sweeps; and those of an older remit that are left.",
                    "lines",
                    [
                        ("sum(increase(remit_compacted_files_total[1h]))", "small, merged"),
                        ("sum(increase(remit_renewed_files_total[1h]))", "old, renewed"),
                        ("max(remit_old_files)", "old, left"),
                    ],
                ),
                Panel(
                    "Epochs",
                    "By what their key does.",
                    "bars",
                    [("max by (state) (remit_key_epochs)", "{{state}}")],
                ),
                Panel(
                    "Producers may seal for",
                    "Until a fresh key is needed; a consumer makes one in time.",
                    "figure",
                    [("max(remit_key_sealing_ends_timestamp_seconds) - time()", "left")],
                    "s",
                ),
                Panel(
                    "Since the last verification",
                    "`remit verify`, to its end.",
                    "figure",
                    [("time() - (max(remit_verified_timestamp_seconds) > 0)", "ago")],
                    "s",
                ),
                Panel(
                    "Since the last anchor",
                    "Of the receipts' chains: a day at most.",
                    "lines",
                    [("max(remit_anchor_age_seconds)", "ago")],
                    "s",
                ),
                Panel(
                    "Let go by producers",
                    "Of all time, by contract: for a full spool, or too large.",
                    "bars",
                    [('remit:lake_events:max{outcome="let_go"}', "{{contract}}")],
                ),
            ],
        ),
        (
            "The edge",
            [
                Panel(
                    "Requests",
                    "Each second, by status.",
                    "stack",
                    [
                        (
                            "sum by (room, status) (rate(remit_edge_requests_total[5m]))",
                            "{{room}} {{status}}",
                        )
                    ],
                    "reqps",
                ),
                Panel(
                    "Events",
                    "Each second, by what became of them.",
                    "stack",
                    [("sum by (outcome) (rate(remit_edge_events_total[5m]))", "{{outcome}}")],
                    "ops",
                ),
                Panel(
                    "Group commits",
                    "Each second, by whether the disk took them.",
                    "stack",
                    [("sum by (outcome) (rate(remit_edge_syncs_total[5m]))", "{{outcome}}")],
                    "ops",
                ),
                Panel(
                    "Too many",
                    "Requests each second that were over the rate of their address or key, or too many at once.",
                    "stack",
                    [("sum by (of) (rate(remit_edge_limited_total[5m]))", "{{of}}")],
                    "reqps",
                ),
                Panel(
                    "Bytes of bodies",
                    "Each second, unpacked.",
                    "lines",
                    [("sum(rate(remit_edge_body_bytes_total[5m]))", "bytes")],
                    "Bps",
                ),
            ],
        ),
    ],
)
