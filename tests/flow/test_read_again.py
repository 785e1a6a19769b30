"""What was read and is not stored is read again after a fault, also where the lake has nothing of its partition yet."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kit.crafted import Crafter, datums, lay, lies, settings_of
from kit.installation import Installation
from kit.turned import Running
from remit_consumers.settings import Settings

TURNS = 5
"""More than what lies on the log of these tests takes to be read."""


@contextmanager
def without_vault(settings: Settings) -> Iterator[None]:
    """Have no commit go through meanwhile that names a subject."""
    vault = Path(settings.vault)
    away = vault.with_name("unmounted")
    vault.rename(away)
    try:
        yield
    finally:
        away.rename(vault)


@pytest.fixture
def settings(embedded: Installation) -> Settings:
    """The settings of an installation whose lake knows no partition."""
    return settings_of(embedded)


def test_a_pack_that_waits_at_the_beginning_of_a_partition_still_waits_after_a_fault(
    embedded: Installation, settings: Settings
) -> None:
    crafter, waits = Crafter(settings), Crafter(settings)
    lay(settings, [crafter.pack(datums(), [b"user-1"])], slot=0)
    lay(settings, [waits.pack(datums(), policy_version="2999-01-01")], slot=1)
    running = Running(settings)
    with without_vault(settings):
        running.turn_until_fault()
    lay(settings, [waits.pack(datums())], slot=1)
    for _ in range(TURNS):
        running.runner.turn(hurry=True)
    assert running.runner.waits_for
    assert lies(embedded.data) == 2, "what waits, and what came behind it"
    running.stop()


def test_what_could_not_be_stored_is_never_called_stored(
    embedded: Installation, settings: Settings
) -> None:
    crafter = Crafter(settings)
    lay(settings, [crafter.pack(datums())])
    running = Running(settings)
    running.drain()
    lay(settings, [crafter.pack(datums())])
    away = settings.lake.with_name("unmounted")
    settings.lake.rename(away)
    settings.lake.write_text("in the way")
    running.turn_until_fault()
    for _ in range(2):  # to read again where the lake stands fails, too
        running.runner.turn(hurry=True)
        assert not running.runner.is_drained
    settings.lake.unlink()
    away.rename(settings.lake)
    running.drain()
    running.stop()
    assert embedded.rows("page_view").num_rows == 2
