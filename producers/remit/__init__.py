"""remit, embedded in an app: emit typed events; what the policy forbids is refused here already."""

from remit.client import Client
from remit.result import Accepted, Held, Refused
from remit_schemas.events import ConsentChange, OperationalLog, PageView, ServiceLog
from remit_schemas.subject import visitor

__all__ = [
    "Accepted",
    "Client",
    "ConsentChange",
    "Held",
    "OperationalLog",
    "PageView",
    "Refused",
    "ServiceLog",
    "visitor",
]
