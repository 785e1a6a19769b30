"""A pack that takes no more events, on its way to the log."""

from dataclasses import dataclass

from remit.account import Account
from remit.open_pack import Buffer
from remit_schemas.pack import Counts, Header
from remit_schemas.sealing import PackKeys


@dataclass(slots=True)
class Closed:
    """A pack on its way to the log.

    Attributes:
        header: In form 1.
        keys: The pack's keys.
        counts: The source's counts when it closed.
        datums: The events, plain; None sends the file as it stands.
        subjects: The subject of each.
        count: How many events.
        account: Where they are counted.
        buffer: The file; None for a pack that only carries counts.
        end: Bytes of it written.
    """

    header: Header
    keys: PackKeys
    counts: Counts
    datums: list[bytes] | None
    subjects: list[bytes]
    count: int
    account: Account
    buffer: Buffer | None
    end: int
