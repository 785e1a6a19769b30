"""Every file under a data folder, searched as what it is: Parquet by its values, packs as noise, all else line by line."""

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from remit_consumers.proof.residue.detector import Detector
from remit_consumers.proof.residue.texts import TEXTS
from remit_schemas.errors import PackError
from remit_schemas.header import Header

SEALED = frozenset({".pack", ".sealed"})
"""Files that must look like noise: packs, and what was seen of traits in open windows."""

ADDRESSES = frozenset({"ipv4", "ipv6"})
"""Kinds that are none where addresses are stored encrypted, and where an operator named the origins of a shop."""

SOURCES = Path("edge", "sources.json")
"""The write keys of the edge, hashed, with the origins that an operator allowed: a shop's own address may be among them."""


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
    own = _forms_of(data)
    for path in sorted(data.rglob("*")):
        if not path.is_file():
            continue
        files += 1
        if TEXTS in path.relative_to(data).parents and _sha256(path) in texts:
            continue
        is_ours = path.relative_to(data) == SOURCES
        for place, count, seen in _in_file(path, detector, own):
            values += count
            hits = _without_addresses(seen) if is_ours else seen
            if hits:
                where = (
                    f"{path.parent.relative_to(data)}/{place}"
                    if place
                    else str(path.relative_to(data))
                )
                found.setdefault(where, Counter()).update(hits)
    return Residue(files, values, found)


def _sha256(path: Path) -> str:
    """The SHA-256 of a file, as hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


Found = tuple[str, int, Counter[str]]
"""A column (empty: the file itself), how many values were searched, and what stood there."""


def _forms_of(data: Path) -> tuple[bytes, ...]:
    """How the data folder's own place is written in table logs: it may lie in somebody's home, and tells nothing new."""
    places = {str(data), str(data.absolute()), str(data.resolve())}
    forms = {form.encode() for place in places for form in (place, quote(place))}
    return tuple(sorted(forms, key=len, reverse=True))


def _in_file(path: Path, detector: Detector, own: tuple[bytes, ...]) -> Iterator[Found]:
    """Search one file as what it is."""
    try:
        if path.suffix == ".parquet":
            yield from _in_parquet(path, detector)
        elif path.suffix in SEALED or path.name.startswith(("open-", "free-")):
            yield "", 0, _in_packs([path.read_bytes()], detector)
        else:
            text = path.read_bytes()
            for place in own:
                text = text.replace(place, b"")
            yield "", 0, detector.plain(text)
    except FileNotFoundError:  # a running consumer took it away
        return


def _in_parquet(path: Path, detector: Detector) -> Iterator[Found]:
    """Search every string and binary column of a Parquet file, at any depth; a torn file as noise."""
    try:
        table = pq.read_table(path, partitioning=None)
    except (pa.ArrowException, OSError):
        yield "", 0, detector.plain(path.read_bytes())
        return
    for name, column in zip(table.column_names, table.columns, strict=True):
        for leaf in leaves(column.combine_chunks()):
            values = leaf.unique().drop_null()
            if pa.types.is_binary(values.type) or pa.types.is_large_binary(values.type):
                yield name, len(values), _in_packs(values.to_pylist(), detector)
            else:
                hits = detector.count(pl.Series(values))
                if any((part, name) in detector.encrypted for part in path.parts):
                    hits = _without_addresses(hits)
                yield name, len(values), hits


def _without_addresses(hits: Counter[str]) -> Counter[str]:
    return Counter({kind: n for kind, n in hits.items() if kind not in ADDRESSES})


def leaves(array: pa.Array | pa.ChunkedArray) -> Iterator[pa.Array]:
    """The text and binary columns inside a column."""
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    kind = array.type
    if pa.types.is_struct(kind):
        for field in range(kind.num_fields):
            yield from leaves(pc.struct_field(array, field))
    elif pa.types.is_map(kind):
        yield from (*leaves(array.keys), *leaves(array.items))
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind):
        yield from leaves(pc.list_flatten(array))
    elif pa.types.is_dictionary(kind):
        yield from leaves(array.dictionary)
    elif any(is_text(kind) for is_text in TEXT_TYPES):
        yield array


TEXT_TYPES = (
    pa.types.is_string,
    pa.types.is_large_string,
    pa.types.is_binary,
    pa.types.is_large_binary,
)
"""Tell whether a column holds texts or bytes."""


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
