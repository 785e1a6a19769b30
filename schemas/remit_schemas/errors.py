"""Every error the project raises.

RemitError
├── ContractError          a contract cannot be used as written
│   ├── UntaggedField      a field says nothing about its privacy
│   └── EncodeError        an event does not fit its contract
├── PolicyError            a policy is missing, misspelt or contradicts itself
├── ReducerError           a value cannot be made smaller as asked
├── BundleError            the signed bundle is missing, forged or dead
├── PackError              bytes that were to be a pack
│   ├── NotAPack           no valid header
│   ├── NewerFormat        written by a newer remit
│   ├── Truncated          ends before its header says
│   └── Tampered           does not open under its own key
├── SealingKeyError        a key that is needed
│   ├── KeyDestroyed       its epoch is over and gone
│   ├── KeyNeverIssued     this store never had it
│   └── KeysOutOfReach     the store cannot be read now
│       ├── KeyLost        one key is missing, and the rest is there
│       └── KeysUnconfirmed it was begun anew, and nobody said what it had
├── LogError               the log cannot give what was asked
│   ├── OffsetGone         the broker no longer has the position
│   ├── LogReplaced        the topic was deleted and made again
│   └── RegistryAway       nobody says which schema an id names
├── LakeError              the lake cannot be read or written
│   ├── NewerLake          a newer remit has written to it
│   ├── StaleWriter        someone else committed for this partition
│   └── Unconfirmed        a commit stands, and may not survive a power loss
├── ReadRefused            nobody may read that, or not so
│   └── QueryFailed        it was allowed and gave nothing
├── RequestRefused         a request cannot be taken or answered so
│   └── RequestUnknown     there is no such request
├── ShareRefused           nobody may be given that, or not now
├── TransferError          a bundle of a transfer is not whole, or not what it says
├── EvidenceError          evidence cannot be made, or is none
├── SpoolError             the spool cannot be used
└── SettingsError          a setting is missing or out of range

A message names fields, contracts, clauses and lengths. It never carries a value.
"""

from typing import ClassVar


class RemitError(Exception):
    """Anything remit raises on purpose; `code` is the metric label, from a closed set."""

    code: ClassVar[str] = "remit"


class ContractError(RemitError):
    """A contract cannot be used as written."""

    code = "contract"


class UntaggedField(ContractError):
    """A field of a contract says nothing about its privacy."""

    code = "untagged_field"


class EncodeError(ContractError):
    """An event does not fit its contract."""

    code = "does_not_fit"


class PolicyError(RemitError):
    """A policy is missing, misspelt or contradicts itself."""

    code = "policy"


class ReducerError(RemitError):
    """A value cannot be made smaller as asked."""

    code = "reducer"


class BundleError(RemitError):
    """The signed bundle is missing, forged or dead."""

    code = "bundle"


class PackError(RemitError):
    """Bytes that were to be a pack cannot be read as one."""

    code = "pack"


class NotAPack(PackError):
    """The bytes have no valid pack header."""

    code = "not_a_pack"


class NewerFormat(PackError):
    """The pack was written by a newer remit than this one."""

    code = "newer_format"


class Truncated(PackError):
    """The pack ends before its header says it does."""

    code = "truncated"


class Tampered(PackError):
    """The pack does not open under its own key: it was changed after it was sealed."""

    code = "tampered"


class SealingKeyError(RemitError):
    """A key that is needed is not to be had."""

    code = "key"


class KeyDestroyed(SealingKeyError):
    """The key's epoch is over, and the key with it: what it sealed is unreadable for good."""

    code = "key_destroyed"


class KeyNeverIssued(SealingKeyError):
    """This key store never issued that key."""

    code = "unknown_key"


class KeysOutOfReach(SealingKeyError):
    """The key store cannot be read now; packs wait, sealed."""

    code = "keys_out_of_reach"


class KeyLost(KeysOutOfReach):
    """The file of one key is missing before its time, though the rest of the store is there; packs wait for a while."""

    code = "key_lost"


class KeysUnconfirmed(KeysOutOfReach):
    """The store was begun anew beside older data, and nobody has said yet whom and what it is open for; packs wait."""

    code = "keys_unconfirmed"


class LogError(RemitError):
    """The log cannot give what was asked of it."""

    code = "log"


class OffsetGone(LogError):
    """The broker no longer has the position at which reading must go on."""

    code = "offset_gone"


class LogReplaced(LogError):
    """The topic was deleted and made again: another log, read from its beginning."""

    code = "log_replaced"


class RegistryAway(LogError):
    """The registry of schemas does not answer; what was read waits."""

    code = "registry_away"


class LakeError(RemitError):
    """The lake cannot be read or written."""

    code = "lake"


class NewerLake(LakeError):
    """A newer remit has written to the lake, in a format that this one does not know."""

    code = "newer_lake"


class StaleWriter(LakeError):
    """Someone else committed for this partition since this writer last looked."""

    code = "stale_writer"


class Unconfirmed(LakeError):
    """A commit stands in the lake, and the disk would not confirm it: its files are no drafts any more."""

    code = "unconfirmed"


class ReadRefused(RemitError):
    """Nobody may read that, not in this role or for this purpose, or not by such a statement."""

    code = "read_refused"


class QueryFailed(ReadRefused):
    """A statement that was allowed cannot be run, or took too long or too much."""

    code = "query_failed"


class RequestRefused(RemitError):
    """A request cannot be taken, or not be answered so."""

    code = "request_refused"


class RequestUnknown(RequestRefused):
    """There is no such request."""

    code = "request_unknown"


class ShareRefused(RemitError):
    """Somebody may not be given that, or not now; `reason` is from a closed list."""

    code = "share_refused"

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class TransferError(RemitError):
    """A bundle of a transfer is not whole, or not what it says it is."""

    code = "transfer"


class EvidenceError(RemitError):
    """Evidence cannot be made or anchored, or what is shown as such is none."""

    code = "evidence"


class SpoolError(RemitError):
    """The spool cannot be used."""

    code = "spool"


class SettingsError(RemitError):
    """A setting is missing or out of range."""

    code = "settings"
