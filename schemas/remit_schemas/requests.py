"""What a policy says of requests: who may ask for what, how it is proven, until when it is answered, why it may be denied."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from remit_schemas.policy_file import Place, Written
from remit_schemas.rule import Clause, Duration, Text


class Right(StrEnum):
    """What may be asked for. Source: PIPL articles 44 to 48, 24; GDPR articles 15 to 22."""

    ACCESS = "access"
    CORRECT = "correct"
    SUPPLEMENT = "supplement"
    DELETE = "delete"
    RESTRICT = "restrict"
    WITHDRAW = "withdraw"
    CANCEL_ACCOUNT = "cancel_account"
    OBJECT = "object"


class Requester(StrEnum):
    """Who asks, seen from the subject."""

    SELF = "self"
    GUARDIAN = "guardian"
    CLOSE_RELATIVE = "close_relative"
    OTHER_ENTITLED = "other_entitled"


class Channel(StrEnum):
    """By which way a request came; one clock holds for all."""

    SUPPORT = "support"
    COMPLAINT = "complaint"


class ProofKind(StrEnum):
    """How an identity was checked. Only the kind is kept: remit takes no document."""

    ACCOUNT_LOGIN = "account_login"
    ID_DOCUMENT = "id_document"
    GUARDIANSHIP = "guardianship"
    KINSHIP = "kinship"
    MANDATE = "mandate"


class DeletionGround(StrEnum):
    """Why data is asked to be deleted. Source: PIPL article 47."""

    UNLAWFUL_PROCESSING = "unlawful_processing"
    NO_CONSENT = "no_consent"
    CONTRACT_BREACH = "contract_breach"
    PURPOSE_ENDED = "purpose_ended"
    SERVICE_ENDED = "service_ended"


class Denial(StrEnum):
    """Why a request may be denied. Source: W3C DPV 2.3, justifications."""

    EXCESSIVE = "ProcessExcessive"
    UNFOUNDED = "ProcessUnfounded"
    DISPROPORTIONATE = "DisproportionateEffortRequired"
    THIRD_PARTY = "ThirdPartyRightsImpaired"
    IMPOSSIBLE = "FulfilmentImpossible"
    CONTRACT = "ContractPerformanceNecessity"
    LEGAL_OBLIGATION = "LegalObligationImpaired"
    IDENTITY = "IdentityVerificationFailure"


class Delay(StrEnum):
    """Why a request takes its time; the days go on meanwhile. Source: W3C DPV 2.3, justifications."""

    IDENTITY = "IdentityVerificationRequired"
    INFORMATION = "InformationRequired"
    COMPLEXITY = "ComplexityOfProcess"
    VOLUME = "HighVolumeOfProcesses"


class Terms(Written):
    """A sentence that one word of a request rests on.

    Attributes:
        clause: The sentence.
        reason: Why it is read so.
    """

    part: ClassVar[str] = "the terms of a request"

    clause: Clause
    reason: Text


class RequesterTerms(Terms):
    """Who may ask, and how that is proven.

    Attributes:
        proofs: The kinds of proof of which one suffices.
    """

    part: ClassVar[str] = "a requester"

    proofs: Annotated[tuple[ProofKind, ...], Field(min_length=1)]


class RepeatTerms(Terms):
    """From when on a request counts as a repeated one, for which a fee may be asked.

    Attributes:
        free: Requests of one subject for one right that cost nothing.
        within: In what time.
    """

    part: ClassVar[str] = "the repeats"

    free: Annotated[int, Field(ge=1, le=1_000, strict=True)]
    within: Duration


class RequestTerms(Written):
    """Terms of requests.

    Attributes:
        respond_within: From receipt to answer; nothing pauses it.
        alert_after: When whoever answers is warned.
        rights: What may be asked for; what is not named cannot.
        requesters: Who may ask.
        channels: By which way.
        grounds: Why data is deleted on request.
        denials: Why a request may be denied; for no other reason.
        delays: Why one may take its time.
        repeats: Who pays.
        clause: The sentence that sets the time.
        reason: Why.
    """

    part: ClassVar[str] = "the terms of requests"

    respond_within: Duration
    alert_after: tuple[Duration, ...] = ()
    rights: Annotated[Mapping[Right, Terms], Field(min_length=1)]
    requesters: Annotated[Mapping[Requester, RequesterTerms], Field(min_length=1)]
    channels: Annotated[Mapping[Channel, Terms], Field(min_length=1)]
    grounds: Mapping[DeletionGround, Terms] = Field(default_factory=dict)
    denials: Mapping[Denial, Terms] = Field(default_factory=dict)
    delays: Mapping[Delay, Terms] = Field(default_factory=dict)
    repeats: RepeatTerms | None = None
    clause: Clause
    reason: Text

    def _mistakes(self) -> Iterator[tuple[Place, str]]:
        if self.respond_within % timedelta(days=1):
            yield ("respond_within",), "is counted in days"
        for after in self.alert_after:
            if after >= self.respond_within:
                yield ("alert_after",), "a warning comes before the last day"
        if Right.DELETE in self.rights and not self.grounds:
            yield ("grounds",), 'says "grounds" where data may be asked to be deleted'


PARTS = ("rights", "requesters", "channels", "grounds", "denials", "delays")
"""The parts of the terms that are said by name."""


def cited_by_requests(terms: RequestTerms | None) -> Iterator[tuple[Place, str]]:
    """List every clause that the terms of requests cite, with the place where they do."""
    if terms is None:
        return
    yield ("requests", "clause"), terms.clause
    if terms.repeats is not None:
        yield ("requests", "repeats", "clause"), terms.repeats.clause
    for part in PARTS:
        for name, one in getattr(terms, part).items():
            yield ("requests", part, str(name), "clause"), one.clause
