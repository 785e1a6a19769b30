"""How a bridge comes to run."""

from collections.abc import Mapping
from pathlib import Path

from remit.bridge.bridge import Bridge
from remit.bridge.door import Door
from remit.bridge.schema_ids import Registry, own_ids
from remit.bridge.terms import BridgeAgreement
from remit.settings import Places, Settings
from remit.slot import prepare
from remit_schemas.contract import Contracts
from remit_schemas.log_address import KafkaLog
from remit_schemas.spool import FOLDER


def open_bridge(
    environ: Mapping[str, str],
    address: KafkaLog,
    data: Path,
    contracts: Contracts,
    *,
    is_loopback: bool,
) -> Bridge:
    """Read settings and bundle, and check the door.

    Args:
        environ: `os.environ`, or a part of it.
        address: Of the log.
        data: The data folder; the pinned key of the bundle lies in it, no event ever does.
        contracts: Those that may come in.
        is_loopback: Do without TLS, between programs of one machine.

    Raises:
        SettingsError: A setting is out of range, or the door is not as it must be.
        BundleError: There is no bundle, or it is not to be believed.
        PolicyError: The policy cannot be used.
    """
    settings = Settings.from_env(environ)
    places = Places.from_env(environ, data=data)
    registry = environ.get("REMIT_REGISTRY")
    ids = Registry(registry) if registry else own_ids(contracts.versions)
    door = door_of(address, settings.kafka, is_loopback=is_loopback)
    door.check_now()
    prepare(places.data / FOLDER)
    agreement = BridgeAgreement(places, contracts, settings.bundle_poll_s)
    return Bridge(agreement, ids, address, door, settings)


def door_of(address: KafkaLog, options: Mapping[str, str], *, is_loopback: bool) -> Door:
    """Give the door of a log."""
    way = {**options, "bootstrap.servers": address.bootstrap}
    return Door(address.plain_topic, way, is_loopback=is_loopback)
