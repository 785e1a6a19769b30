"""The typed events, one for each contract.

Generated from the contracts by ``python -m remit_schemas.generate``: change those, not this.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import ClassVar, Self, final

from remit_schemas.event import (
    TEXT,
    TRUTH,
    WHOLE,
    Event,
    moment_ms,
    now_ms,
    text,
    truth,
    unsealed,
    whole,
)


class _AccountChange:
    """The slots of a `AccountChange`, open until it is built."""

    __slots__ = (  # noqa: RUF023 - in the contract's order
        "occurred_at",
        "collected_at",
        "change",
        "outcome",
        "phone",
        "email",
    )

    occurred_at: int
    collected_at: int
    change: str | None
    outcome: str | None
    phone: str | None
    email: str | None


@final
class AccountChange(_AccountChange, Event):
    """An account was made, or how its owner is reached has changed.

    Times are given as aware datetimes or as milliseconds since 1970, and are now unless given.

    Attributes:
        occurred_at: When it happened, in milliseconds since 1970-01-01 UTC.
        collected_at: When remit took it, in milliseconds since 1970-01-01 UTC; the governing
            policy version and the keeping time count from here.
        change: What changed, in one word: "created" or "contact_changed".
        outcome: How it ended, in one word: "done", "denied" or "failed".
        phone: Phone number as given: "+49 151 23456789".
        email: E-mail address as given: "ada@example.com".
    """

    __slots__ = ()
    __contract__: ClassVar[str] = "account_change"
    __fields__: ClassVar[tuple[str, ...]] = _AccountChange.__slots__

    def __new__(  # noqa: PLR0913 - by name only, and one for each field of the contract
        cls,
        *,
        occurred_at: datetime | int | None = None,
        collected_at: datetime | int | None = None,
        change: str | None = None,
        outcome: str | None = None,
        phone: str | None = None,
        email: str | None = None,
    ) -> Self:
        """Build one; a value that is not of its field's type raises `EncodeError`."""
        now = now_ms()
        event = unsealed(_AccountChange)
        event.occurred_at = (
            now if occurred_at is None else moment_ms(occurred_at, "account_change.occurred_at")
        )
        event.collected_at = (
            now if collected_at is None else moment_ms(collected_at, "account_change.collected_at")
        )
        event.change = change if type(change) in TEXT else text(change, "account_change.change")
        event.outcome = (
            outcome if type(outcome) in TEXT else text(outcome, "account_change.outcome")
        )
        event.phone = phone if type(phone) in TEXT else text(phone, "account_change.phone")
        event.email = email if type(email) in TEXT else text(email, "account_change.email")
        event.__class__ = cls
        built: Self = event
        return built


class _AutomatedDecision:
    """The slots of a `AutomatedDecision`, open until it is built."""

    __slots__ = (  # noqa: RUF023 - in the contract's order
        "occurred_at",
        "collected_at",
        "decision",
        "outcome",
        "fields_used",
        "human_review",
    )

    occurred_at: int
    collected_at: int
    decision: str | None
    outcome: str | None
    fields_used: str | None
    human_review: bool | None


@final
class AutomatedDecision(_AutomatedDecision, Event):
    """A program decided about somebody without a human being.

    Times are given as aware datetimes or as milliseconds since 1970, and are now unless given.

    Attributes:
        occurred_at: When it happened, in milliseconds since 1970-01-01 UTC.
        collected_at: When remit took it, in milliseconds since 1970-01-01 UTC; the governing
            policy version and the keeping time count from here.
        decision: Which decision, as the app names it: "order.risk".
        outcome: What was decided, in one word: "allowed", "denied", "limited" or "referred".
        fields_used: Names of the fields that went into it, never their values: "page_view.ip,
            payment.progress".
        human_review: Whether a human being looks at it afterwards.
    """

    __slots__ = ()
    __contract__: ClassVar[str] = "automated_decision"
    __fields__: ClassVar[tuple[str, ...]] = _AutomatedDecision.__slots__

    def __new__(  # noqa: PLR0913 - by name only, and one for each field of the contract
        cls,
        *,
        occurred_at: datetime | int | None = None,
        collected_at: datetime | int | None = None,
        decision: str | None = None,
        outcome: str | None = None,
        fields_used: str | None = None,
        human_review: bool | None = None,
    ) -> Self:
        """Build one; a value that is not of its field's type raises `EncodeError`."""
        now = now_ms()
        event = unsealed(_AutomatedDecision)
        event.occurred_at = (
            now if occurred_at is None else moment_ms(occurred_at, "automated_decision.occurred_at")
        )
        event.collected_at = (
            now
            if collected_at is None
            else moment_ms(collected_at, "automated_decision.collected_at")
        )
        event.decision = (
            decision if type(decision) in TEXT else text(decision, "automated_decision.decision")
        )
        event.outcome = (
            outcome if type(outcome) in TEXT else text(outcome, "automated_decision.outcome")
        )
        event.fields_used = (
            fields_used
            if type(fields_used) in TEXT
            else text(fields_used, "automated_decision.fields_used")
        )
        event.human_review = (
            human_review
            if type(human_review) in TRUTH
            else truth(human_review, "automated_decision.human_review")
        )
        event.__class__ = cls
        built: Self = event
        return built


