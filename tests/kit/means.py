"""What reducers need beside values, for tests: a key that is no secret, registry data, or an MMDB of invented places."""

import os
from collections.abc import Mapping
from pathlib import Path

from mmdb_writer import MMDBWriter
from netaddr import IPSet

from remit_consumers.reducers.means import Means
from remit_consumers.reducers.registry import reducers

KEY = bytes(32)
"""The key under which the example of `ip_encrypted` holds."""

Record = Mapping[str, object] | list[str]
"""What an MMDB file says of a network: mostly a map."""

MEANS = Means.of(KEY, None)
REDUCERS = reducers(MEANS)

INVENTED: dict[str, dict[str, object]] = {
    "192.31.196.0/25": {
        "country": {"iso_code": "NZ"},
        "subdivisions": [{"iso_code": "AUK"}, {"iso_code": "076"}],
    },
    "192.31.196.128/25": {"country": {"iso_code": "FJ"}},
    "192.175.48.0/24": {"country_code": "IS", "country": "Iceland"},
    "2620:4f:8000::/48": {"country": {"iso_code": "PE"}, "subdivisions": [{"iso_code": "CUS"}]},
    "203.0.113.0/24": {"country": {"iso_code": "TV"}},
    "10.0.0.0/8": {"country": {"iso_code": "TV"}},
    "192.52.193.0/24": {"country": {"iso_code": "EU"}, "subdivisions": [{"iso_code": "too long"}]},
}
"""Records by network. Public ones are of services of the DNS and of multicast (AS112, AMT): nobody's address is in them."""

WITHOUT_REGIONS = {net: it for net, it in INVENTED.items() if "subdivisions" not in str(it)}


def write_places(
    path: Path,
    records: Mapping[str, Record] = INVENTED,
    *,
    kind: str = "Invented-City",
    ip_version: int = 6,
) -> Path:
    """Write an MMDB file."""
    writer = MMDBWriter(ip_version, kind, ipv4_compatible=ip_version > 4)
    for network, record in records.items():
        writer.insert_network(
            IPSet([network]), dict(record) if isinstance(record, Mapping) else record
        )
    writer.to_db_file(os.fspath(path))
    return path
