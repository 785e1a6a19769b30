"""Where addresses are, told by a database on this machine; nothing is asked of anybody.

Two of them: an MMDB file that the operator names (`REMIT_PLACES`), else the registry data that comes with iptocc:
the country that a block was assigned to, and no regions. Neither library is loaded before a policy needs it.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from itertools import islice
from pathlib import Path

from remit_consumers.reducers.unique import Memo
from remit_schemas.errors import SettingsError

SAMPLE = 5_000
"""Networks of an MMDB among which a country, or a region, must turn up: in its database most have one. 8 µs each."""

NO_COUNTRIES = frozenset({"AP", "EU", "ZZ"})
"""What registries write where they know no country: Asia and Pacific, Europe, unknown."""

COUNTRY = "country"
REGION = "region"

_COUNTRY = re.compile(r"[A-Z]{2}")  # ISO 3166-1 alpha-2
_PART = re.compile(r"[A-Z0-9]{1,3}")  # ISO 3166-2, behind the country's code and a hyphen

Place = tuple[str | None, str | None]
"""Country (ISO 3166-1 alpha-2) and region (ISO 3166-2, such as `US-CA`); None where it is not known."""

NOWHERE: Place = (None, None)


@dataclass(frozen=True, slots=True)
class Places:
    """A database of places.

    Attributes:
        name: Which data it is, such as `GeoLite2-Country 2026-11-01`: with other data a replay gives other places.
        has_regions: Whether it knows regions.
        of: Gives the place of each of these distinct, bare, public addresses; `SettingsError` if its file is damaged.
    """

    name: str
    has_regions: bool
    of: Callable[[list[str]], list[Place]]

    def require(self, place: str) -> None:
        """See that a place can be told at all: a region that nobody knows must not become null in silence.

        Raises:
            SettingsError: Regions are asked for, and the database has none.
        """
        if place == REGION and not self.has_regions:
            message = (
                f"ip_place is asked for regions, and {self.name} has none: "
                "set REMIT_PLACES to an MMDB file with subdivisions"
            )
            raise SettingsError(message)


def open_places(path: Path | None) -> Places:
    """Open an MMDB file, or the registry data where there is none.

    Raises:
        SettingsError: There is no such file, it is no MMDB or one without countries, or the library that reads it is not installed.
    """
    try:
        return _of_file(path) if path else _of_registries()
    except ImportError as error:
        message = f"ip_place needs {error.name}: pip install 'remit[consumers]'"
        raise SettingsError(message) from None


def _of_registries() -> Places:
    """The country that each block was assigned to: 0.2 µs an address."""
    from iptocc import country_code  # noqa: PLC0415 - only where a policy asks for places

    def look_up(addresses: list[str]) -> list[Place]:
        return [(_country(code), None) for code in country_code(addresses)]

    return Places(f"iptocc {metadata.version('iptocc')}", has_regions=False, of=look_up)


def _of_file(path: Path) -> Places:
    """What an MMDB file says: 1 to 20 µs an address, for the record with its names is read whole; so it is remembered."""
    from maxminddb import InvalidDatabaseError, open_database  # noqa: PLC0415 - as above

    try:
        reader = open_database(path)
        about = reader.metadata()
        has_countries, has_regions = _knows(record for _, record in islice(reader, SAMPLE))
    except (OSError, ValueError, InvalidDatabaseError):
        message = f"REMIT_PLACES: {path} is not there, or is no MMDB file"
        raise SettingsError(message) from None
    if not has_countries:
        message = f"REMIT_PLACES: {path} is a {about.database_type}, which names no countries"
        raise SettingsError(message)
    name = f"{about.database_type} {datetime.fromtimestamp(about.build_epoch, UTC):%Y-%m-%d}"
    has_v6 = about.ip_version == 6  # noqa: PLR2004 - of the Internet Protocol

    def look_up(addresses: list[str]) -> list[Place]:
        try:
            return [
                _place(reader.get(address)) if has_v6 or ":" not in address else NOWHERE
                for address in addresses
            ]
        except InvalidDatabaseError:
            message = f"REMIT_PLACES: {name} is damaged"
            raise SettingsError(message) from None

    return Places(name, has_regions, Memo(look_up).all)


def _knows(records: Iterable[object]) -> tuple[bool, bool]:
    """Whether any of these records names a country, and whether any names a region, by its code."""
    has_countries = False
    for country, region in map(_place, records):
        has_countries = has_countries or country is not None
        if region:
            return True, True
    return has_countries, False


def _place(record: object) -> Place:
    """Read a record as MaxMind's and DB-IP's databases have it, or flat with a `country_code` as IPinfo's."""
    if not isinstance(record, Mapping):
        return NOWHERE
    country = _country(_code(record.get("country")) or record.get("country_code"))
    parts = record.get("subdivisions")
    part = _code(parts[0]) if isinstance(parts, list) and parts else None
    if country is None or not isinstance(part, str) or not _PART.fullmatch(part):
        return country, None
    return country, f"{country}-{part}"


def _code(part: object) -> object:
    """The ISO code of a country or subdivision."""
    return part.get("iso_code") if isinstance(part, Mapping) else None


def _country(code: object) -> str | None:
    """Take a code that is a country's."""
    is_one = isinstance(code, str) and _COUNTRY.fullmatch(code) and code not in NO_COUNTRIES
    return str(code) if is_one else None