class _CampaignEntry:
    """The slots of a `CampaignEntry`, open until it is built."""

    __slots__ = (  # noqa: RUF023 - in the contract's order
        "occurred_at",
        "collected_at",
        "campaign",
        "step",
        "name",
        "phone",
        "email",
    )

    occurred_at: int
    collected_at: int
    campaign: str | None
    step: str | None
    name: str | None
    phone: str | None
    email: str | None


@final
class CampaignEntry(_CampaignEntry, Event):
    """Somebody took part in a campaign, or something came of it.

    Times are given as aware datetimes or as milliseconds since 1970, and are now unless given.

    Attributes:
        occurred_at: When it happened, in milliseconds since 1970-01-01 UTC.
        collected_at: When remit took it, in milliseconds since 1970-01-01 UTC; the governing
            policy version and the keeping time count from here.
        campaign: The campaign, as the register names it: "spring_sale".
        step: What came of it, in one word: "entered", "eligible", "not_eligible" or "rewarded".
        name: Name of who takes part, as given.
        phone: Phone number as given: "+49 151 23456789".
        email: E-mail address as given: "ada@example.com".
    """

    __slots__ = ()
    __contract__: ClassVar[str] = "campaign_entry"
    __fields__: ClassVar[tuple[str, ...]] = _CampaignEntry.__slots__

    def __new__(  # noqa: PLR0913 - by name only, and one for each field of the contract
        cls,
        *,
        occurred_at: datetime | int | None = None,
        collected_at: datetime | int | None = None,
        campaign: str | None = None,
        step: str | None = None,
        name: str | None = None,
        phone: str | None = None,
        email: str | None = None,
    ) -> Self:
        """Build one; a value that is not of its field's type raises `EncodeError`."""
        now = now_ms()
        event = unsealed(_CampaignEntry)
        event.occurred_at = (
            now if occurred_at is None else moment_ms(occurred_at, "campaign_entry.occurred_at")
        )
        event.collected_at = (
            now if collected_at is None else moment_ms(collected_at, "campaign_entry.collected_at")
        )
        event.campaign = (
            campaign if type(campaign) in TEXT else text(campaign, "campaign_entry.campaign")
        )
        event.step = step if type(step) in TEXT else text(step, "campaign_entry.step")
        event.name = name if type(name) in TEXT else text(name, "campaign_entry.name")
        event.phone = phone if type(phone) in TEXT else text(phone, "campaign_entry.phone")
        event.email = email if type(email) in TEXT else text(email, "campaign_entry.email")
        event.__class__ = cls
        built: Self = event
        return built


class _ConsentChange:
    """The slots of a `ConsentChange`, open until it is built."""

    __slots__ = (  # noqa: RUF023 - in the contract's order
        "occurred_at",
        "collected_at",
        "purpose",
        "status",
        "agreed_version",
        "method",
        "channel",
        "actor",
        "guardian",
        "age_band",
        "jurisdiction",
        "minor_basis",
    )

    occurred_at: int
    collected_at: int
    purpose: str | None
    status: str | None
    agreed_version: str | None
    method: str | None
    channel: str | None
    actor: str | None
    guardian: str | None
    age_band: str | None
    jurisdiction: str | None
    minor_basis: str | None


@final
class ConsentChange(_ConsentChange, Event):
    """What somebody said to a purpose or to a policy version, or what is on record of them for the consent ledger.

    Times are given as aware datetimes or as milliseconds since 1970, and are now unless given.

    Attributes:
        occurred_at: When it happened, in milliseconds since 1970-01-01 UTC.
        collected_at: When remit took it, in milliseconds since 1970-01-01 UTC; the governing
            policy version and the keeping time count from here.
        purpose: The purpose, one for each event: "analytics.reporting"; null where it is about
            the whole policy, or about the subject.
        status: What became of a purpose: "given", "renewed", "refused", "withdrawn",
            "requested", "expired" or "invalidated"; of the policy: "notified", "concluded" or
            "accepted"; of the subject: "stated".
        agreed_version: The policy version that was shown: "2021-11-01".
        method: How it was said: "banner", "settings", "api", "remembered", "gpc" or "dnt"; of
            the policy: "click", "download", "install", "use" or "login".
        channel: By which way it was said or told: "website", "popup", "app", "email" or
            "support".
        actor: Who said it: "subject", "guardian" or "representative"; null is the subject.
        guardian: The guardian, named like a subject, where one spoke for a minor: "user-9". The
            ledger alone keeps it, under a name of its own.
        age_band: How old the subject is: "under_13", "13", "14", "15", "16_17", "18_20",
            "adult" or "unknown". The ledger alone keeps it.
        jurisdiction: Under whose law the subject stands, ISO 3166-1 alpha-2: "CN". The ledger
            alone keeps it.
        minor_basis: On what ground a minor's data may be collected: "guardian_consent",
            "legal_permission" or "protection". The ledger alone keeps it.
    """

    __slots__ = ()
    __contract__: ClassVar[str] = "consent_change"
    __fields__: ClassVar[tuple[str, ...]] = _ConsentChange.__slots__

    def __new__(  # noqa: PLR0913 - by name only, and one for each field of the contract
        cls,
        *,
        occurred_at: datetime | int | None = None,
        collected_at: datetime | int | None = None,
        purpose: str | None = None,
        status: str | None = None,
        agreed_version: str | None = None,
        method: str | None = None,
        channel: str | None = None,
        actor: str | None = None,
        guardian: str | None = None,
        age_band: str | None = None,
        jurisdiction: str | None = None,
        minor_basis: str | None = None,
    ) -> Self:
        """Build one; a value that is not of its field's type raises `EncodeError`."""
        now = now_ms()
        event = unsealed(_ConsentChange)
        event.occurred_at = (
            now if occurred_at is None else moment_ms(occurred_at, "consent_change.occurred_at")
        )
        event.collected_at = (
            now if collected_at is None else moment_ms(collected_at, "consent_change.collected_at")
        )
        event.purpose = (
            purpose if type(purpose) in TEXT else text(purpose, "consent_change.purpose")
        )
        event.status = status if type(status) in TEXT else text(status, "consent_change.status")
        event.agreed_version = (
            agreed_version
            if type(agreed_version) in TEXT
            else text(agreed_version, "consent_change.agreed_version")
        )
        event.method = method if type(method) in TEXT else text(method, "consent_change.method")
        event.channel = (
            channel if type(channel) in TEXT else text(channel, "consent_change.channel")
        )
        event.actor = actor if type(actor) in TEXT else text(actor, "consent_change.actor")
        event.guardian = (
            guardian if type(guardian) in TEXT else text(guardian, "consent_change.guardian")
        )
        event.age_band = (
            age_band if type(age_band) in TEXT else text(age_band, "consent_change.age_band")
        )
        event.jurisdiction = (
            jurisdiction
            if type(jurisdiction) in TEXT
            else text(jurisdiction, "consent_change.jurisdiction")
        )
        event.minor_basis = (
            minor_basis
            if type(minor_basis) in TEXT
            else text(minor_basis, "consent_change.minor_basis")
        )
        event.__class__ = cls
        built: Self = event
        return built


