"""Why something stands in quarantine: the closed list, and what makes a reason go away."""

from enum import StrEnum

from remit_schemas.errors import KeyDestroyed, KeyLost, KeysOutOfReach, KeysUnconfirmed


class Reason(StrEnum):
    """Why a pack or a datum could not be read. Labels of metrics and reports come from here alone."""

    NOT_A_PACK = "not_a_pack"
    """Bytes without a valid header."""
    TRUNCATED = "truncated"
    """It ends before its header or its lengths say."""
    TAMPERED = "tampered"
    """It does not open under its own key."""
    PACK = "pack"
    """Its body does not decompress, or does not hold what it says."""
    NEWER_FORMAT = "newer_format"
    """A newer remit wrote it."""
    UNKNOWN_CONTRACT = "unknown_contract"
    """Its contract is not on record."""
    UNKNOWN_KEY = "unknown_key"
    """This key store never issued its key."""
    KEY_LOST = KeyLost.code
    """The key of its epoch was missing for ten minutes, though the key store was there."""
    UNKNOWN_POLICY = "unknown_policy"
    """An older policy version that is not on record."""
    NEWER_POLICY = "newer_policy"
    """It waited an hour for a newer policy version."""
    MALFORMED = "malformed"
    """One event that is not what its contract says."""


MENDABLE = frozenset(
    {
        Reason.NEWER_FORMAT,
        Reason.UNKNOWN_CONTRACT,
        Reason.UNKNOWN_KEY,
        Reason.KEY_LOST,
        Reason.UNKNOWN_POLICY,
        Reason.NEWER_POLICY,
    }
)
"""Reasons that an operator can make go away; the others lie in the bytes themselves."""


class Elsewhere(StrEnum):
    """Why a pack does not open and yet does not come to stand in quarantine: it is expired, or waits."""

    KEY_DESTROYED = KeyDestroyed.code
    """The key of its epoch was destroyed."""
    KEYS_OUT_OF_REACH = KeysOutOfReach.code
    """The key store cannot be read now."""
    KEYS_UNCONFIRMED = KeysUnconfirmed.code
    """It was begun anew, and nobody has confirmed yet what it is open for."""
