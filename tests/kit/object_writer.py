"""One writer of a lake on an object store, as a process: `python -m kit.object_writer ADDRESS PARTITION FLUSHES`.

It does as a consumer does: claims its partition, commits flush by flush, and after any fault claims again and goes on from
where the lake says that it stands.
"""

import sys
from contextlib import suppress
from dataclasses import replace

from kit.lake import LOG, PRODUCER, make_flush, make_receipt, make_rows
from remit_consumers.lake.commit import Lake, TableCommit
from remit_consumers.lake.flush import Claim, Flush
from remit_consumers.store.place import at_address
from remit_schemas.errors import LakeError
from remit_schemas.header import pack_id

EVENTS = 3
TABLE = "events/page_view"


def main(address: str, partition: int, flushes: int) -> None:
    """Store so many flushes of a partition, each once."""
    lake = Lake(at_address(address))
    claim, position = None, 0
    while position < flushes:
        if claim is None:
            with suppress(LakeError):
                claim = lake.claim(LOG, partition)
                position = claim.position or 0
            continue
        try:
            lake.commit(_flush(position, partition, claim))
        except LakeError:
            claim = None
            continue
        position += 1
        print(position, flush=True)  # noqa: T201 - what the test waits for
    with suppress(LakeError):
        lake.materialise()


def _flush(offset: int, partition: int, claim: Claim) -> Flush:
    """The flush at an offset; what stands there already after a crash is not stored again."""
    pack = pack_id(PRODUCER, partition, offset + 1)
    part = TableCommit(
        TABLE,
        make_rows(offset, EVENTS, pack=pack),
        make_receipt(offset, EVENTS, partition=partition),
    )
    whole = make_flush(offset, part, partition=partition)
    return replace(whole, parts=()) if offset in claim.done.get(TABLE, {}) else whole


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
