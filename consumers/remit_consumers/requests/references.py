"""References: what each row of an access export is called, so that its subject can say which one is wrong.

A keyed hash of (pack, index) under a name of the subject that is used for nothing else: without the subject's secret
nobody ties it to a row, to another export's names or to what a recipient got, and it goes with the secret.

Source: RFC 2104; DESIGN.md, D8.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hmac import digest

import pyarrow as pa

from remit_consumers.deployment import Deployment
from remit_consumers.erasure.scope import SubjectRef
from remit_consumers.pseudonyms import Pseudonyms

DOMAIN = "rows"
"""The pseudonym domain of references (D8)."""

REFERENCE_BYTES = 16
"""Bytes kept of the HMAC: of a million rows two are the same with a chance below 1e-26."""

COLUMN = "row"
"""What a reference is called in an export."""


@dataclass(frozen=True, slots=True)
class References:
    """The references of one subject's rows.

    Attributes:
        keys: One of an account; of a visitor one for each day whose key lives, the newest first.
    """

    keys: Sequence[str]

    @classmethod
    def of(cls, deployment: Deployment, about: SubjectRef) -> "References":
        """Give those of a subject.

        Raises:
            KeysOutOfReach: Vault or keys cannot be read.
        """
        names = Pseudonyms(deployment.vault, DOMAIN, deployment.visitors)
        return cls(names.known(about.tenant, about.subject))

    def told(self, rows: pa.Table) -> pa.Array:
        """Name rows of the subject (columns: pack, index); null where nobody is known by whom to name them."""
        if not self.keys:
            return pa.nulls(rows.num_rows, pa.string())
        return pa.array(_named(self.keys[0], rows), pa.string())

    def among(self, rows: pa.Table, wanted: Iterable[str]) -> pa.Array:
        """Say which rows of the subject bear one of some references."""
        sought = frozenset(wanted)
        found = [False] * rows.num_rows
        for key in self.keys:
            named = _named(key, rows)
            found = [had or name in sought for had, name in zip(found, named, strict=True)]
        return pa.array(found, pa.bool_())


def _named(key: str, rows: pa.Table) -> list[str]:
    """The references of rows under one key; a subject has thousands of rows, not millions."""
    packs, places = (rows.column(name).to_pylist() for name in ("pack", "index"))
    secret = key.encode()
    return [
        digest(secret, f"{pack}\x1f{place}".encode(), "sha256")[:REFERENCE_BYTES].hex()
        for pack, place in zip(packs, places, strict=True)
    ]
