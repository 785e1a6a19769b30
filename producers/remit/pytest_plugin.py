"""What pytest finds when remit is installed: the fixture `remit_capture` and the marker `clause`. Nothing of remit is loaded until a test asks for it."""

from collections.abc import Iterator
from typing import TypeAlias

import pytest

Captured: TypeAlias = object
"""A `remit.testing.Captured`; named without importing it."""


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker by which a test names the sentences of the policy that it proves; `remit policy coverage` reads it."""
    words = "clause(*sentences): names the sentences of the policy that the test proves"
    config.addinivalue_line("markers", words)


@pytest.fixture
def remit_capture() -> Iterator[Captured]:
    """A client that keeps what it would send, under the policy of REMIT_POLICY or the one that is shipped.

    `remit.testing` has the questions to ask of it: `assert_collects`, `assert_never`, `assert_purpose`.
    """
    from remit.testing import capture  # noqa: PLC0415 - every run of pytest would pay for it

    with capture() as captured:
        yield captured
