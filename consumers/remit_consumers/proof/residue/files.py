"""Every file under a data folder, searched as what it is: Parquet by its values, packs as noise, all else line by line."""

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final
from urllib.parse import quote

import polars as pl
import pyarrow as pa

from remit_consumers.lake.groups import coded_groups
from remit_consumers.proof.residue.detector import Detector
from remit_consumers.proof.residue.leaves import SEALED, leaves
from remit_consumers.proof.residue.texts import TEXTS
from remit_schemas.errors import PackError
from remit_schemas.header import Header

ADDRESSES = frozenset({"ipv4", "ipv6"})
"""Kinds that are none where addresses are stored encrypted, and where an operator named the origins of a shop."""

SOURCES = Path("edge", "sources.json")
"""The write keys of the edge, hashed, with the origins that an operator allowed: a shop's own address may be among them."""

POOL_BYTES: Final = 8 << 20
"""Texts that are looked at together, at most: what a look takes in memory is a few times as much."""

POOL_PARTS: Final = 10_000
"""Places that are looked at together, at most: most are small, and few are more than so many files of a flush."""


@dataclass(frozen=True, slots=True)
class Residue:
    """What was found.

    Attributes:
        files: Files searched.
        values: Different values of columns searched.
        found: For each place (file or folder, and column), how often each kind stands there.
    """

    files: int
    values: int
    found: dict[str, Counter[str]]

    def with_other(self, other: "Residue") -> "Residue":
        """What was found here, and in another place."""
        found = {place: Counter(hits) for place, hits in self.found.items()}
        for place, hits in other.found.items():
            found.setdefault(place, Counter()).update(hits)
        return Residue(self.files + other.files, self.values + other.values, found)

    @property
    def by_kind(self) -> Counter[str]:
        """How often each kind stands anywhere."""
        return _total(self.found.values())


def search(data: Path, detector: Detector, texts: Collection[str] = ()) -> Residue:
    """Search every file under a data folder.

    Args:
        data: The data folder.
        detector: Knows what is residue.
        texts: SHA-256 of the policies' own texts: a file in `TEXTS` that is one of them is public, contacts in it too.
    """
    found: dict[str, Counter[str]] = {}
    files = values = 0
    own, pool = _forms_of(data), _Pool(detector, found)
    for path in sorted(data.rglob("*")):
        if not path.is_file():
            continue
        files += 1
        within = path.relative_to(data)
        if TEXTS in within.parents and _sha256(path) in texts:
            continue
        for part in _in_file(path, detector, own):
            values += part.values
            where = f"{within.parent}/{part.column}" if part.column else str(within)
            pool.add(where, replace(part, has_addresses=part.has_addresses or within == SOURCES))
    pool.look()
    return Residue(files, values, found)


@dataclass(frozen=True, slots=True)
class _Part:
    """What is searched of a file.

    Attributes:
        column: The column; empty: the file itself.
        values: How many different values of a column it is.
        texts: What is to be looked at.
        seen: What was seen already.
        has_addresses: Whether what looks like an address in it is none, or is an operator's.
    """

    column: str
    values: int = 0
    texts: pl.Series = field(default_factory=lambda: pl.Series(dtype=pl.String))
    seen: Counter[str] = field(default_factory=Counter)
    has_addresses: bool = False


@dataclass(slots=True)
class _Pool:
    """Parts of many files, which are looked at together.

    Attributes:
        detector: Looks at them.
        found: For each place what stands there; the pool adds to it.
    """

    detector: Detector
    found: dict[str, Counter[str]]
    _parts: list[tuple[str, _Part]] = field(default_factory=list)
    _bytes: int = 0

    def add(self, where: str, part: _Part) -> None:
        """Take a part of a place in; look where enough is together."""
        self._parts.append((where, part))
        self._bytes += int(part.texts.estimated_size())
        if self._bytes >= POOL_BYTES or len(self._parts) >= POOL_PARTS:
            self.look()

    def look(self) -> None:
        """Look at everything that is together, and let it go."""
        seen = self.detector.counts([part.texts for _, part in self._parts])
        for (where, part), count in zip(self._parts, seen, strict=True):
            hits = count + part.seen
            hits = _without_addresses(hits) if part.has_addresses else hits
            if hits:
                self.found.setdefault(where, Counter()).update(hits)
        self._parts, self._bytes = [], 0