class _IdentityCheck:
    """The slots of a `IdentityCheck`, open until it is built."""

    __slots__ = (  # noqa: RUF023 - in the contract's order
        "occurred_at",
        "collected_at",
        "verified",
        "method",
        "ground",
        "document_number",
        "face_image",
    )

    occurred_at: int
    collected_at: int
    verified: bool | None
    method: str | None
    ground: str | None
    document_number: str | None
    face_image: str | None


@final
class IdentityCheck(_IdentityCheck, Event):
    """Somebody's identity was checked; nothing but how it ended.

    Times are given as aware datetimes or as milliseconds since 1970, and are now unless given.

    Attributes:
        occurred_at: When it happened, in milliseconds since 1970-01-01 UTC.
        collected_at: When remit took it, in milliseconds since 1970-01-01 UTC; the governing
            policy version and the keeping time count from here.
        verified: Whether the identity was proved.
        method: How, in one word: "document", "face", "phone" or "email".
        ground: Why the law asks: "minors", "telecom_fraud", "tax" or "authority".
        document_number: Never given: a proof of identity is refused.
        face_image: Never given: a face is refused.
    """

    __slots__ = ()
    __contract__: ClassVar[str] = "identity_check"
    __fields__: ClassVar[tuple[str, ...]] = _IdentityCheck.__slots__

    def __new__(  # noqa: PLR0913 - by name only, and one for each field of the contract
        cls,
        *,
        occurred_at: datetime | int | None = None,
        collected_at: datetime | int | None = None,
        verified: bool | None = None,
        method: str | None = None,
        ground: str | None = None,
        document_number: str | None = None,
        face_image: str | None = None,
    ) -> Self:
        """Build one; a value that is not of its field's type raises `EncodeError`."""
        now = now_ms()
        event = unsealed(_IdentityCheck)
        event.occurred_at = (
            now if occurred_at is None else moment_ms(occurred_at, "identity_check.occurred_at")
        )
        event.collected_at = (
            now if collected_at is None else moment_ms(collected_at, "identity_check.collected_at")
        )
        event.verified = (
            verified if type(verified) in TRUTH else truth(verified, "identity_check.verified")
        )
        event.method = method if type(method) in TEXT else text(method, "identity_check.method")
        event.ground = ground if type(ground) in TEXT else text(ground, "identity_check.ground")
        event.document_number = (
            document_number
            if type(document_number) in TEXT
            else text(document_number, "identity_check.document_number")
        )
        event.face_image = (
            face_image
            if type(face_image) in TEXT
            else text(face_image, "identity_check.face_image")
        )
        event.__class__ = cls
        built: Self = event
        return built


class _OperationalLog:
    """The slots of a `OperationalLog`, open until it is built."""

    __slots__ = (  # noqa: RUF023 - in the contract's order
        "occurred_at",
        "collected_at",
        "operation",
        "target_kind",
        "target",
        "outcome",
        "ip",
    )

    occurred_at: int
    collected_at: int
    operation: str | None
    target_kind: str | None
    target: str | None
    outcome: str | None
    ip: str | None


