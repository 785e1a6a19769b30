"""Views of purposes are made of rows: where rows went, or their time is over, they are made anew."""

from collections.abc import Callable
from datetime import datetime

from remit_consumers.settings import Settings
from remit_consumers.views.building import build
from remit_schemas.policy import Policy


def rebuilt(
    settings: Settings,
    policy: Policy,
    now: datetime,
    progress: Callable[[str], None] = lambda _: None,
) -> int:
    """Make anew the views that are there and hold what is due; gives how many.

    Raises:
        LakeError: Rows or views cannot be read or written.
        KeysOutOfReach: The key of the views cannot be read.
    """
    made = 0
    for folder in sorted(settings.views.glob("[!.]*")):
        if folder.is_dir() and folder.name in policy.purposes:
            progress(f"views/{folder.name}")
            made += sum(one.is_new for one in build(settings, policy, folder.name, now))
    return made
