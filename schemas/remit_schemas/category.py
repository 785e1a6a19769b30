"""The closed words for data: what it is, what it is for, and what may be decided about it.

Categories are keys of fideslang's data_category tree, purposes of its data_use tree; what fideslang has no key for
sits under the nearest parent as an extension marked `x_`. DPV IRIs are the exchange form.
A category or purpose that is not here fails closed: nothing can be collected under it.

Source: fideslang 3 (CC BY 4.0) and W3C DPV 2.3 (W3C licence), which are attributed by the keys and IRIs themselves.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Necessity(StrEnum):
    """Whether a function can be had without the data: the policy's basic and additional functions."""

    REQUIRED = "required"
    OPTIONAL = "optional"


class Basis(StrEnum):
    """The legal grounds there are; which of them a policy may stand on is the compiler's to say.

    Source: PIPL article 13(1) to 13(6), GDPR article 6(1)(a) to (f).
    """

    CONSENT = "consent"
    CONTRACT = "contract"
    LEGAL_OBLIGATION = "legal_obligation"
    VITAL_INTERESTS = "vital_interests"
    PUBLIC_INTEREST = "public_interest"
    PUBLISHED_BY_SUBJECT = "published_by_subject"
    LEGITIMATE_INTERESTS = "legitimate_interests"


class Law(StrEnum):
    """The laws that a policy's subjects live under; a ground counts only where each of them knows it."""

    PIPL = "pipl"
    GDPR = "gdpr"


UNKNOWN_GROUNDS: Mapping[Law, tuple[Basis, str]] = MappingProxyType(
    {
        Law.PIPL: (Basis.LEGITIMATE_INTERESTS, "PIPL article 13"),
        Law.GDPR: (Basis.PUBLISHED_BY_SUBJECT, "GDPR article 6"),
    }
)
"""The ground that each law does not know, and where it lists those it does. Source: as for `Basis`."""


class Decision(StrEnum):
    """What becomes of a value."""

    KEEP = "keep"
    REDUCE = "reduce"
    REFUSE = "refuse"


class Sensitivity(StrEnum):
    """How close data comes to a person, from the machine to what must never be collected.

    Source: Mozilla Glean's four data sensitivity categories, and `prohibited` on top.
    """

    TECHNICAL = "technical"
    INTERACTION = "interaction"
    STORED_CONTENT = "stored_content"
    HIGHLY_SENSITIVE = "highly_sensitive"
    PROHIBITED = "prohibited"


@dataclass(frozen=True, slots=True)
class Category:
    """A kind of data.

    Attributes:
        key: The fideslang data_category, such as ``user.device.ip_address``.
        meaning: What it is, in words that a person who is no engineer understands.
        dpv: The IRI of the nearest term of W3C DPV.
        sensitivity: How close it comes to a person when no policy says otherwise.
        sensitive_pi: Whether it is sensitive personal information: biometrics, identity, financial accounts, anything of
            a minor under 14. A flag beside the sensitivity, since its handling has grounds of its own (PIPL article 28).
    """

    key: str
    meaning: str
    dpv: str
    sensitivity: Sensitivity
    sensitive_pi: bool = False


@dataclass(frozen=True, slots=True)
class PurposeWord:
    """A kind of use.

    Attributes:
        key: The fideslang data_use, such as ``essential.service``.
        meaning: What it is, in words that a person who is no engineer understands.
        dpv: The IRI of the nearest term of W3C DPV.
        necessity: Whether it is a basic or an additional function when no policy says otherwise.
    """

    key: str
    meaning: str
    dpv: str
    necessity: Necessity


DPV = "https://w3id.org/dpv#"
"""Where DPV's own terms live."""

DPV_PD = "https://w3id.org/dpv/pd#"
"""Where DPV's terms for personal data live."""

_T, _I, _S, _H, _X = (
    Sensitivity  # the five, in their order: the table below stays one line a category
)
_REQUIRED, _OPTIONAL = Necessity