def _sha256(path: Path) -> str:
    """The SHA-256 of a file, as hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _forms_of(data: Path) -> tuple[bytes, ...]:
    """How the data folder's own place is written in table logs: it may lie in somebody's home, and tells nothing new."""
    places = {str(data), str(data.absolute()), str(data.resolve())}
    forms = {form.encode() for place in places for form in (place, quote(place))}
    return tuple(sorted(forms, key=len, reverse=True))


def _in_file(path: Path, detector: Detector, own: tuple[bytes, ...]) -> Iterator[_Part]:
    """Read one file as what it is."""
    try:
        if path.suffix == ".parquet":
            yield from _in_parquet(path, detector)
        elif path.suffix in SEALED or path.name.startswith(("open-", "free-")):
            yield _Part("", seen=_in_packs([path.read_bytes()], detector))
        else:
            text = path.read_bytes()
            for place in own:
                text = text.replace(place, b"")
            yield _lines(text)
    except FileNotFoundError:  # a running consumer took it away
        return


def _lines(text: bytes) -> _Part:
    """What is no table, line by line."""
    return _Part("", texts=pl.Series(text.decode("utf-8", "replace").splitlines(), dtype=pl.String))


def _in_parquet(path: Path, detector: Detector) -> Iterator[_Part]:
    """Read every string and binary column of a Parquet file, at any depth, and what only dictionaries name; a torn file as noise."""
    try:
        columns = _columns(path)
    except FileNotFoundError:
        raise
    except (pa.ArrowException, OSError):
        yield _lines(path.read_bytes())
        return
    for (name, _, kind), parts in columns.items():
        values = pa.concat_arrays(parts).unique().drop_null()
        if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
            yield _Part(name, len(values), seen=_in_packs(values.to_pylist(), detector))
        else:
            encrypted = any((part, name) in detector.encrypted for part in path.parts)
            texts = pl.Series(values, dtype=pl.String)
            yield _Part(name, len(values), texts, has_addresses=encrypted)


def _columns(path: Path) -> dict[tuple[str, int, pa.DataType], list[pa.Array]]:
    """The texts and bytes of a Parquet file, by column, place in it and type."""
    found: dict[tuple[str, int, pa.DataType], list[pa.Array]] = {}
    for group in coded_groups(path):
        for name, column in zip(group.column_names, group.columns, strict=True):
            for chunk in column.chunks:
                for place, leaf in enumerate(leaves(chunk)):
                    found.setdefault((name, place, leaf.type), []).append(leaf)
    return found


def _without_addresses(hits: Counter[str]) -> Counter[str]:
    return Counter({kind: n for kind, n in hits.items() if kind not in ADDRESSES})


def _in_packs(packs: Sequence[bytes], detector: Detector) -> Counter[str]:
    """Search sealed packs: a header is plain, all behind it must be noise or zeros not written yet."""
    cuts = [_header_length(data) for data in packs]
    heads = b"\n".join(data[:cut] for data, cut in zip(packs, cuts, strict=True))
    bodies = [data[cut:].rstrip(b"\0") for data, cut in zip(packs, cuts, strict=True)]
    return detector.plain(heads) + detector.sealed(bodies)


def _header_length(data: bytes) -> int:
    """How many bytes of a pack are its header; none where it has none."""
    try:
        return Header.parse(data).length
    except PackError:
        return 0


def _total(counts: Iterable[Counter[str]]) -> Counter[str]:
    """The sum of counts."""
    total: Counter[str] = Counter()
    for count in counts:
        total.update(count)
    return total
