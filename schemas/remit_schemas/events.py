"""The typed events, one for each contract.

Generated from the contracts by ``python -m remit_schemas.generate``: change those, not this.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import ClassVar, Self, final

from remit_schemas.event import (
    TEXT,
    WHOLE,
    Event,
    moment_ms,
    now_ms,
    text,
    unsealed,
    whole,
)


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


EVENTS: Mapping[type[Event], str] = MappingProxyType(
    {
        ConsentChange: "consent_change",
        OperationalLog: "operational_log",
        PageView: "page_view",
        ServiceLog: "service_log",
    }
)
"""The contract of each typed event."""
