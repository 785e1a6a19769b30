"""What of the quarantine a replay reads: a pack, or those of its events that stood there one by one."""

from dataclasses import dataclass

from remit_consumers.lake.replayed import Replayed
from remit_consumers.lake.settling import Place
from remit_consumers.steps.open import Opened


@dataclass(frozen=True, slots=True)
class Readable:
    """A pack to be read now.

    Attributes:
        log: Its log.
        pack: It, opened; of a pack that was read before, only the events that were malformed then and are not now.
        told: What a receipt is to say of it.
    """

    log: str
    pack: Opened
    told: Replayed

    @property
    def place(self) -> Place:
        """Where it lay."""
        return self.log, self.pack.sealed.partition, self.pack.sealed.offset
