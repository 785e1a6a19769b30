"""Every reducer by name. Loading them all takes most of a second: see `steps.minimize.load`."""

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType

import pyarrow as pa

from remit_consumers.reducers import (
    closed,
    free_text,
    hardware,
    ip,
    ip_encrypted,
    ip_place,
    language,
    page,
    presence,
    referrer,
    timestamp,
    user_agent,
)
from remit_consumers.reducers.means import IP_ENCRYPTED, IP_PLACE, Means
from remit_consumers.reducers.reducer import Explain, Reduce, Reducer
from remit_consumers.reducers.scope import Rows
from remit_schemas.reducer import Scalar
from remit_schemas.specs import SPECS

_PURE: tuple[tuple[str, Reduce, Explain], ...] = (
    ("ip", ip.reduce, ip.explain),
    ("user_agent", user_agent.reduce, user_agent.explain),
    ("language", language.reduce, language.explain),
    ("timestamp", timestamp.reduce, timestamp.explain),
    ("page", page.reduce, page.explain),
    ("referrer", referrer.reduce, referrer.explain),
    ("free_text", free_text.reduce, free_text.explain),
    ("closed", closed.reduce, closed.explain),
    ("identifier", closed.reduce_identifier, closed.explain_identifier),
    ("identifiers", closed.reduce_identifiers, closed.explain_identifiers),
    ("presence", presence.reduce, presence.explain),
    ("hardware", hardware.reduce, hardware.explain),
    ("screen", hardware.reduce_screen, hardware.explain_screen),
)


def reducers(means: Means) -> Mapping[str, Reducer]:
    """Make every reducer of `SPECS`, and no other.

    Args:
        means: What those need that need more than a value.
    """

    def encrypt(
        values: pa.Array, parameters: Mapping[str, Scalar], rows: Rows | None = None
    ) -> tuple[pa.Array, ...]:
        return ip_encrypted.reduce(values, parameters, rows, key=means.key())

    locate = partial(ip_place.reduce, places=means.places)
    explain = partial(ip_place.explain, places=means.places)
    made = (
        *(Reducer(SPECS[name], reduce, explain) for name, reduce, explain in _PURE),
        Reducer(SPECS[IP_PLACE], locate, explain, source=lambda: means.places().name),
        Reducer(SPECS[IP_ENCRYPTED], encrypt, ip_encrypted.explain, encrypt),
    )
    return MappingProxyType({reducer.spec.name: reducer for reducer in made})
