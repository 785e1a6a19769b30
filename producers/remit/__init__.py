"""remit, embedded in an app: emit typed events; what the policy forbids is refused here already."""

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
