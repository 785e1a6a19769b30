"""The bridge: takes plain messages, seals them at once, and sends them on, each exactly once.

Packs and the positions behind the messages they hold are committed in one transaction, which is all or nothing.
After any fault there is one way back: the door is checked, another connection finds where the last transaction
ended, and a new producer id begins at sequence 1. So no sequence has a gap and nothing stands twice.
"""

import logging
import time
from collections import Counter
from threading import Event
from typing import Final

from confluent_kafka import KafkaException

from remit.bridge.door import Door
from remit.bridge.inlet import Admitted, Inlet
from remit.bridge.link import Link
from remit.bridge.schema_ids import SchemaIds
from remit.bridge.sealer import Sealer
from remit.bridge.terms import BridgeAgreement
from remit.route import NOWHERE
from remit.settings import Settings
from remit_schemas.errors import RegistryAway
from remit_schemas.log_address import KafkaLog
from remit_schemas.plain_door import plain_producer

CHECK_EVERY_S: Final = 60.0  # the door is checked again, DESIGN D9
RETRY_S: Final = 1.0  # behind a fault
SAY_EVERY_S: Final = 60.0  # between two lines about an epoch that is over
GATHER_S: Final = 0.25  # how long a transaction gathers: as a pack of the SDK
GATHER_EVENTS: Final = 20_000  # and how much, so that a transaction takes far less than its limit
GATHER_BYTES: Final = 8 << 20

log = logging.getLogger("remit.bridge")


class Bridge:
    """One bridge; a second one of the same log takes over from it. One thread only.

    Attributes:
        sealed: Events sent on since it started.
        refused: Messages that were not, by reason.
        faults: Times a broker or registry failed.
    """

    def __init__(
        self,
        agreement: BridgeAgreement,
        ids: SchemaIds,
        address: KafkaLog,
        door: Door,
        settings: Settings,
    ) -> None:
        self.sealed = 0
        self.refused: Counter[str] = Counter()
        self.faults = 0
        self._agreement = agreement
        self._ids = ids
        self._address = address
        self._door = door
        self._settings = settings
        self._said_at = float("-inf")

    def run(self, stop: Event) -> None:
        """Go on until asked to stop.

        Raises:
            SettingsError: The door is not as it must be.
            LogError: Another bridge has taken over.
        """
        while not stop.is_set():
            try:
                self._run(stop)
            except (KafkaException, TimeoutError) as error:
                self._fault("the broker does not answer as it should", error)
            except RegistryAway as error:
                self._fault(str(error), error)
            stop.wait(RETRY_S)

    def _run(self, stop: Event) -> None:
        """Work on one connection until its first fault, or until something else calls for another."""
        self._door.check()
        terms = self._agreement.terms
        producer = plain_producer(is_loopback=self._door.is_loopback)
        most = self._settings.pack_bytes_max
        link = Link(self._address, self._settings.kafka, terms.packing.lanes)
        try:
            sealer = Sealer(terms.packing, producer, self._settings.pack_events_max, most)
            inlet = Inlet(terms, self._ids, most)
            log.info("connected: %d partitions of %s", link.partitions, self._address.plain_topic)
            if link.lost:
                log.error("retention took %d messages before they were read", link.lost)
                sealer.lose(NOWHERE, link.lost)
            self._work(stop, link, inlet, sealer)
        finally:
            link.close()

    def _work(self, stop: Event, link: Link, inlet: Inlet, sealer: Sealer) -> None:
        checked_at = looked_at = time.monotonic()
        while not stop.is_set():
            now = time.monotonic()
            if now - looked_at >= self._settings.bundle_poll_s:
                looked_at = now
                if self._agreement.renew():
                    return  # under another bundle everything begins anew: id, keys, routes
            if now - checked_at >= CHECK_EVERY_S:
                checked_at = now
                self._door.check()
            if time.time() >= self._agreement.terms.packing.not_after:
                self._wait_for_epoch(stop)
            elif sealer.is_overgrown:
                return  # under a new id the counts begin anew, and memory with them
            else:
                self._carry(link, inlet, sealer)

    def _carry(self, link: Link, inlet: Inlet, sealer: Sealer) -> None:
        """One transaction, if there is anything."""
        messages = link.take(GATHER_BYTES, GATHER_EVENTS, GATHER_S)
        refused: Counter[str] = Counter()
        for message in messages:
            seen = inlet.look(message.value(), message.key(), message.headers() or ())
            if isinstance(seen, Admitted):
                sealer.put(seen)
            else:
                sealer.refuse(seen)
                refused[seen.reason] += 1
        packs = list(sealer.packs())
        if not packs:
            return
        link.send(packs)
        self.sealed += len(messages) - refused.total()
        self.refused += refused

    def _wait_for_epoch(self, stop: Event) -> None:
        now = time.monotonic()
        if now - self._said_at > SAY_EVERY_S:
            self._said_at = now
            log.error("the epoch is over: nothing can be sealed until a fresh bundle is here")
        stop.wait(min(RETRY_S, self._settings.bundle_poll_s))

    def _fault(self, what: str, error: Exception) -> None:
        self.faults += 1
        cause = error.args[0].name() if isinstance(error, KafkaException) else ""
        log.warning("%s, trying again: %s", what, cause or "no answer in time")
