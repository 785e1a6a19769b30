"""What the edge counts. Labels come from closed lists: who sends is an open list, and so no label."""

from collections.abc import Iterator
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

ROOMS: Final = ("events", "consent")
OUTCOMES: Final = ("accepted", "duplicate", "refused")
SYNCS: Final = ("done", "failed")
LIMITS: Final = ("address", "key", "busy", "handshakes")


class EdgeMetrics(Collector):
    """The metrics of one edge, in a registry of their own.

    Plain numbers that only the loop's thread adds to: a counter of prometheus-client takes a lock and half a microsecond.

    Attributes:
        registry: Shows them.
        requests: By room and status.
        events: By outcome.
        limited: Requests and connections that were too many, by of what.
        syncs: By outcome; the worker's thread adds to it.
        body_bytes: Of bodies, unpacked.
    """

    def __init__(self) -> None:
        self.requests: dict[tuple[str, int], int] = {}
        self.events = dict.fromkeys(OUTCOMES, 0)
        self.limited: dict[str, int] = dict.fromkeys(LIMITS, 0)
        self.syncs = dict.fromkeys(SYNCS, 0)
        self.body_bytes = 0
        self.registry = CollectorRegistry()
        self.registry.register(self)

    def answered(self, room: str, status: int) -> None:
        """Count a request."""
        key = room, status
        self.requests[key] = self.requests.get(key, 0) + 1

    def shook(self) -> None:
        """Count a connection that was one TLS handshake too many of its address."""
        self.limited["handshakes"] += 1

    def collect(self) -> Iterator[CounterMetricFamily]:
        """Show them; see prometheus-client."""
        asked = CounterMetricFamily(
            "remit_edge_requests", "Requests with batches, by status", labels=["room", "status"]
        )
        for (room, status), count in list(self.requests.items()):
            asked.add_metric([room, str(status)], count)
        yield asked
        for name, words, label, counts in (
            (
                "remit_edge_events",
                "Events of batches, by what became of them",
                "outcome",
                self.events,
            ),
            ("remit_edge_limited", "Requests that were too many, by of what", "of", self.limited),
            (
                "remit_edge_syncs",
                "Group commits, by whether the disk took them",
                "outcome",
                self.syncs,
            ),
        ):
            family = CounterMetricFamily(name, words, labels=[label])
            for word, count in counts.items():
                family.add_metric([word], count)
            yield family
        yield CounterMetricFamily(
            "remit_edge_body_bytes", "Bytes of bodies, unpacked", value=self.body_bytes
        )