_CATEGORIES = (
    Category(
        "system.operations", "what was done to a system", f"{DPV_PD}ServiceConsumptionBehaviour", _I
    ),
    Category("user.account.username", "nickname", f"{DPV_PD}Username", _H),
    Category(
        "user.account.x_identity_check",
        "that somebody's identity was checked, and how it ended",
        f"{DPV_PD}Identifying",
        _H,
    ),
    Category("user.account.x_store", "facts about a shop", f"{DPV}NonPersonalData", _T),
    Category("user.behavior", "what somebody does", f"{DPV_PD}Behavioural", _I),
    Category(
        "user.behavior.browsing_history",
        "pages visited, and from where",
        f"{DPV_PD}BrowserHistory",
        _S,
    ),
    Category("user.behavior.purchase_history", "orders and transactions", f"{DPV_PD}Purchase", _H),
    Category(
        "user.behavior.search_history", "words searched for", f"{DPV_PD}BrowsingBehaviour", _S
    ),
    Category(
        "user.biometric", "face, voice or fingerprint", f"{DPV_PD}Biometric", _X, sensitive_pi=True
    ),
    Category("user.childrens", "data of a minor", f"{DPV}Child", _H, sensitive_pi=True),
    Category("user.contact", "how to reach somebody", f"{DPV_PD}Contact", _H),
    Category("user.contact.address", "postal address", f"{DPV_PD}PhysicalAddress", _H),
    Category("user.contact.email", "e-mail address", f"{DPV_PD}EmailAddress", _H),
    Category("user.contact.phone_number", "phone number", f"{DPV_PD}TelephoneNumber", _H),
    Category("user.content.private", "messages and calls", f"{DPV_PD}Communication", _X),
    Category(
        "user.content.self_image", "picture of somebody", f"{DPV_PD}Picture", _X, sensitive_pi=True
    ),
    Category("user.content.x_survey_answer", "answers to a survey", f"{DPV_PD}Opinion", _S),
    Category("user.demographic.language", "language used", f"{DPV_PD}Language", _T),
    Category("user.device", "facts about a device", f"{DPV_PD}DeviceBased", _T),
    Category("user.device.cookie_id", "number in a cookie", f"{DPV_PD}UID", _H),
    Category("user.device.device_id", "number of a device", f"{DPV_PD}UID", _H),
    Category("user.device.ip_address", "IP address", f"{DPV_PD}IPAddress", _H),
    Category("user.device.x_hardware", "hardware characteristics", f"{DPV_PD}DeviceBased", _T),
    Category("user.device.x_software", "software characteristics", f"{DPV_PD}DeviceSoftware", _T),
    Category(
        "user.device.x_user_agent",
        "browser and its version, as the browser says",
        f"{DPV_PD}UserAgent",
        _T,
    ),
    Category(
        "user.financial.credit_card",
        "card number and expiry",
        f"{DPV_PD}PaymentCardNumber",
        _X,
        sensitive_pi=True,
    ),
    Category(
        "user.government_id", "proof of identity", f"{DPV_PD}OfficialID", _H, sensitive_pi=True
    ),
    Category("user.location.imprecise", "place no finer than a city", f"{DPV_PD}Location", _I),
    Category("user.name", "name of a person", f"{DPV_PD}Name", _H),
    Category(
        "user.payment",
        "payment accounts and progress",
        f"{DPV_PD}FinancialAccount",
        _X,
        sensitive_pi=True,
    ),
    Category(
        "user.privacy_preferences", "what somebody consented to", f"{DPV_PD}PrivacyPreference", _I
    ),
    Category(
        "user.telemetry",
        "how a service was used and how it ran",
        f"{DPV_PD}ServiceConsumptionBehaviour",
        _I,
    ),
    Category(
        "user.telemetry.x_access_time",
        "date and time of access",
        f"{DPV_PD}ServiceConsumptionBehaviour",
        _I,
    ),
    Category("user.unique_id", "number of an account", f"{DPV_PD}UID", _H),
    Category(
        "user.unique_id.pseudonymous",
        "number that stands for somebody",
        f"{DPV_PD}BrowserFingerprint",
        _H,
    ),
)
# Where several rows of the vocabulary share a key the strictest holds (user.payment, user.content.private);
# its word "personal" is Glean's fourth category: data that alone or combined points at a person.

