"""Targets of consent changes: bytes that are one, in columns beside good ones, through every step into records and the ledger."""

from functools import cache
from itertools import count

import numpy as np

from fuzz.target import ROOM, Target
from kit.canaries import BITS
from kit.opened import CONSENT_CHANGE, VERSION, make_opened
from kit.shop import NOON, Shop
from remit import ConsentChange
from remit_consumers.steps.open import Datums
from remit_schemas.codec import encoder
from remit_schemas.minors import AGE_BANDS
from remit_schemas.policy import find_policy

KNOWN = {
    "purpose": {None, "other", *find_policy().purposes},
    "age_band": {None, "unreadable", *AGE_BANDS},
}
"""What a record may say, whatever came: words of closed lists."""

SEQUENCES = count(1)


def _datum(**said: object) -> bytes:
    event = {"occurred_at": NOON, "collected_at": NOON, "purpose": "analytics.reporting", **said}
    return encoder(CONSENT_CHANGE)(
        ConsentChange.of({"status": "given", "agreed_version": VERSION, "method": "api", **event})
    )


GOOD = _datum()


@cache
def _shop() -> Shop:
    return Shop(ROOM / "consents")


def _columns(data: bytes) -> None:
    """Decide on a pack of a good change, the bytes, and another good change."""
    datums, subjects = [GOOD, data, GOOD], [b"ann", b"ben", b"cid"]
    given = Datums(
        lengths=np.array([len(one) for one in datums], np.int64),
        data=b"".join(datums),
        subject_lengths=np.array([len(one) for one in subjects], np.int64),
        subjects=b"".join(subjects),
        index=np.arange(len(datums)),
        malformed=np.array([], np.int64),
    )
    pack = make_opened(
        next(SEQUENCES), datums=given, fingerprint=CONSENT_CHANGE.fingerprint, count=len(datums)
    )
    parts = {part.table: part.rows for part in _shop().decide(pack).parts}
    kept = parts["consents"]
    assert kept is not None
    records = kept.to_pylist()
    assert {0, 2} <= {record["index"] for record in records}, "a good one was pulled along"
    for record in records:
        assert all(record[name] in known for name, known in KNOWN.items())
        assert not any(bit in str(record.values()) for bit in BITS)


TARGETS = (
    Target(
        "consent_columns",
        _columns,
        (GOOD, _datum(age_band="child", jurisdiction="DE", guardian="eve", minor_basis="x")),
    ),
)
