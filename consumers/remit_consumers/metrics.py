"""Every metric of a running consumer. Labels come from closed lists; nothing here is ever a subject's value.

Figures of events, values and bytes are added from receipts, after their commit: so they cannot disagree with
`remit report`. They count what this process has committed since it started.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from remit_consumers.gauges import Gauges
from remit_consumers.lake.receipt import Receipt
from remit_consumers.lake.replayed import Settled
from remit_consumers.lake.requests import Request, days_left
from remit_consumers.sharing.meter import DisclosureMeter
from remit_schemas.category import Decision


class Metrics:
    """The metrics of one process, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.events = self._counter(
            "remit_events", "Events by what became of them", "contract", "outcome"
        )
        self.values = self._counter(
            "remit_values", "Values by what became of them", "category", "decision", "purposes"
        )
        self.bytes = self._counter(
            "remit_bytes", "Bytes of values, offered and stored", "category", "stage"
        )
        self.refused = self._counter(
            "remit_refused", "Events refused, by reason", "contract", "reason"
        )
        self.gaps = self._counter(
            "remit_producer_gaps", "Packs that a producer sent and nobody saw"
        )
        self.expired = self._counter(
            "remit_expired", "Events whose key was destroyed before they were read"
        )
        self.unreadable = self._counter(
            "remit_unreadable_packs", "Messages on the log without a valid pack header"
        )
        self.resent = self._counter("remit_resent_packs", "Packs that came again and were dropped")
        self.faults = self._counter(
            "remit_faults", "Faults of the world that were met and retried", "kind"
        )
        self.compacted = self._counter(
            "remit_compacted_files", "Small files of the lake that were merged into larger ones"
        )
        self.renewed = self._counter(
            "remit_renewed_files", "Files of the lake whose dictionaries were written anew"
        )
        self._add_flow()
        self._add_waits()
        self._add_requests()
        self.standing = Gauges(self.registry)
        self.disclosures = DisclosureMeter()
        self.registry.register(self.disclosures)

    def _add_flow(self) -> None:
        """Register how packs flow from the log to the lake, and whether all are accounted for."""
        self.lag = Gauge(
            "remit_lag_packs", "Packs on the log that were not read yet", registry=self.registry
        )
        self.waiting = Gauge(
            "remit_waiting_packs", "Packs that wait for a key or a policy", registry=self.registry
        )
        self.gap = Gauge(
            "remit_conservation_gap",
            "Events not accounted for (must be 0)",
            ["contract"],
            registry=self.registry,
        )
        self.latency = Histogram(
            "remit_latency_seconds",
            "Time from a pack's arrival on the log to the commit of its rows, and of each flush",
            ["stage"],
            registry=self.registry,
            buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60),
        )

    def _add_requests(self) -> None:
        """Register how the requests of people stand."""
        self.requests = Gauge(
            "remit_requests", "Requests on record", ["type", "state"], registry=self.registry
        )
        self.days_left = Gauge(
            "remit_request_days_left",
            "Whole days that the open request with the fewest has left",
            ["type"],
            registry=self.registry,
        )
        self.calls_refused = self._counter(
            "remit_request_calls_refused", "Calls of the requests API that were refused", "reason"
        )
        self.access_refused = self._counter(
            "remit_access_refused", "Calls of the dashboard that were refused", "reason"
        )
        self._add_notices()

    def _add_notices(self) -> None:
        """Register how the notices to recipients and sources stand."""
        self.notices = Gauge(
            "remit_notices",
            "Notices to recipients and sources, by how they stand",
            ["kind", "state"],
            registry=self.registry,
        )
        self.notices_tried = self._counter(
            "remit_notices_sent", "Notices that were sent, by what became of them", "outcome"
        )

    def show_notices(self, standing: Iterable[tuple[str, str]]) -> None:
        """Show how notices stand: the kind and state of each."""
        self.notices.clear()
        for kind, state in standing:
            self.notices.labels(kind, state).inc()

    def notices_sent(self, outcomes: Mapping[str, int]) -> None:
        """Add notices that were sent, by what became of them."""
        for outcome, count in outcomes.items():
            self.notices_tried.labels(outcome).inc(count)

    def show_requests(self, requests: Sequence[Request], now: datetime) -> None:
        """Show how the requests of people stand."""
        self.requests.clear()
        self.days_left.clear()
        for one in requests:
            self.requests.labels(one.right, one.state).inc()
        for right, days in days_left(requests, now).items():
            self.days_left.labels(right).set(days)

    def _add_waits(self) -> None:
        """Register how long a denial had to wait, and those whose rows were stored already; what waits to be swept."""
        self.overdue = Gauge(
            "remit_retention_overdue_rows",
            "Rows whose time is over and that are still there, or still hold a field whose time is over",
            ["category"],
            registry=self.registry,
        )
        self.beyond_use = Gauge(
            "remit_beyond_use_days",
            "Days until no living backup of the vault has the secret of an erased subject (0: none has)",
            registry=self.registry,
        )
        self.erasures_waiting = Gauge(
            "remit_erasures_waiting",
            "Erasures that are on record and not done",
            ["kind"],
            registry=self.registry,
        )
        self.erasure_waits = Gauge(
            "remit_erasure_waits_seconds",
            "How long the oldest erasure that is not done has waited (0: none waits)",
            ["kind"],
            registry=self.registry,
        )
        self.anchor_age = Gauge(
            "remit_anchor_age_seconds",
            "Age of the newest anchor of the receipts' chains (a day at most; 0: nothing to anchor yet)",
            registry=self.registry,
        )
        self.consent_stop = self._waiting(
            "remit_consent_stop_seconds",
            "Time from a denial of a purpose, as its sender dates it, to the commit from which on it holds",
        )
        self.revocation = self._waiting(
            "remit_revocation_seconds",
            "Time from the record of a denial to the rewrite of its rows",
        )
        self.minor_erasure = self._waiting(
            "remit_minor_erasure_seconds",
            "Time from finding a minor without a basis to the erasure of all its rows",
        )

    def _waiting(self, name: str, text: str) -> Histogram:
        """Register a histogram of how long something took that is to be done at once."""
        buckets = (0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3_600, 86_400)
        return Histogram(name, text, registry=self.registry, buckets=buckets)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        """Register a counter; Prometheus adds `_total` to its name."""
        return Counter(name, text, labels, registry=self.registry)

    def count(self, receipts: Iterable[Receipt]) -> None:
        """Add what a commit says of itself."""
        for receipt in receipts:
            self._count_events(receipt)
            if receipt.contract:
                self.standing.last_event.labels(receipt.contract).set_to_current_time()
            self.gaps.inc(receipt.gaps)
            self.resent.inc(receipt.resent)
            for field in receipt.fields:
                self.values.labels(field.category, field.decision.value, field.purposes).inc(
                    field.values_in
                )
                self.bytes.labels(field.category, "offered").inc(field.bytes_in)
                if field.decision is not Decision.REFUSE:
                    self.bytes.labels(field.category, "stored").inc(field.bytes_out)

    def count_removed(self, receipts: Iterable[Receipt]) -> None:
        """Add what commits took away of rows that were stored before."""
        for receipt in receipts:
            for one in receipt.removed:
                contract = receipt.contract or "unknown"
                self.events.labels(contract, one.removal.value).inc(one.rows)
            for late in receipt.replayed:
                if late.settled is Settled.EXPIRED:
                    self.events.labels(late.contract or "unknown", "expired").inc(late.count)
                    self.expired.inc(late.count)

    def due(self, rows: Mapping[str, int]) -> None:
        """Show how many rows should be gone, by the categories of what they hold."""
        self.overdue.clear()
        for category, count in rows.items():
            self.overdue.labels(category).set(count)

    def show_waiting(self, found: Mapping[str, Sequence[float]]) -> None:
        """Show how many erasures are not done, and since how many seconds the oldest, by kind."""
        for kind, seconds in found.items():
            self.erasures_waiting.labels(kind).set(len(seconds))
            self.erasure_waits.labels(kind).set(max(seconds, default=0.0))

    def waited(self, denials_s: Iterable[float], erasures_s: Iterable[float]) -> None:
        """Show how long denials and erasures waited until no row stood against them."""
        for seconds in denials_s:
            self.revocation.observe(seconds)
        for seconds in erasures_s:
            self.minor_erasure.observe(seconds)

    def balance(self, contracts: Mapping[str, Mapping[str, int]]) -> None:
        """Show what became of all events, and what is not accounted for: 0 where everything sent was stored."""
        for contract, figures in contracts.items():
            self.gap.labels(contract or "unknown").set(abs(figures["in_flight"]))
            for outcome, events in figures.items():
                self.standing.in_lake.labels(contract or "unknown", outcome).set(events)

    def _count_events(self, receipt: Receipt) -> None:
        """Add what became of the events; the contract is `unknown` where a pack did not say."""
        contract, events = receipt.contract or "unknown", receipt.events
        self.events.labels(contract, "stored").inc(events.stored)
        self.expired.inc(events.expired)
        if events.expired:
            self.events.labels(contract, "expired").inc(events.expired)
        for outcome, reasons in (("refused", events.refused), ("quarantined", events.quarantined)):
            for reason, count in reasons.items():
                self.events.labels(contract, outcome).inc(count)
                self.refused.labels(contract, reason).inc(count)
        self.unreadable.inc(sum(1 for pack in receipt.packs if not pack.producer))
