"""How a client comes to run. Imported when the first client starts: policies bring pydantic, `import remit` must not."""

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial

from remit.agreement import Agreement
from remit.bound import Bound
from remit.core import Core
from remit.leftovers import adopt
from remit.packer import Packer
from remit.route import Routes
from remit.salvage import Salvage
from remit.settings import Places, Settings
from remit.shipping import Shipping
from remit.slot import Slot, claim, prepare
from remit.transport import Transport
from remit.worker import Parts, Worker
from remit_schemas.errors import SettingsError
from remit_schemas.log_address import Embedded
from remit_schemas.spool import FOLDER


def start(
    places: Places,
    settings: Settings,
    adopt_routes: Callable[[Routes], None],
    drop_old: Callable[[], None],
    *,
    hold: bool,
) -> Core:
    """Read the bundle, claim a slot, number what a dead process left in it, and start the worker.

    Args:
        places: Where bundle and spool are.
        settings: Of the client.
        adopt_routes: Called whenever a new bundle brings other routes.
        drop_old: Called now and then: drops held events that have waited too long.
        hold: Have every event wait for its subject's answer.

    Raises:
        BundleError: There is no bundle, or it is not to be believed.
        PolicyError: The policy cannot be used.
        SpoolError: No slot can be had.
    """
    prepare(places.data / FOLDER)
    agreement = Agreement(places, hold=hold, adopt=adopt_routes, poll_s=settings.bundle_poll_s)
    with ExitStack() as undo:  # whoever tries again finds nothing of this attempt
        undo.callback(agreement.close, 0.0)
        slot = claim(places.data / FOLDER)
        undo.callback(slot.abandon)
        adopt(slot)
        core = _core(slot, agreement, places, settings, drop_old)
        agreement.attend(partial(core.packer.out.put, None))
        core.worker.start()
        undo.pop_all()
    return core


def _core(
    slot: Slot,
    agreement: Agreement,
    places: Places,
    settings: Settings,
    drop_old: Callable[[], None],
) -> Core:
    """Wire the parts."""
    terms = agreement.terms
    packer = Packer(slot.buffer, settings, terms)
    transport = transport_of(places, settings, terms.lanes)
    parts = Parts(
        slot=slot,
        packer=packer,
        bound=Bound(slot, packer, settings.spool_bytes_max),
        shipping=None if transport is None else Shipping(slot, transport),
        salvage=None if transport is None else _salvage(places, settings, packer),
        refresh=partial(_refresh, agreement, packer, drop_old),
        has_news=lambda: agreement.has_news,
    )
    return Core(slot, packer, Worker(parts, settings), transport, parts.salvage, agreement)


def _refresh(agreement: Agreement, packer: Packer, drop_old: Callable[[], None]) -> None:
    drop_old()
    renewed = agreement.renewed()
    if renewed is not None:
        packer.change(renewed)


def _salvage(places: Places, settings: Settings, packer: Packer) -> Salvage:
    def connect() -> Transport:
        transport = transport_of(places, settings, packer.lane_count)
        if transport is None:
            raise SettingsError("there is no log elsewhere to ship to")
        return transport

    return Salvage(places.data / FOLDER, connect)


def transport_of(places: Places, settings: Settings, lanes: int) -> Transport | None:
    """Connect to the log elsewhere; None where the spool is the log.

    Args:
        places: Where the log is.
        settings: What goes to librdkafka.
        lanes: Partitions of a topic that has to be made.
    """
    if isinstance(places.log, Embedded):
        return None
    from remit.kafka import KafkaTransport  # noqa: PLC0415  # only who uses Kafka pays its 30 ms

    return KafkaTransport(places.log, lanes, settings.kafka)
