"""What tests of the edge share: a real edge, in a process of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.edge_process import EdgeProcess, StartEdge
from kit.spooled import Home


@pytest.fixture
def start_edge(home: Home, tmp_path: Path) -> Iterator[StartEdge]:
    """Start edges on the home's data folder; settings by name."""
    started: list[EdgeProcess] = []

    def start(**settings: str) -> EdgeProcess:
        edge = EdgeProcess(home.data, tmp_path / f"output-{len(started)}", **settings)
        started.append(edge)
        return edge

    yield start
    for edge in started:
        edge.end()


@pytest.fixture
def edge(start_edge: StartEdge) -> EdgeProcess:
    """An edge that listens."""
    return start_edge()
