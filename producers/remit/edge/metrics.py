"""What the edge counts. Labels come from closed lists: who sends is an open list, and so no label."""

from typing import Final

from prometheus_client import CollectorRegistry, Counter

ROOMS: Final = ("events", "consent", "policy", "tracker", "other")


class EdgeMetrics:
    """The metrics of one edge, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "remit_edge_requests",
            "Requests, by what was asked for and the status that was answered",
            ["room", "status"],
            registry=self.registry,
        )
        self.events = Counter(
            "remit_edge_events",
            "Events of batches, by what became of them",
            ["outcome"],
            registry=self.registry,
        )
        self.bytes = Counter(
            "remit_edge_body_bytes", "Bytes of bodies, unpacked", registry=self.registry
        )
        self.syncs = Counter(
            "remit_edge_syncs",
            "Group commits, by whether the disk took them",
            ["outcome"],
            registry=self.registry,
        )
        self.taken = self.events.labels("accepted")
        self.again = self.events.labels("duplicate")
        self.refused = self.events.labels("refused")
