"""remit, embedded in an app: emit typed events; what the policy forbids is refused here already."""

from remit.client import Client
from remit.result import Accepted, Refused
from remit_schemas.events import OperationalLog, PageView, ServiceLog

__all__ = ["Accepted", "Client", "OperationalLog", "PageView", "Refused", "ServiceLog"]