@final
class OperationalLog(_OperationalLog, Event):
    """Somebody or something operated the system.

    Times are given as aware datetimes or as milliseconds since 1970, and are now unless given.

    Attributes:
        occurred_at: When it happened, in milliseconds since 1970-01-01 UTC.
        collected_at: When remit took it, in milliseconds since 1970-01-01 UTC; the governing
            policy version and the keeping time count from here.
        operation: What was done, as a dotted verb: "order.refund".
        target_kind: Kind of thing it was done to: "order".
        target: Which one, as the app names it.
        outcome: How it ended, in one word: "done", "denied" or "failed".
        ip: Address of the client, IPv4 or IPv6 as text: "203.0.113.7".
    """

    __slots__ = ()
    __contract__: ClassVar[str] = "operational_log"
    __fields__: ClassVar[tuple[str, ...]] = _OperationalLog.__slots__

    def __new__(  # noqa: PLR0913 - by name only, and one for each field of the contract
        cls,
        *,
        occurred_at: datetime | int | None = None,
        collected_at: datetime | int | None = None,
        operation: str | None = None,
        target_kind: str | None = None,
        target: str | None = None,
        outcome: str | None = None,
        ip: str | None = None,
    ) -> Self:
        """Build one; a value that is not of its field's type raises `EncodeError`."""
        now = now_ms()
        event = unsealed(_OperationalLog)
        event.occurred_at = (
            now if occurred_at is None else moment_ms(occurred_at, "operational_log.occurred_at")
        )
        event.collected_at = (
            now if collected_at is None else moment_ms(collected_at, "operational_log.collected_at")
        )
        event.operation = (
            operation if type(operation) in TEXT else text(operation, "operational_log.operation")
        )
        event.target_kind = (
            target_kind
            if type(target_kind) in TEXT
            else text(target_kind, "operational_log.target_kind")
        )
        event.target = target if type(target) in TEXT else text(target, "operational_log.target")
        event.outcome = (
            outcome if type(outcome) in TEXT else text(outcome, "operational_log.outcome")
        )
        event.ip = ip if type(ip) in TEXT else text(ip, "operational_log.ip")
        event.__class__ = cls
        built: Self = event
        return built


class _PageView:
    """The slots of a `PageView`, open until it is built."""

    __slots__ = (  # noqa: RUF023 - in the contract's order
        "occurred_at",
        "collected_at",
        "ip",
        "user_agent",
        "language",
        "page",
        "referrer",
        "method",
        "status",
        "duration_ms",
        "hardware",
        "screen",
        "platform",
        "viewport",
        "utc_offset",
    )

    occurred_at: int
    collected_at: int
    ip: str | None
    user_agent: str | None
    language: str | None
    page: str | None
    referrer: str | None
    method: str | None
    status: int | None
    duration_ms: int | None
    hardware: str | None
    screen: str | None
    platform: str | None
    viewport: str | None
    utc_offset: str | None


@final
class PageView(_PageView, Event):
    """A page was asked for and answered.

    Times are given as aware datetimes or as milliseconds since 1970, and are now unless given.

    Attributes:
        occurred_at: When it happened, in milliseconds since 1970-01-01 UTC.
        collected_at: When remit took it, in milliseconds since 1970-01-01 UTC; the governing
            policy version and the keeping time count from here.
        ip: Address of the client, IPv4 or IPv6 as text: "203.0.113.7".
        user_agent: The User-Agent header as sent; the Client Hints Sec-CH-UA, Sec-CH-UA-Mobile
            and Sec-CH-UA-Platform may follow it as header lines, each behind a line break or a
            blank: "Mozilla/5.0 … Sec-CH-UA-Mobile: ?0". Other hints are never used and never kept.
        language: The Accept-Language header as sent: "de-CH,de;q=0.9".
        page: Page visited, as a path with its query or a whole URL: "/orders/12?tab=1".
        referrer: Where the visitor came from, as a whole URL.
        method: HTTP method in capitals: "GET".
        status: HTTP status code of the answer: 200.
        duration_ms: Time from request to answer, in milliseconds.
        hardware: Cores and memory as "cores=8 memory_gb=16"; either may be missing.
        screen: Size of the screen in CSS pixels, width first: "1920x1080".
        platform: What the visitor used, set by the door the event came in by: "web", "desktop",
            "mobile" or "other".
        viewport: Class of the window that pages are shown in, by its longer side: "small",
            "medium", "large" or "huge"; or its size in CSS pixels.
        utc_offset: How far the visitor's clock is from UTC, in whole hours: "+08:00".
    """

    __slots__ = ()
    __contract__: ClassVar[str] = "page_view"
    __fields__: ClassVar[tuple[str, ...]] = _PageView.__slots__

    def __new__(  # noqa: PLR0913 - by name only, and one for each field of the contract
        cls,
        *,
        occurred_at: datetime | int | None = None,
        collected_at: datetime | int | None = None,
        ip: str | None = None,
        user_agent: str | None = None,
        language: str | None = None,
        page: str | None = None,
        referrer: str | None = None,
        method: str | None = None,
        status: int | None = None,
        duration_ms: int | None = None,
        hardware: str | None = None,
        screen: str | None = None,
        platform: str | None = None,
        viewport: str | None = None,
        utc_offset: str | None = None,
    ) -> Self:
        """Build one; a value that is not of its field's type raises `EncodeError`."""
        now = now_ms()
        event = unsealed(_PageView)
        event.occurred_at = (
            now if occurred_at is None else moment_ms(occurred_at, "page_view.occurred_at")
        )
        event.collected_at = (
            now if collected_at is None else moment_ms(collected_at, "page_view.collected_at")
        )
        event.ip = ip if type(ip) in TEXT else text(ip, "page_view.ip")
        event.user_agent = (
            user_agent if type(user_agent) in TEXT else text(user_agent, "page_view.user_agent")
        )
        event.language = (
            language if type(language) in TEXT else text(language, "page_view.language")
        )
        event.page = page if type(page) in TEXT else text(page, "page_view.page")
        event.referrer = (
            referrer if type(referrer) in TEXT else text(referrer, "page_view.referrer")
        )
        event.method = method if type(method) in TEXT else text(method, "page_view.method")
        event.status = status if type(status) in WHOLE else whole(status, "page_view.status")
        event.duration_ms = (
            duration_ms
            if type(duration_ms) in WHOLE
            else whole(duration_ms, "page_view.duration_ms")
        )
        event.hardware = (
            hardware if type(hardware) in TEXT else text(hardware, "page_view.hardware")
        )
        event.screen = screen if type(screen) in TEXT else text(screen, "page_view.screen")
        event.platform = (
            platform if type(platform) in TEXT else text(platform, "page_view.platform")
        )
        event.viewport = (
            viewport if type(viewport) in TEXT else text(viewport, "page_view.viewport")
        )
        event.utc_offset = (
            utc_offset if type(utc_offset) in TEXT else text(utc_offset, "page_view.utc_offset")
        )
        event.__class__ = cls
        built: Self = event
        return built


