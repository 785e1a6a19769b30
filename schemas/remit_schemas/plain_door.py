"""The plain door: which producers carry in what other languages' producers wrote plain to a topic (DESIGN D9).

The id of such a producer begins with eight fixed bytes, so that receipts alone tell how many events came in by it.
That an id of 16 random bytes begins so by chance has a probability of 2**-63.
"""

import os
from typing import Final

from remit_schemas.header import PRODUCER_BYTES

OVER_TLS: Final = b"plain-in"  # plain on a topic with TLS and ACLs, sealed at once
OVER_LOOPBACK: Final = b"plain-lo"  # the same without TLS, between programs of one machine
MARK_BYTES: Final = 8


def plain_producer(*, is_loopback: bool) -> bytes:
    """Make the id of a producer that seals what came in plain."""
    mark = OVER_LOOPBACK if is_loopback else OVER_TLS
    return mark + os.urandom(PRODUCER_BYTES - MARK_BYTES)
