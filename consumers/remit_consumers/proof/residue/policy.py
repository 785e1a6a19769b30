"""What is residue in a lake: whatever no policy on its record lets stay."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from remit_consumers.lake.tables import is_table, open_table
from remit_consumers.proof.residue.address import HOST_BITS_V4, HOST_BITS_V6, Kept
from remit_consumers.proof.residue.canary import forms_of
from remit_consumers.proof.residue.detector import Detector
from remit_schemas.reducer import Scalar

V4_BITS, V6_BITS = 32, 128
"""Bits of an IP address, version 4 and 6."""

ENCRYPTING = frozenset({"ip_encrypted"})
"""Reducers whose results look like addresses and are none: in their columns an address is no residue, and how many bits
they keep says nothing of what may stand in plain."""


def detector_of(root: Path, canaries: Sequence[str]) -> Detector:
    """Look for planted values, and for more of an address or query than any policy on record keeps."""
    v4, v6 = V4_BITS - HOST_BITS_V4, V6_BITS - HOST_BITS_V6
    allowed: set[str] = set()
    encrypted: set[tuple[str, str]] = set()
    for contract, name, reducer, parameters in _planned(root):
        if reducer in ENCRYPTING:
            encrypted.add((contract, name))
            continue
        v4 = max(v4, int(str(parameters.get("v4_bits", 0))))
        v6 = max(v6, int(str(parameters.get("v6_bits", 0))))
        keys = parameters.get("allow", ())
        allowed.update(keys if isinstance(keys, tuple | list) else ())
    return Detector(
        canaries=forms_of(canaries),
        kept=Kept(V4_BITS - v4, V6_BITS - v6),
        allowed=frozenset(allowed),
        encrypted=frozenset(encrypted),
    )


Planned = tuple[str, str, str | None, Mapping[str, Scalar]]
"""A contract, one of its fields, the reducer on it and its parameters."""


def _planned(root: Path) -> Iterator[Planned]:
    """What the tagsets on record do with each field."""
    if not is_table(root, "tagsets"):
        return
    columns = ["contract", "fields"]
    for row in open_table(root, "tagsets").delta.to_pyarrow_table(columns=columns).to_pylist():
        for name, planned in json.loads(row["fields"]).items():
            yield row["contract"], name, planned.get("reducer"), planned.get("parameters", {})