_PURPOSES = (
    PurposeWord(
        "analytics.reporting",
        "see how the service is used",
        f"{DPV}ServiceUsageAnalytics",
        _OPTIONAL,
    ),
    PurposeWord(
        "analytics.reporting.ad_performance", "measure advertising", f"{DPV}Advertising", _OPTIONAL
    ),
    PurposeWord(
        "essential.fraud_detection",
        "find misuse and anomalies",
        f"{DPV}MisusePreventionAndDetection",
        _REQUIRED,
    ),
    PurposeWord(
        "essential.legal_obligation", "do what the law demands", f"{DPV}LegalCompliance", _REQUIRED
    ),
    PurposeWord(
        "essential.service",
        "provide the basic functions",
        f"{DPV}RequestedServiceProvision",
        _REQUIRED,
    ),
    PurposeWord(
        "essential.service.authentication",
        "create accounts and log in",
        f"{DPV}IdentityAuthentication",
        _REQUIRED,
    ),
    PurposeWord(
        "essential.service.operations",
        "keep the service running",
        f"{DPV}ServiceMonitoring",
        _REQUIRED,
    ),
    PurposeWord(
        "essential.service.operations.support",
        "answer questions and settle disputes",
        f"{DPV}CustomerCare",
        _REQUIRED,
    ),
    PurposeWord(
        "essential.service.payment_processing",
        "take payments",
        f"{DPV}PaymentManagement",
        _REQUIRED,
    ),
    PurposeWord(
        "essential.service.security",
        "verify who somebody is",
        f"{DPV}IdentityVerification",
        _REQUIRED,
    ),
    PurposeWord(
        "functional.service.improve",
        "improve the service",
        f"{DPV}ImproveExistingProductsAndServices",
        _OPTIONAL,
    ),
    PurposeWord("marketing", "a merchant's own marketing", f"{DPV}Marketing", _OPTIONAL),
    PurposeWord(
        "marketing.communications", "campaigns and rewards", f"{DPV}DirectMarketing", _OPTIONAL
    ),
    PurposeWord(
        "personalize", "recommend things", f"{DPV}ProvidePersonalisedRecommendations", _OPTIONAL
    ),
    PurposeWord(
        "third_party_sharing.legal_obligation",
        "hand over because the law says so",
        f"{DPV}Disclose",
        _REQUIRED,
    ),
)

CATEGORIES: Mapping[str, Category] = MappingProxyType({word.key: word for word in _CATEGORIES})
"""Every category there is, by key."""

PURPOSES: Mapping[str, PurposeWord] = MappingProxyType({word.key: word for word in _PURPOSES})
"""Every purpose there is, by key."""

METHODS = ("banner", "settings", "api", "remembered", "gpc", "dnt")
"""How somebody can say what they agree to. Source: W3C DPV, hasIndicationMethod; the words are ours."""

CONCLUDING = ("click", "download", "install", "use", "login")
"""How a contract about a product is concluded by using it; it is never a consent. Source: policy 2021-11-01, S009."""

CHANNELS = ("website", "popup", "app", "email", "support")
"""By which way somebody is told something, or says it. Source: policy 2021-11-01, S090, S114; the words are ours."""

GIVING = ("given", "renewed")
"""The statuses of a consent that allow anything; every other denies but `REQUESTED`. Source: W3C DPV, ConsentStatusValidForProcessing."""

DENYING = ("refused", "withdrawn", "expired", "invalidated", "revoked", "unknown")
"""The statuses that do not. Source: W3C DPV, ConsentStatusInvalidForProcessing."""

REQUESTED = "requested"
"""That somebody was asked: it allows nothing, and takes nothing back. Source: W3C DPV, ConsentRequested."""

NOTIFIED, CONCLUDED, ACCEPTED = "notified", "concluded", "accepted"
"""What is on record of a whole policy version: that somebody was told of it, that a contract was concluded under it, and
that they agreed to it expressly. Source: W3C DPV, NoticeCommunicated, EnterIntoContract, ExplicitlyExpressedConsent."""

STATED = "stated"
"""The status of a record that says something of the subject: their age band, and whose law they stand under."""

SIGNALS: Mapping[str, str] = MappingProxyType(
    {
        "gpc": "Global Privacy Control: the header Sec-GPC: 1",
        "dnt": "Do Not Track: the header DNT: 1",
    }
)
"""What browsers send to say no. Source: W3C Global Privacy Control; W3C Tracking Preference Expression."""


def is_under(category: str, named: Iterable[str]) -> bool:
    """Whether a category is one of these, or lies below one: `user.device` names all that it holds."""
    return any(category == above or category.startswith(f"{above}.") for above in named)
