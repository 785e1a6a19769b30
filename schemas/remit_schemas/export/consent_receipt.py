"""What a subject is handed for one record of the consent ledger: what was said, to which notice, on which terms; signed.

A receipt names no subject: who holds it is whom it is about. What neither policy nor ledger knows is left out. The
signature (Ed25519) is over `SIGNED_AS` and the canonical JSON of what stands under ``receipt``: sorted keys, no spaces,
UTF-8. The key is the one that signs the bundle; `SIGNED_AS` keeps the one from passing for the other.

Source: the record's fields are those of ISO/IEC TS 27560:2023, the words those of W3C DPV 2.3.
"""

import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Annotated, Final, Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue, ValidationError

from remit_schemas.category import CATEGORIES, PURPOSES
from remit_schemas.contract import Contracts
from remit_schemas.errors import BundleError
from remit_schemas.export.dpv import GROUNDS, NECESSITIES
from remit_schemas.export.processing import processings
from remit_schemas.policy import Policy

SIGNED_AS: Final = b"remit consent receipt 1\n"
"""Stands before what is signed; no bundle begins so."""

STATUSES: Mapping[str, str] = MappingProxyType(
    {
        "given": "dpv:ConsentGiven",
        "renewed": "dpv:RenewedConsentGiven",
        "refused": "dpv:ConsentRefused",
        "withdrawn": "dpv:ConsentWithdrawn",
        "expired": "dpv:ConsentExpired",
        "invalidated": "dpv:ConsentInvalidated",
        "revoked": "dpv:ConsentRevoked",
        "unknown": "dpv:ConsentUnknown",
        "requested": "dpv:ConsentRequested",
        "notified": "dpv:NoticeCommunicated",
        "concluded": "dpv:EnterIntoContract",
        "accepted": "dpv:ExplicitlyExpressedConsent",
    }
)
"""DPV's word for each status that a receipt is given for; what is stated of a subject's age is none."""

