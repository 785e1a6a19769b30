"""Where an IP address is, coarsely, and then its network without the host.

A region can have few people. That a combination of place and other columns is shared by enough of them is no matter
of this reducer, which sees one value at a time: the k-floor stands behind it.
"""

from collections.abc import Callable, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.reducers.address import networks, rule_of
from remit_consumers.reducers.final import final
from remit_consumers.reducers.places import COUNTRY, NOWHERE, REGION, Place, Places
from remit_consumers.reducers.special import placed
from remit_consumers.reducers.unique import text
from remit_schemas.reducer import Scalar


def reduce(
    values: pa.Array, parameters: Mapping[str, Scalar], *, places: Callable[[], Places]
) -> tuple[pa.Array, ...]:
    """Look up the place of each distinct address in memory, then cut the address to its network.

    Args:
        values: Texts of any Arrow kind.
        parameters: `v4_bits`, `v6_bits` and `place`.
        places: Opens the database, or gives the one that is open.

    Returns:
        Network, country (ISO 3166-1 alpha-2) and region (ISO 3166-2). The place is null where the address is special
        or the database does not know it, the region also where only the country is asked for.

    Raises:
        SettingsError: The database cannot be opened or read, or regions are asked for and it has none.
    """
    coded = text(values).dictionary_encode()
    distinct = coded.dictionary.to_pylist()
    found = _found(distinct, places(), str(parameters.get("place", COUNTRY)))
    columns = (
        networks(coded.dictionary, parameters),
        pa.array([country for country, _ in found], pa.string()),
        pa.array([region for _, region in found], pa.string()),
    )
    return tuple(final(pc.take(column, coded.indices)) for column in columns)


def explain(value: str, parameters: Mapping[str, Scalar], *, places: Callable[[], Places]) -> str:
    """Name the rule that holds for one value."""
    rule = rule_of(value, parameters)
    if placed(value) is None:
        return rule if rule.endswith("null") else f"{rule}; a special address has no place"
    return f"{rule}; its {parameters.get('place', COUNTRY)} by {places().name}"


def _found(values: list[str], places: Places, place: str) -> list[Place]:
    """The places of addresses in any dress, no finer than asked for."""
    places.require(place)
    asked = [placed(value) for value in values]
    bare = list({address for address in asked if address})
    known = dict(zip(bare, places.of(bare), strict=True))
    found = [known[address] if address else NOWHERE for address in asked]
    return found if place == REGION else [(country, None) for country, _ in found]