class _Payment:
    """The slots of a `Payment`, open until it is built."""

    __slots__ = (  # noqa: RUF023 - in the contract's order
        "occurred_at",
        "collected_at",
        "method",
        "progress",
        "source",
        "member_name",
        "account_number",
        "card_number",
        "card_expiry",
    )

    occurred_at: int
    collected_at: int
    method: str | None
    progress: str | None
    source: str | None
    member_name: str | None
    account_number: str | None
    card_number: str | None
    card_expiry: str | None


@final
class Payment(_Payment, Event):
    """A payment went on; no record of the transaction.

    Times are given as aware datetimes or as milliseconds since 1970, and are now unless given.

    Attributes:
        occurred_at: When it happened, in milliseconds since 1970-01-01 UTC.
        collected_at: When remit took it, in milliseconds since 1970-01-01 UTC; the governing
            policy version and the keeping time count from here.
        method: How it is paid, in one word: "alipay", "wechat" or "bank_card".
        progress: How far it is, in one word: "started", "paid", "failed", "cancelled",
            "refunded" or "disputed".
        source: Who said so, in one word: "own", "payer", "provider".
        member_name: Never given: a name at a payment provider is refused.
        account_number: Never given: a number of an account is refused.
        card_number: Never given: a card's number is refused.
        card_expiry: Never given: a card's expiry is refused.
    """

    __slots__ = ()
    __contract__: ClassVar[str] = "payment"
    __fields__: ClassVar[tuple[str, ...]] = _Payment.__slots__

    def __new__(  # noqa: PLR0913 - by name only, and one for each field of the contract
        cls,
        *,
        occurred_at: datetime | int | None = None,
        collected_at: datetime | int | None = None,
        method: str | None = None,
        progress: str | None = None,
        source: str | None = None,
        member_name: str | None = None,
        account_number: str | None = None,
        card_number: str | None = None,
        card_expiry: str | None = None,
    ) -> Self:
        """Build one; a value that is not of its field's type raises `EncodeError`."""
        now = now_ms()
        event = unsealed(_Payment)
        event.occurred_at = (
            now if occurred_at is None else moment_ms(occurred_at, "payment.occurred_at")
        )
        event.collected_at = (
            now if collected_at is None else moment_ms(collected_at, "payment.collected_at")
        )
        event.method = method if type(method) in TEXT else text(method, "payment.method")
        event.progress = progress if type(progress) in TEXT else text(progress, "payment.progress")
        event.source = source if type(source) in TEXT else text(source, "payment.source")
        event.member_name = (
            member_name if type(member_name) in TEXT else text(member_name, "payment.member_name")
        )
        event.account_number = (
            account_number
            if type(account_number) in TEXT
            else text(account_number, "payment.account_number")
        )
        event.card_number = (
            card_number if type(card_number) in TEXT else text(card_number, "payment.card_number")
        )
        event.card_expiry = (
            card_expiry if type(card_expiry) in TEXT else text(card_expiry, "payment.card_expiry")
        )
        event.__class__ = cls
        built: Self = event
        return built


class _ProfileChange:
    """The slots of a `ProfileChange`, open until it is built."""

    __slots__ = (  # noqa: RUF023 - in the contract's order
        "occurred_at",
        "collected_at",
        "nickname",
        "phone",
        "email",
        "address",
        "picture",
    )

    occurred_at: int
    collected_at: int
    nickname: str | None
    phone: str | None
    email: str | None
    address: str | None
    picture: str | None


