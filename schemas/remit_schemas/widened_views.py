"""Where readers of a purpose's view can tell more than before: its crowd is smaller, or a name lasts longer.

Which fields a view has is no part of this: a field is in the views of the purposes that it is used for, and a new one is
told where it is said. Which people may read it stands with the keys, not in the policy (docs/views.md).
"""

from collections.abc import Iterator
from typing import get_args

from remit_schemas.change import Change, ChangeKind
from remit_schemas.policy import Policy
from remit_schemas.view import Names, ViewTerms

_LONGEST_FIRST = get_args(Names)


def looser_views(old: Policy, new: Policy) -> Iterator[Change]:
    """Say where the view of a purpose shows more of somebody; a purpose that is gone has no view any more.

    Source: policy 2021-11-01, clause S113.
    """
    for purpose, before in old.views.items():
        if purpose in new.purposes:
            for words in _looser(before, new.views.get(purpose)):
                yield Change(ChangeKind.SHARED, f"views.{purpose}", words)


def _looser(before: ViewTerms, after: ViewTerms | None) -> Iterator[str]:
    """What the view showed less of."""
    crowd, now = before.subjects_min, after.subjects_min if after else None
    if crowd is not None and now is None:
        yield f"showed a row in a crowd of {crowd} subjects, and asks for none"
    elif crowd is not None and now is not None and now < crowd:
        yield f"showed a row in a crowd of {crowd} subjects, and does of {now}"
    name, lasts = before.subject, after.subject if after else "stable"
    if _LONGEST_FIRST.index(lasts) < _LONGEST_FIRST.index(name):
        yield f"names of subjects were {name}, are {lasts}"
