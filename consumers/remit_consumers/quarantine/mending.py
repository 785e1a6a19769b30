"""Mending: events that were malformed when they came, looked at again under the contracts as they are now.

A contract that said of a field what its datums are not, a time that is none say, can be put right without a change of the
bytes on the wire, and so of its fingerprint. A newer remit may read what an older one did not. What somebody says of
their consent is left: its contract is remit's own, and the ledger takes a pack once.
"""

from collections.abc import Sequence

import numpy as np

from remit_consumers.lake.replayed import Settled
from remit_consumers.lake.settling import Row, ending, key_of
from remit_consumers.quarantine.readable import Readable
from remit_consumers.steps.decode import bodies_of, decode, joined
from remit_consumers.steps.open import Datums, Ints, Opened
from remit_schemas.contract import CONSENT_CHANGE, Contracts


def mended(group: Sequence[Row], pack: Opened, contracts: Contracts) -> Readable | None:
    """Give those events of a pack that can be read by now; None where none can.

    Args:
        group: The rows of its events that stand in quarantine one by one.
        pack: The pack, opened.
        contracts: Those on record.
    """
    stands = np.array([row["index"] for row in group], np.int64)
    at = np.flatnonzero(
        np.isin(pack.datums.index, stands)
    )  # a record that did not open has no place there
    contract = contracts.by_fingerprint(pack.header.fingerprint)
    if not len(at) or contract.name == CONSENT_CHANGE:
        return None
    some = _at(pack.datums, at)
    done = decode(
        contract,
        bodies_of([(some.lengths, some.data)]),
        joined([(some.subject_lengths, some.subjects)]),
    )
    if not len(done.rows):
        return None
    good = _at(some, done.rows)
    told = ending(group, Settled.READ)[key_of(group[0])]
    left = sorted(set(stands.tolist()) - set(good.index.tolist()))
    opened = Opened(pack.header, pack.sealed, good, pack.sha256)
    return Readable(group[0]["log"], opened, told.leaving(left))


def _at(datums: Datums, places: Ints) -> Datums:
    """Some of the events of a pack, in their order."""
    return Datums(
        lengths=datums.lengths[places],
        data=_cut(datums.data, datums.lengths, places),
        subject_lengths=datums.subject_lengths[places],
        subjects=_cut(datums.subjects, datums.subject_lengths, places),
        index=datums.index[places],
        malformed=np.empty(0, np.int64),
    )


def _cut(data: bytes | memoryview, lengths: Ints, places: Ints) -> bytes:
    """The bytes of some of the things that lie end to end."""
    ends = np.cumsum(lengths)
    return b"".join(data[ends[at] - lengths[at] : ends[at]] for at in places)
