"""Renewing: the files of views that were made once follow a revocation or a sweep in the same run; else they are taken away."""

from collections.abc import Callable

from remit_consumers.clock import Clock
from remit_consumers.lake.fault import reaching
from remit_consumers.settings import Settings
from remit_consumers.views.building import build
from remit_consumers.views.store import drop, held
from remit_schemas.errors import RemitError
from remit_schemas.policy import Policy


def renew(
    settings: Settings, policy: Policy, now: Clock, progress: Callable[[str], None] = lambda _: None
) -> int:
    """Make the views anew that somebody had made, of every purpose that has files; a purpose without any stays so.

    Where a view cannot be made, and of a purpose that the policy does not have any more, its files go: no file may hold
    what was taken back, or is over, longer than the lake does.

    Returns:
        How many were made anew.

    Raises:
        LakeError: Rows cannot be read; the files are gone.
        KeysOutOfReach: The key of the views cannot be read; the same.
    """
    made, failed = 0, list[RemitError | OSError]()
    for purpose in sorted(path.name for path in settings.views.glob("[!.]*") if path.is_dir()):
        if purpose not in policy.purposes:
            _take_away(settings, purpose)
            continue
        progress(f"views/{purpose}")
        try:
            made += sum(one.is_new for one in build(settings, policy, purpose, now()))
        except (RemitError, OSError) as error:
            _take_away(settings, purpose)
            failed.append(error)
    if failed:
        raise failed[0]
    return made


def _take_away(settings: Settings, purpose: str) -> None:
    """Take the files of one purpose's views away, if they are still there."""
    folder = settings.views / purpose
    with reaching(settings.data), held(settings.locks, alone=True):
        if folder.is_dir():
            drop(folder)