@final
class ProfileChange(_ProfileChange, Event):
    """Somebody added to their profile what an account does not need.

    Times are given as aware datetimes or as milliseconds since 1970, and are now unless given.

    Attributes:
        occurred_at: When it happened, in milliseconds since 1970-01-01 UTC.
        collected_at: When remit took it, in milliseconds since 1970-01-01 UTC; the governing
            policy version and the keeping time count from here.
        nickname: Nickname as given: "ada".
        phone: Phone number as given: "+49 151 23456789".
        email: E-mail address as given: "ada@example.com".
        address: Postal address as given.
        picture: Never given: a picture of somebody is refused.
    """

    __slots__ = ()
    __contract__: ClassVar[str] = "profile_change"
    __fields__: ClassVar[tuple[str, ...]] = _ProfileChange.__slots__

    def __new__(  # noqa: PLR0913 - by name only, and one for each field of the contract
        cls,
        *,
        occurred_at: datetime | int | None = None,
        collected_at: datetime | int | None = None,
        nickname: str | None = None,
        phone: str | None = None,
        email: str | None = None,
        address: str | None = None,
        picture: str | None = None,
    ) -> Self:
        """Build one; a value that is not of its field's type raises `EncodeError`."""
        now = now_ms()
        event = unsealed(_ProfileChange)
        event.occurred_at = (
            now if occurred_at is None else moment_ms(occurred_at, "profile_change.occurred_at")
        )
        event.collected_at = (
            now if collected_at is None else moment_ms(collected_at, "profile_change.collected_at")
        )
        event.nickname = (
            nickname if type(nickname) in TEXT else text(nickname, "profile_change.nickname")
        )
        event.phone = phone if type(phone) in TEXT else text(phone, "profile_change.phone")
        event.email = email if type(email) in TEXT else text(email, "profile_change.email")
        event.address = (
            address if type(address) in TEXT else text(address, "profile_change.address")
        )
        event.picture = (
            picture if type(picture) in TEXT else text(picture, "profile_change.picture")
        )
        event.__class__ = cls
        built: Self = event
        return built


class _RightsRequest:
    """The slots of a `RightsRequest`, open until it is built."""

    __slots__ = (  # noqa: RUF023 - in the contract's order
        "occurred_at",
        "collected_at",
        "right",
        "requester",
        "channel",
        "state",
        "denial",
        "proof",
    )

    occurred_at: int
    collected_at: int
    right: str | None
    requester: str | None
    channel: str | None
    state: str | None
    denial: str | None
    proof: str | None


@final
class RightsRequest(_RightsRequest, Event):
    """Somebody asked for what they have a right to, or it went on.

    Times are given as aware datetimes or as milliseconds since 1970, and are now unless given.

    Attributes:
        occurred_at: When it happened, in milliseconds since 1970-01-01 UTC.
        collected_at: When remit took it, in milliseconds since 1970-01-01 UTC; the governing
            policy version and the keeping time count from here.
        right: Which, in one word: "access", "correct", "delete", "withdraw", "cancel_account",
            "explain", "object" or "copy".
        requester: Who asks, in one word: "self", "guardian", "close_relative" or
            "other_entitled".
        channel: By which way, in one word: "support" or "complaint".
        state: How far it is, in one word: "received", "verifying", "in_work", "done" or
            "denied".
        denial: Why it was denied, as W3C DPV names it: "ProcessUnfounded".
        proof: Never given: a proof of identity is refused.
    """

    __slots__ = ()
    __contract__: ClassVar[str] = "rights_request"
    __fields__: ClassVar[tuple[str, ...]] = _RightsRequest.__slots__

    def __new__(  # noqa: PLR0913 - by name only, and one for each field of the contract
        cls,
        *,
        occurred_at: datetime | int | None = None,
        collected_at: datetime | int | None = None,
        right: str | None = None,
        requester: str | None = None,
        channel: str | None = None,
        state: str | None = None,
        denial: str | None = None,
        proof: str | None = None,
    ) -> Self:
        """Build one; a value that is not of its field's type raises `EncodeError`."""
        now = now_ms()
        event = unsealed(_RightsRequest)
        event.occurred_at = (
            now if occurred_at is None else moment_ms(occurred_at, "rights_request.occurred_at")
        )
        event.collected_at = (
            now if collected_at is None else moment_ms(collected_at, "rights_request.collected_at")
        )
        event.right = right if type(right) in TEXT else text(right, "rights_request.right")
        event.requester = (
            requester if type(requester) in TEXT else text(requester, "rights_request.requester")
        )
        event.channel = (
            channel if type(channel) in TEXT else text(channel, "rights_request.channel")
        )
        event.state = state if type(state) in TEXT else text(state, "rights_request.state")
        event.denial = denial if type(denial) in TEXT else text(denial, "rights_request.denial")
        event.proof = proof if type(proof) in TEXT else text(proof, "rights_request.proof")
        event.__class__ = cls
        built: Self = event
        return built


class _ServiceLog:
    """The slots of a `ServiceLog`, open until it is built."""

    __slots__ = (  # noqa: RUF023 - in the contract's order
        "occurred_at",
        "collected_at",
        "level",
        "logger",
        "template",
        "arguments",
        "message",
        "ip",
    )

    occurred_at: int
    collected_at: int
    level: str | None
    logger: str | None
    template: str | None
    arguments: str | None
    message: str | None
    ip: str | None


