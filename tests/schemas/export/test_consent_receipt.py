"""A consent receipt: the words are DPV's, it names no subject, and nothing but what was signed passes."""

from datetime import UTC, datetime
from typing import cast

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from kit.exchange import dpv_words
from remit_schemas.category import DENYING, GIVING
from remit_schemas.contract import builtin
from remit_schemas.errors import BundleError
from remit_schemas.export.consent_receipt import (
    STATUSES,
    ConsentReceipt,
    check_receipt,
    receipt_of,
    sign_receipt,
)
from remit_schemas.policy import Policy, find_policy

KEY = bytes(range(32))
VERIFY = Ed25519PrivateKey.from_private_bytes(KEY).public_key().public_bytes_raw()
AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
PSEUDONYM = "a-pseudonym-of-the-ledger"
ROW: dict[str, object] = {
    "subject": PSEUDONYM,
    "guardian": PSEUDONYM,
    "age_band": "13",
    "pack": "ab",
    "index": 3,
    "purpose": "analytics.reporting",
    "status": "given",
    "effect_at": AT,
    "recorded_at": AT,
    "keep_until": None,
    "agreed_version": "2021-11-01",
    "method": "banner",
    "channel": None,
    "actor": None,
    "jurisdiction": "CN",
}


def written(known: Policy | None = None, **changes: object) -> ConsentReceipt:
    return receipt_of(ROW | changes, ("salesmartly", known), builtin())


def test_every_status_that_is_said_has_a_word_of_dpv() -> None:
    assert set(STATUSES.values()) <= dpv_words()
    assert {*GIVING, *DENYING} <= STATUSES.keys()


@pytest.mark.clause("S090")
def test_a_receipt_says_what_was_agreed_to_on_which_terms_and_names_nobody() -> None:
    receipt = written(find_policy())
    assert receipt.record_id == "ab:3"
    assert receipt.terms is not None
    assert {
        receipt.event_type,
        receipt.terms.necessity,
        receipt.terms.lawful_basis[0],
    } <= dpv_words()
    assert receipt.terms.pii_information
    assert receipt.terms.retention_h > 0
    assert receipt.withdrawal_clauses
    said = receipt.model_dump_json()
    assert PSEUDONYM not in said
    assert '"13"' not in said


def test_terms_of_a_version_that_is_not_on_record_are_left_out() -> None:
    receipt = written(None)
    assert receipt.terms is None
    assert receipt.privacy_notice is not None
    assert receipt.privacy_notice.version == "2021-11-01"
    assert receipt.privacy_notice.sha256 is None


def test_what_was_signed_reads_back_as_it_was() -> None:
    receipt = written(find_policy())
    assert check_receipt(sign_receipt(receipt, KEY), VERIFY) == receipt


@pytest.mark.parametrize("name", sorted(written().model_dump(mode="json", exclude_none=True)))
def test_a_field_that_is_changed_or_gone_breaks_the_signature(name: str) -> None:
    signed = sign_receipt(written(find_policy()), KEY)
    inner = cast("dict[str, object]", signed["receipt"])
    gone = {key: value for key, value in inner.items() if key != name}
    for forged in (gone, inner | {name: "another"}):
        with pytest.raises(BundleError, match="does not hold"):
            check_receipt(signed | {"receipt": forged}, VERIFY)


def test_a_receipt_of_another_deployment_does_not_hold() -> None:
    with pytest.raises(BundleError, match="does not hold"):
        check_receipt(sign_receipt(written(), bytes(32)), VERIFY)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
_FORGED = st.fixed_dictionaries(
    {
        "receipt": st.dictionaries(st.text(), _JSON),
        "signature": st.text(),
        "verify_key": st.text(max_size=64),
    }
)


@given(_JSON | _FORGED)
def test_any_json_is_refused_as_no_receipt(value: object) -> None:
    with pytest.raises(BundleError):
        check_receipt(value, VERIFY)
