"""The detector: every kind of residue over many texts at once, gate by gate, also in what is disguised."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from remit_consumers.proof.residue import (
    account,
    address,
    bank,
    card,
    credential,
    identity,
    mailbox,
    phone,
    request,
)
from remit_consumers.proof.residue.disguise import ESCAPED, HIDDEN, hidden, unescaped
from remit_consumers.proof.residue.kind import Kind, Seen

Sightings = Mapping[str, Mapping[int, Seen]]
"""For each kind: in which of the texts (by their place) what was seen."""

FIRST_PRINTABLE, LAST_PRINTABLE = 0x20, 0x7E
"""The printable bytes of ASCII."""

NOISE_PRINTABLE_MAX = 0.6
"""Ciphertext has 37 % printable bytes (95 of 256); Avro and JSON in plain have more than 80 %."""

NOISE_BYTES_MIN = 128
"""Below that, the share of printable bytes says nothing."""

STRING = re.compile(rb"[\x20-\x7e]{6,}+")
"""Printable bytes in a row: what can be read in noise."""

STRING_BYTES_SURE: Final = 24
"""So many printable bytes in a row stand in noise once in 30 billion (0.37 to the 24th), so they are text."""

MAILBOX_BYTES_MIN: Final = 12
"""A mailbox in noise must be so long: shorter ones stand in a few megabytes of it by chance."""


@dataclass(frozen=True, slots=True)
class Detector:
    """What is looked for.

    Attributes:
        canaries: Planted values, in every form in which they are looked for.
        kept: How much of an address the policy keeps.
        allowed: Query keys whose values the policy keeps.
        encrypted: Columns (contract, name) of what looks like an address and is none.
    """

    canaries: tuple[str, ...] = ()
    kept: address.Kept = field(default_factory=address.Kept)
    allowed: frozenset[str] = frozenset()
    encrypted: frozenset[tuple[str, str]] = frozenset()

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """Everything that is looked for, but canaries."""
        return (
            *address.kinds(self.kept),
            mailbox.KIND,
            phone.KIND,
            card.KIND,
            *identity.KINDS,
            bank.KIND,
            credential.KIND,
            account.KIND,
            *request.kinds(self.allowed),
        )

    def plain(self, text: bytes) -> Counter[str]:
        """Count what stands in the bytes of one file, line by line, by kind."""
        return self.count(text.decode("utf-8", "replace").splitlines())

    def count(self, texts: "Sequence[str] | pl.Series") -> Counter[str]:
        """Count what stands in the texts of one place, by kind."""
        return self._by_place(texts, np.zeros(len(texts), np.int64), 1)[0]

    def each(self, texts: Sequence[str]) -> list[Counter[str]]:
        """Count what stands in each of these texts, taken as a place of its own."""
        return self._by_place(texts, np.arange(len(texts)), len(texts))

    def counts(self, places: Sequence[pl.Series]) -> list[Counter[str]]:
        """Count what stands in the texts of each place, as `count` does.

        A look at many texts costs little more than one at a few: 5 ms for the first of them (measured).
        """
        if not places:
            return []
        rows = np.repeat(np.arange(len(places)), [len(texts) for texts in places])
        return self._by_place(pl.concat(places), rows, len(places))

    def _by_place(
        self, texts: "Sequence[str] | pl.Series", place_of: npt.NDArray[np.int64], places: int
    ) -> list[Counter[str]]:
        """Count what stands in texts by place, which `place_of` says for each of them."""
        found: list[Counter[str]] = [Counter() for _ in range(places)]
        sightings = self._sight_once(pl.Series("text", texts, dtype=pl.String))
        for row in sightings["canary"]:
            found[place_of[row]]["canary"] += 1
        for kind in self.kinds:
            seen: defaultdict[int, Seen] = defaultdict(Seen)
            for row, one in sightings[kind.name].items():
                seen[int(place_of[row])] += one
            for place, together in seen.items():
                found[place][kind.name] = kind.found(together)
        return [+one for one in found]

    def sealed(self, packs: Sequence[bytes]) -> Counter[str]:
        """Count what stands in bytes that are to be noise, and how many of them are not."""
        strings = [match.decode("ascii") for data in packs for match in STRING.findall(data)]
        rest = [text for text in strings if len(text) < STRING_BYTES_SURE]
        found = self.count([text for text in strings if len(text) >= STRING_BYTES_SURE])
        found["ipv4"] += self._sighted(rest, "ipv4")
        mailboxes = [text for text in rest if len(text) >= MAILBOX_BYTES_MIN]
        found["email"] += self._sighted(mailboxes, "email")
        found["canary"] += len(self._canaries(pl.Series(rest, dtype=pl.String)))
        found["not_sealed"] = sum(map(is_readable, packs))
        return +found

    def _sight_once(self, series: pl.Series) -> Sightings:
        """Say what `sight` does, but look at a text that stands in several rows once: files repeat one another."""
        texts = series.unique()
        if len(texts) == len(series):
            return self.sight(series)
        found = self.sight(texts)
        seen = pl.Series("seen", sorted({n for rows in found.values() for n in rows}), pl.UInt32)
        where = pl.DataFrame({"text": texts.gather(seen), "seen": seen})
        both = series.to_frame().with_row_index("row").join(where, on="text", nulls_equal=True)
        rows_of: defaultdict[int, list[int]] = defaultdict(list)
        for row, one in both.select("row", "seen").iter_rows():
            rows_of[one].append(row)
        return {
            name: {row: seen for one, seen in rows.items() for row in rows_of[one]}
            for name, rows in found.items()
        }

    def sight(self, texts: "Sequence[str] | pl.Series") -> Sightings:
        """Say in which texts what stands, by kind, encoded or not."""
        series = pl.Series("text", texts, dtype=pl.String)
        as_given = self._canaries(series)  # before decoding, which takes away their own escapes
        escaped = series.str.contains(ESCAPED).arg_true()
        if len(escaped):
            series = series.clone().scatter(
                escaped, [unescaped(text) for text in series.gather(escaped)]
            )
        rows = series.str.contains(HIDDEN).arg_true()
        found = self._sight(series)
        found["canary"] |= as_given
        inner = [(row, text) for row in rows for text in hidden(series[row])]
        if inner:
            texts_inside = pl.Series([text for _, text in inner])
            _add(found, self._sight(texts_inside), [row for row, _ in inner])
        return found

    def _sight(self, series: pl.Series) -> dict[str, dict[int, Seen]]:
        """Look at texts as they are: each kind reads those that its gate lets through."""
        gates = [pl.col("text").str.contains(kind.gate).alias(kind.name) for kind in self.kinds]
        let_through = series.alias("text").to_frame().select(gates)
        found = {
            kind.name: _read(kind, series, let_through[kind.name].arg_true()) for kind in self.kinds
        }
        return found | {"canary": self._canaries(series)}

    def _canaries(self, series: pl.Series) -> dict[int, Seen]:
        """Say which texts hold a planted value in any of its forms."""
        if not self.canaries:
            return {}
        rows = series.str.contains_any(list(self.canaries), ascii_case_insensitive=True).arg_true()
        return dict.fromkeys(rows.to_list(), Seen(sure=1))

    def _sighted(self, texts: Iterable[str], name: str) -> int:
        """Count one kind in texts, as they are."""
        (kind,) = (kind for kind in self.kinds if kind.name == name)
        return sum(kind.see(text).sure for text in texts)


def _read(kind: Kind, series: pl.Series, rows: pl.Series) -> dict[int, Seen]:
    """Have one kind look at the texts that its gate let through."""
    seen = zip(rows.to_list(), map(kind.see, series.gather(rows).to_list()), strict=True)
    return {row: one for row, one in seen if any(one)}


def _add(
    outer: dict[str, dict[int, Seen]], inner: dict[str, dict[int, Seen]], rows: Sequence[int]
) -> None:
    """Add what was seen in decoded words to the texts that they stand in, given for each word."""
    for kind, found in inner.items():
        for at, seen in found.items():
            outer[kind][rows[at]] = outer[kind].get(rows[at], Seen()) + seen


def is_readable(data: bytes) -> bool:
    """Whether bytes look like text rather than noise."""
    if len(data) < NOISE_BYTES_MIN:
        return False
    each = np.frombuffer(data, np.uint8)
    return bool(np.mean((each >= FIRST_PRINTABLE) & (each <= LAST_PRINTABLE)) > NOISE_PRINTABLE_MAX)
