"""How an installation stands, as gauges: what is read now and then, and not counted while it happens."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import get_args

from prometheus_client import CollectorRegistry, Gauge

from remit_consumers.epochs import KeysStatus, State
from remit_consumers.lake.held import Held, by_reason


class Gauges:
    """The gauges, in the registry of their process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self.turned = self._gauge(
            "remit_last_turn_timestamp_seconds", "When the consumer last looked at the log"
        )
        self.last_event = self._gauge(
            "remit_last_event_timestamp_seconds", "When events were last committed", "contract"
        )
        self.in_lake = self._gauge(
            "remit_lake_events",
            "Events of all time, as the report tells them",
            "contract",
            "outcome",
        )
        self.subjects = self._gauge(
            "remit_subjects", "Different subjects of stored rows, sketched, rounded up", "category"
        )
        self.old_files = self._gauge(
            "remit_old_files", "Files of the lake whose dictionaries may name what was erased"
        )
        self._add_keys()
        self._add_verified()
        self._add_quarantine()

    def _add_keys(self) -> None:
        """Register what became of keys."""
        self.epochs = self._gauge("remit_key_epochs", "Epochs, by what their key does", "state")
        self.sealing_ends = self._gauge(
            "remit_key_sealing_ends_timestamp_seconds",
            "Until when producers may seal (0: there is no key)",
        )
        self.keys_overdue = self._gauge(
            "remit_keys_overdue", "Keys that should be destroyed and are not (must be 0)"
        )

    def _add_verified(self) -> None:
        """Register what the last verification found."""
        self.verified = self._gauge(
            "remit_verified_timestamp_seconds", "When `remit verify` last ran to its end"
        )
        self.checks = self._gauge(
            "remit_verify_holds", "Whether a check held then (1) or not (0)", "check"
        )

    def _add_quarantine(self) -> None:
        """Register what stands in quarantine."""
        self.held_packs = self._gauge(
            "remit_quarantine_packs", "Packs that stand in quarantine", "reason"
        )
        self.held_events = self._gauge(
            "remit_quarantine_events", "Events that stand in quarantine", "reason"
        )
        self.held_for = self._gauge(
            "remit_quarantine_oldest_seconds",
            "How long the oldest of what stands in quarantine has stood there",
            "reason",
        )
        self.held_left = self._gauge(
            "remit_quarantine_left_seconds",
            "How long the first to go of what stands in quarantine can be read at the most",
            "reason",
        )

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(name, text, labels, registry=self._registry)

    def show_keys(self, status: KeysStatus) -> None:
        """Show what each key does, and until when producers may seal."""
        states = Counter(one.state for one in status.epochs)
        for state in get_args(State):
            self.epochs.labels(state).set(states[state])
        ends = [one.not_after for one in status.epochs if one.state == "seals"]
        self.sealing_ends.set(max(ends).timestamp() if ends else 0)
        self.keys_overdue.set(status.overdue)

    def show_quarantine(self, groups: Iterable[Held], now: datetime) -> None:
        """Show what stands in quarantine, by reason; a reason for which nothing stands goes."""
        held = {reason.value: one for reason, one in by_reason(groups).items()}
        _show(self.held_packs, {reason: one.packs for reason, one in held.items()})
        _show(self.held_events, {reason: one.events for reason, one in held.items()})
        ages = {reason: (now - one.since).total_seconds() for reason, one in held.items()}
        left = {reason: (one.readable_until - now).total_seconds() for reason, one in held.items()}
        _show(self.held_for, ages)
        _show(self.held_left, left)

    def show_subjects(self, subjects: Mapping[str, int]) -> None:
        """Show how many subjects the rows of each category are of; a category without rows goes."""
        _show(self.subjects, subjects)

    def show_checks(self, checks: Mapping[str, bool]) -> None:
        """Show which checks of the last verification held."""
        _show(self.checks, checks)


def _show(gauge: Gauge, values: Mapping[str, float]) -> None:
    """Show exactly these values of a gauge with one label."""
    gauge.clear()
    for label, value in values.items():
        gauge.labels(label).set(value)
