"""What some reducers need beside values: a key, and a database of places."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Self

from remit_consumers.reducers.places import COUNTRY, Places, open_places
from remit_schemas.policy import Policy

IP_PLACE = "ip_place"
"""The reducer that looks places up."""

IP_ENCRYPTED = "ip_encrypted"
"""The reducer that needs a key."""


@dataclass(frozen=True, slots=True)
class Means:
    """What reducers are made with.

    Attributes:
        key: Gives that from which the keys of encrypted addresses are derived, 32 bytes; asked for at first use.
        places: Gives the database of places, opened when it is first asked for; `SettingsError` where it cannot be.
    """

    key: Callable[[], bytes]
    places: Callable[[], Places]

    @classmethod
    def of(cls, key: bytes, places: Path | None) -> Self:
        """Make them of a key and of the path of an MMDB file, if there is one."""
        return cls.at_need(lambda: key, places)

    @classmethod
    def at_need(cls, key: Callable[[], bytes], places: Path | None) -> Self:
        """Make them of what gives the key when a policy needs one."""
        return cls(key, cache(partial(open_places, places)))

    def check(self, policy: Policy) -> None:
        """See that they are enough for a policy; nothing is opened that it does not need.

        Raises:
            SettingsError: They are not.
        """
        for rule in policy.rules:
            if rule.reduce and IP_PLACE in rule.reduce:
                self.places().require(str(rule.reduce[IP_PLACE].get("place", COUNTRY)))