@final
class ServiceLog(_ServiceLog, Event):
    """A service wrote a line to its log.

    Times are given as aware datetimes or as milliseconds since 1970, and are now unless given.

    Attributes:
        occurred_at: When it happened, in milliseconds since 1970-01-01 UTC.
        collected_at: When remit took it, in milliseconds since 1970-01-01 UTC; the governing
            policy version and the keeping time count from here.
        level: Severity in capitals, as Python's logging names it: "WARNING".
        logger: Dotted name of the logger: "shop.checkout".
        template: The message before its arguments went in: "order %s took %d ms".
        arguments: The arguments of the template, as a JSON object or array in one text.
        message: The message as a person reads it.
        ip: Address of the client, IPv4 or IPv6 as text: "203.0.113.7".
    """

    __slots__ = ()
    __contract__: ClassVar[str] = "service_log"
    __fields__: ClassVar[tuple[str, ...]] = _ServiceLog.__slots__

    def __new__(  # noqa: PLR0913 - by name only, and one for each field of the contract
        cls,
        *,
        occurred_at: datetime | int | None = None,
        collected_at: datetime | int | None = None,
        level: str | None = None,
        logger: str | None = None,
        template: str | None = None,
        arguments: str | None = None,
        message: str | None = None,
        ip: str | None = None,
    ) -> Self:
        """Build one; a value that is not of its field's type raises `EncodeError`."""
        now = now_ms()
        event = unsealed(_ServiceLog)
        event.occurred_at = (
            now if occurred_at is None else moment_ms(occurred_at, "service_log.occurred_at")
        )
        event.collected_at = (
            now if collected_at is None else moment_ms(collected_at, "service_log.collected_at")
        )
        event.level = level if type(level) in TEXT else text(level, "service_log.level")
        event.logger = logger if type(logger) in TEXT else text(logger, "service_log.logger")
        event.template = (
            template if type(template) in TEXT else text(template, "service_log.template")
        )
        event.arguments = (
            arguments if type(arguments) in TEXT else text(arguments, "service_log.arguments")
        )
        event.message = message if type(message) in TEXT else text(message, "service_log.message")
        event.ip = ip if type(ip) in TEXT else text(ip, "service_log.ip")
        event.__class__ = cls
        built: Self = event
        return built


class _StoreChange:
    """The slots of a `StoreChange`, open until it is built."""

    __slots__ = (  # noqa: RUF023 - in the contract's order
        "occurred_at",
        "collected_at",
        "change",
        "kind",
        "name",
        "address",
    )

    occurred_at: int
    collected_at: int
    change: str | None
    kind: str | None
    name: str | None
    address: str | None


@final
class StoreChange(_StoreChange, Event):
    """A merchant connected a shop, changed it or took it away.

    Times are given as aware datetimes or as milliseconds since 1970, and are now unless given.

    Attributes:
        occurred_at: When it happened, in milliseconds since 1970-01-01 UTC.
        collected_at: When remit took it, in milliseconds since 1970-01-01 UTC; the governing
            policy version and the keeping time count from here.
        change: What changed, in one word: "connected", "updated" or "disconnected".
        kind: What kind of shop, in one word: "independent_site" or "marketplace".
        name: The shop's name as given.
        address: The shop's address on the web, as given: "https://shop.example".
    """

    __slots__ = ()
    __contract__: ClassVar[str] = "store_change"
    __fields__: ClassVar[tuple[str, ...]] = _StoreChange.__slots__

    def __new__(  # noqa: PLR0913 - by name only, and one for each field of the contract
        cls,
        *,
        occurred_at: datetime | int | None = None,
        collected_at: datetime | int | None = None,
        change: str | None = None,
        kind: str | None = None,
        name: str | None = None,
        address: str | None = None,
    ) -> Self:
        """Build one; a value that is not of its field's type raises `EncodeError`."""
        now = now_ms()
        event = unsealed(_StoreChange)
        event.occurred_at = (
            now if occurred_at is None else moment_ms(occurred_at, "store_change.occurred_at")
        )
        event.collected_at = (
            now if collected_at is None else moment_ms(collected_at, "store_change.collected_at")
        )
        event.change = change if type(change) in TEXT else text(change, "store_change.change")
        event.kind = kind if type(kind) in TEXT else text(kind, "store_change.kind")
        event.name = name if type(name) in TEXT else text(name, "store_change.name")
        event.address = address if type(address) in TEXT else text(address, "store_change.address")
        event.__class__ = cls
        built: Self = event
        return built


class _SupportContact:
    """The slots of a `SupportContact`, open until it is built."""

    __slots__ = (  # noqa: RUF023 - in the contract's order
        "occurred_at",
        "collected_at",
        "channel",
        "duration_s",
        "outcome",
        "membership_verified",
        "ticket",
        "content",
        "recording",
    )

    occurred_at: int
    collected_at: int
    channel: str | None
    duration_s: int | None
    outcome: str | None
    membership_verified: bool | None
    ticket: str | None
    content: str | None
    recording: str | None


