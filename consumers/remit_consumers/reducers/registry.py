"""Every reducer by name. Loading them all takes most of a second: see `steps.minimize.reducers`."""

from collections.abc import Mapping
from types import MappingProxyType

from remit_consumers.reducers import (
    closed,
    free_text,
    hardware,
    ip,
    language,
    page,
    referrer,
    timestamp,
    user_agent,
)
from remit_consumers.reducers.reducer import Reducer
from remit_schemas.specs import SPECS

REDUCERS: Mapping[str, Reducer] = MappingProxyType(
    {
        name: Reducer(SPECS[name], reduce, explain)
        for name, reduce, explain in (
            ("ip", ip.reduce, ip.explain),
            ("user_agent", user_agent.reduce, user_agent.explain),
            ("language", language.reduce, language.explain),
            ("timestamp", timestamp.reduce, timestamp.explain),
            ("page", page.reduce, page.explain),
            ("referrer", referrer.reduce, referrer.explain),
            ("free_text", free_text.reduce, free_text.explain),
            ("closed", closed.reduce, closed.explain),
            ("identifier", closed.reduce_identifier, closed.explain_identifier),
            ("hardware", hardware.reduce, hardware.explain),
            ("screen", hardware.reduce_screen, hardware.explain_screen),
        )
    }
)
"""Exactly the reducers of `SPECS`."""