WITHDRAWAL: Final = "withdrawal_stops"
"""The promise whose sentences say how to withdraw."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class NoticeShown(_Part):
    """The policy version that was shown; language and hash only where that version is on record."""

    policy: str
    version: str
    language: str | None = None
    sha256: str | None = None


class Terms(_Part):
    """What is done for the purpose under that version: categories and recipients sorted, `keep_for_h` the longest."""

    purpose: str
    purpose_dpv: str
    lawful_basis: tuple[str, ...]
    necessity: str
    pii_information: Mapping[str, str]
    recipient_third_parties: tuple[str, ...]
    retention_h: int
    clause: str


class ConsentReceipt(_Part):
    """One record of the ledger, for the subject.

    Attributes:
        schema_version: Of this form.
        record_id: Pack and index of the record in the ledger.
        privacy_notice: What was shown; None where the record names no version.
        event_state: The status, and `event_type` DPV's word for it.
        event_time: When it was said; aware UTC, as the other times.
        recorded_at: When the ledger took it.
        keep_until: Until when the ledger keeps it.
        purpose: What it is about; None: the policy as a whole.
        terms: What is done for the purpose; None where it is not known for that version.
        indication_method: How it was said.
        channel: By which way.
        entity: Who said it; None is the subject.
        jurisdiction: Whose law was stated to hold for the subject by then, ISO 3166-1.
        withdrawal_clauses: The sentences of the notice that say how to withdraw.
    """

    schema_version: Literal["remit consent receipt 1"] = "remit consent receipt 1"
    record_id: str
    privacy_notice: NoticeShown | None = None
    event_state: str
    event_type: str
    event_time: AwareDatetime
    recorded_at: AwareDatetime
    keep_until: AwareDatetime | None = None
    purpose: str | None = None
    terms: Terms | None = None
    indication_method: str | None = None
    channel: str | None = None
    entity: str | None = None
    jurisdiction: str | None = None
    withdrawal_clauses: tuple[str, ...] = ()


class _Signed(_Part):
    receipt: dict[str, JsonValue]
    signature: Annotated[str, Field(max_length=128)]
    verify_key: Annotated[str, Field(max_length=64)]


def receipt_of(
    record: Mapping[str, object], policy: tuple[str, Policy | None], contracts: Contracts
) -> ConsentReceipt:
    """Write what a subject is handed for one record.

    Args:
        record: A row of the ledger by column; its status is one of `STATUSES`.
        policy: Name of the policy, and the version that was shown, None where that is not on record.
        contracts: Whose events the purpose is for.

    Raises:
        PolicyError: A contract cannot be brought under the policy.
    """
    name, shown = policy
    purpose, version = record["purpose"], record["agreed_version"]
    notice = None
    if version is not None:
        known = {"language": shown.language, "sha256": shown.sha256} if shown else {}
        notice = NoticeShown.model_validate({"policy": name, "version": version} | known)
    promise = shown.promises.get(WITHDRAWAL) if shown else None
    facts = {
        "record_id": f"{record['pack']}:{record['index']}",
        "privacy_notice": notice,
        "event_state": record["status"],
        "event_type": STATUSES[str(record["status"])],
        "event_time": record["effect_at"],
        "indication_method": record["method"],
        "entity": record["actor"],
        "terms": _terms(str(purpose), shown, contracts) if shown and purpose else None,
        "withdrawal_clauses": promise.clauses if promise else (),
    }
    same = ("recorded_at", "keep_until", "purpose", "channel", "jurisdiction")
    return ConsentReceipt.model_validate(facts | {key: record[key] for key in same})


def _terms(purpose: str, policy: Policy, contracts: Contracts) -> Terms | None:
    found = [one for one in processings(policy, contracts) if one.purpose.key == purpose]
    if not found:
        return None
    terms = found[0].purpose
    return Terms(
        purpose=purpose,
        purpose_dpv=PURPOSES[purpose].dpv,
        lawful_basis=GROUNDS[terms.basis],
        necessity=NECESSITIES[terms.necessity],
        pii_information={
            key: CATEGORIES[key].dpv for key in _sorted(one.categories for one in found)
        },
        recipient_third_parties=_sorted(one.recipients for one in found),
        retention_h=round(max(one.keep_for for one in found).total_seconds() / 3600),
        clause=terms.clause,
    )


def _sorted(several: Iterable[Iterable[str]]) -> tuple[str, ...]:
    return tuple(sorted({word for words in several for word in words}))


def sign_receipt(receipt: ConsentReceipt, signing_key: bytes) -> dict[str, JsonValue]:
    """Sign a receipt: ``{"receipt": {…}, "signature": …, "verify_key": …}``, bytes as base64.

    Args:
        receipt: What is handed over.
        signing_key: Ed25519 private key, 32 raw bytes.
    """
    signer = Ed25519PrivateKey.from_private_bytes(signing_key)
    inner = receipt.model_dump(mode="json", exclude_none=True)
    return {
        "receipt": inner,
        "signature": _text(signer.sign(_signed_bytes(inner))),
        "verify_key": _text(signer.public_key().public_bytes_raw()),
    }


def check_receipt(signed: object, trust: bytes) -> ConsentReceipt:
    """Verify what `sign_receipt` gave, then read it; safe on any JSON.

    Args:
        signed: The JSON object.
        trust: The verify key that must have signed, 32 raw bytes.

    Raises:
        BundleError: It is forged, changed, malformed, or signed by someone else.
    """
    try:
        outer = _Signed.model_validate(signed)
        signature = base64.b64decode(outer.signature, validate=True)
        Ed25519PublicKey.from_public_bytes(trust).verify(signature, _signed_bytes(outer.receipt))
        return ConsentReceipt.model_validate(outer.receipt)
    except (InvalidSignature, binascii.Error):
        raise BundleError("the signature of the consent receipt does not hold") from None
    except (ValidationError, ValueError, RecursionError):
        raise BundleError("the consent receipt is malformed") from None


def _signed_bytes(inner: Mapping[str, object]) -> bytes:
    written = json.dumps(
        inner, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return SIGNED_AS + written.encode()


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
