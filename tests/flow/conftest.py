"""What the flow tests share: an installation for each, on the embedded log or on a topic of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.flowing import log_of_its_own
from kit.installation import Installation
from kit.kafka import Kafka


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[Installation]:
    """An installation on the embedded log."""
    installed = Installation(tmp_path)
    yield installed
    installed.end_all()


@pytest.fixture
def on_kafka(tmp_path: Path, kafka: Kafka) -> Iterator[Installation]:
    """An installation on a topic that no other test uses."""
    installed = Installation(tmp_path, log=log_of_its_own(kafka))
    yield installed
    installed.end_all()


@pytest.fixture(params=["embedded", pytest.param("on_kafka", marks=pytest.mark.kafka)])
def installed(request: pytest.FixtureRequest) -> Installation:
    """An installation on each of the two logs."""
    found: Installation = request.getfixturevalue(request.param)
    return found