@final
class SupportContact(_SupportContact, Event):
    """Somebody was in contact with customer service; nothing of what was said.

    Times are given as aware datetimes or as milliseconds since 1970, and are now unless given.

    Attributes:
        occurred_at: When it happened, in milliseconds since 1970-01-01 UTC.
        collected_at: When remit took it, in milliseconds since 1970-01-01 UTC; the governing
            policy version and the keeping time count from here.
        channel: By which way, in one word: "chat", "email", "phone" or "form".
        duration_s: How long it took, in seconds.
        outcome: How it ended, in one word: "solved", "open", "escalated" or "refused".
        membership_verified: Whether the membership was proved first.
        ticket: Number of the case, as the support system names it.
        content: Never given: what was said or written is refused.
        recording: Never given: a recording, or where it lies, is refused.
    """

    __slots__ = ()
    __contract__: ClassVar[str] = "support_contact"
    __fields__: ClassVar[tuple[str, ...]] = _SupportContact.__slots__

    def __new__(  # noqa: PLR0913 - by name only, and one for each field of the contract
        cls,
        *,
        occurred_at: datetime | int | None = None,
        collected_at: datetime | int | None = None,
        channel: str | None = None,
        duration_s: int | None = None,
        outcome: str | None = None,
        membership_verified: bool | None = None,
        ticket: str | None = None,
        content: str | None = None,
        recording: str | None = None,
    ) -> Self:
        """Build one; a value that is not of its field's type raises `EncodeError`."""
        now = now_ms()
        event = unsealed(_SupportContact)
        event.occurred_at = (
            now if occurred_at is None else moment_ms(occurred_at, "support_contact.occurred_at")
        )
        event.collected_at = (
            now if collected_at is None else moment_ms(collected_at, "support_contact.collected_at")
        )
        event.channel = (
            channel if type(channel) in TEXT else text(channel, "support_contact.channel")
        )
        event.duration_s = (
            duration_s
            if type(duration_s) in WHOLE
            else whole(duration_s, "support_contact.duration_s")
        )
        event.outcome = (
            outcome if type(outcome) in TEXT else text(outcome, "support_contact.outcome")
        )
        event.membership_verified = (
            membership_verified
            if type(membership_verified) in TRUTH
            else truth(membership_verified, "support_contact.membership_verified")
        )
        event.ticket = ticket if type(ticket) in TEXT else text(ticket, "support_contact.ticket")
        event.content = (
            content if type(content) in TEXT else text(content, "support_contact.content")
        )
        event.recording = (
            recording if type(recording) in TEXT else text(recording, "support_contact.recording")
        )
        event.__class__ = cls
        built: Self = event
        return built


class _SurveyAnswer:
    """The slots of a `SurveyAnswer`, open until it is built."""

    __slots__ = (  # noqa: RUF023 - in the contract's order
        "occurred_at",
        "collected_at",
        "survey",
        "question",
        "score",
        "answer",
    )

    occurred_at: int
    collected_at: int
    survey: str | None
    question: str | None
    score: int | None
    answer: str | None


@final
class SurveyAnswer(_SurveyAnswer, Event):
    """Somebody answered a question of a survey.

    Times are given as aware datetimes or as milliseconds since 1970, and are now unless given.

    Attributes:
        occurred_at: When it happened, in milliseconds since 1970-01-01 UTC.
        collected_at: When remit took it, in milliseconds since 1970-01-01 UTC; the governing
            policy version and the keeping time count from here.
        survey: The survey, as the app names it: "after_setup".
        question: The question, as the app names it: "ease_of_use".
        score: The answer on a scale.
        answer: The answer in words, as written.
    """

    __slots__ = ()
    __contract__: ClassVar[str] = "survey_answer"
    __fields__: ClassVar[tuple[str, ...]] = _SurveyAnswer.__slots__

    def __new__(  # noqa: PLR0913 - by name only, and one for each field of the contract
        cls,
        *,
        occurred_at: datetime | int | None = None,
        collected_at: datetime | int | None = None,
        survey: str | None = None,
        question: str | None = None,
        score: int | None = None,
        answer: str | None = None,
    ) -> Self:
        """Build one; a value that is not of its field's type raises `EncodeError`."""
        now = now_ms()
        event = unsealed(_SurveyAnswer)
        event.occurred_at = (
            now if occurred_at is None else moment_ms(occurred_at, "survey_answer.occurred_at")
        )
        event.collected_at = (
            now if collected_at is None else moment_ms(collected_at, "survey_answer.collected_at")
        )
        event.survey = survey if type(survey) in TEXT else text(survey, "survey_answer.survey")
        event.question = (
            question if type(question) in TEXT else text(question, "survey_answer.question")
        )
        event.score = score if type(score) in WHOLE else whole(score, "survey_answer.score")
        event.answer = answer if type(answer) in TEXT else text(answer, "survey_answer.answer")
        event.__class__ = cls
        built: Self = event
        return built


EVENTS: Mapping[type[Event], str] = MappingProxyType(
    {
        AccountChange: "account_change",
        AutomatedDecision: "automated_decision",
        CampaignEntry: "campaign_entry",
        ConsentChange: "consent_change",
        IdentityCheck: "identity_check",
        OperationalLog: "operational_log",
        PageView: "page_view",
        Payment: "payment",
        ProfileChange: "profile_change",
        RightsRequest: "rights_request",
        ServiceLog: "service_log",
        StoreChange: "store_change",
        SupportContact: "support_contact",
        SurveyAnswer: "survey_answer",
    }
)
"""The contract of each typed event."""
