"""What the tests of the tracker share: an edge that records."""

from collections.abc import Iterator

import pytest

from kit.recording_edge import RecordingEdge


@pytest.fixture
def record() -> Iterator[RecordingEdge]:
    """An edge that writes down what it is sent, and a site on another origin."""
    with RecordingEdge() as recording:
        yield recording
