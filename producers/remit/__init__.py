"""remit, embedded in an app: emit typed events; what the policy forbids is refused here already.

`import remit` loads nothing else: what is used is loaded when it is named first (PEP 562). So an app that imports
it and has it switched off, and the command line, pay neither time nor memory for pydantic and the policy.
"""

import importlib as _importlib
import typing as _typing

if (
    _typing.TYPE_CHECKING
):  # what type checkers read; the table below is what runs, and a test holds them together
    from remit.client import Client
    from remit.result import Accepted, Held, Recorded, Refused
    from remit_schemas.events import (
        AccountChange,
        AutomatedDecision,
        CampaignEntry,
        ConsentChange,
        IdentityCheck,
        OperationalLog,
        PageView,
        Payment,
        ProfileChange,
        RightsRequest,
        ServiceLog,
        StoreChange,
        SupportContact,
        SurveyAnswer,
    )
    from remit_schemas.subject import visitor

__all__ = [
    "Accepted",
    "AccountChange",
    "AutomatedDecision",
    "CampaignEntry",
    "Client",
    "ConsentChange",
    "Held",
    "IdentityCheck",
    "OperationalLog",
    "PageView",
    "Payment",
    "ProfileChange",
    "Recorded",
    "Refused",
    "RightsRequest",
    "ServiceLog",
    "StoreChange",
    "SupportContact",
    "SurveyAnswer",
    "visitor",
]

_ELSEWHERE = {
    "Client": "remit.client",
    "Accepted": "remit.result",
    "Held": "remit.result",
    "Recorded": "remit.result",
    "Refused": "remit.result",
    "visitor": "remit_schemas.subject",
}
"""Where a name comes from; what is not here is an event."""


def __getattr__(name: str) -> object:
    if name not in __all__:
        message = f"module 'remit' has no attribute {name!r}"
        raise AttributeError(message)
    module = _importlib.import_module(_ELSEWHERE.get(name, "remit_schemas.events"))
    found: object = getattr(module, name)
    globals()[name] = found  # asked once
    return found


def __dir__() -> list[str]:
    return __all__
