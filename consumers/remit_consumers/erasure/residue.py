"""The rescan: every file under the data folder is searched, decompressed, for whoever was erased, in every form."""

import base64
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Self
from urllib.parse import quote

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from remit_consumers.erasure.ledger import Named
from remit_consumers.erasure.scope import SubjectRef
from remit_consumers.proof.residue.files import SEALED, TEXT_TYPES, leaves

SHORT = 8
"""Characters of a plain id up to which it is looked for as a whole value only: shorter ones stand in anything."""


@dataclass(frozen=True, slots=True)
class Needles:
    """What must stand nowhere.

    Attributes:
        parts: Texts that are long enough to be found anywhere.
        wholes: Texts that are looked for as whole values.
    """

    parts: tuple[str, ...]
    wholes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Rescan:
    """What a search saw.

    Attributes:
        files: Files searched.
        values: Different values of columns searched.
        found: For each place (file or folder, and column), how many values held a name.
        sealed: Files that are sealed: they are noise, and nobody can be found in them without a key.
    """

    files: int
    values: int
    found: dict[str, int] = field(default_factory=dict)
    sealed: int = 0

    @property
    def total(self) -> int:
        """How often any name was found."""
        return sum(self.found.values())

    def but_for(self, folders: Iterable[str]) -> Self:
        """What was found outside some folders, which are named from the data folder on."""
        places = tuple(f"{folder}/" for folder in folders)
        found = {place: n for place, n in self.found.items() if not place.startswith(places)}
        return replace(self, found=found)


def needles_of(named: Iterable[Named], plain: Sequence[SubjectRef] = ()) -> Needles:
    """Say what to look for: all pseudonyms, and the plain ids where they are still known, in every usual form."""
    parts: set[str] = set()
    for one in named:
        for name in (*one.stored, *one.ledger):
            parts |= forms_of_pseudonym(name)
    wholes: set[str] = set()
    for ref in plain:
        forms = forms_of_plain(ref.subject)
        parts |= {form for form in forms if len(form) > SHORT}
        wholes |= {form for form in forms if len(form) <= SHORT}
    return Needles(tuple(sorted(parts)), frozenset(wholes))


def forms_of_pseudonym(name: str) -> set[str]:
    """A pseudonym as it stands, and its bytes as base64."""
    forms = {name, name.upper()}
    try:
        raw = bytes.fromhex(name)
    except ValueError:
        return forms
    coded = (base64.b64encode(raw), base64.urlsafe_b64encode(raw))
    return forms | {text.decode().rstrip("=") for text in coded}


def forms_of_plain(subject: str) -> set[str]:
    """A plain id as it stands, quoted, as hexadecimal digits, as base64, and its SHA-256."""
    raw = subject.encode("utf-8", "surrogatepass")
    coded = (base64.b64encode(raw), base64.urlsafe_b64encode(raw))
    texts = {text.decode().rstrip("=") for text in coded}
    quoted = quote(raw)
    return {subject, quoted, raw.hex(), sha256(raw).hexdigest()} | {
        text for text in texts if len(text) > SHORT
    }


def rescan(data: Path, needles: Needles) -> Rescan:
    """Search every file under a data folder."""
    files = values = sealed = 0
    found: Counter[str] = Counter()
    for path in sorted(data.rglob("*")):
        if not path.is_file():
            continue
        files += 1
        is_sealed = path.suffix in SEALED or path.name.startswith(("open-", "free-"))
        sealed += is_sealed
        for place, count, hits in _in_file(path, needles, is_sealed=is_sealed):
            values += count
            if hits:
                where = path.relative_to(data)
                found[str(where.parent / place if place else where)] += hits
    return Rescan(files, values, dict(found), sealed)


def _in_file(path: Path, needles: Needles, *, is_sealed: bool) -> Iterator[tuple[str, int, int]]:
    """Search one file as what it is: column (empty: the file itself), values searched, values that hit."""
    try:
        if path.suffix == ".parquet":
            yield from _in_parquet(path, needles)
        elif path.suffix == ".npz":
            yield "", 0, _in_arrays(path, needles)
        elif not is_sealed:
            yield "", 0, _in_text(path.read_bytes(), needles)
    except FileNotFoundError:  # a running consumer took it away
        return


def _in_parquet(path: Path, needles: Needles) -> Iterator[tuple[str, int, int]]:
    """Search every column of texts or bytes; a torn file as it stands."""
    try:
        opened = pq.ParquetFile(path)
        texts = [one.name for one in opened.schema_arrow if _may_hold(one.type)]
        table = pq.read_table(
            path, columns=texts, read_dictionary=_flat(opened.schema_arrow), partitioning=None
        )
    except (pa.ArrowException, OSError):
        yield "", 0, _in_text(path.read_bytes(), needles)
        return
    yield "", 0, _in_text(_footer(path), needles)
    for name, column in zip(table.column_names, table.columns, strict=True):
        for chunk in column.chunks:
            for leaf in leaves(chunk):
                values = pl.Series(leaf.unique().drop_null())
                yield name, len(values), _in_values(values, needles)


def _in_values(values: pl.Series, needles: Needles) -> int:
    """How many values hold a name."""
    if values.dtype == pl.Binary:
        return sum(bool(_in_text(value, needles)) for value in values)
    texts = values.cast(pl.String)
    hits = texts.str.contains_any(list(needles.parts)) if needles.parts else texts.is_null()
    if needles.wholes:
        hits |= texts.is_in(list(needles.wholes))
    return int(hits.sum())


def _in_text(data: bytes, needles: Needles) -> int:
    """How many names stand in a text, or in any bytes."""
    text = data.decode("latin-1")
    hits = 0
    if needles.parts:
        as_read = [
            part.encode("utf-8", "surrogatepass").decode("latin-1") for part in needles.parts
        ]
        found = pl.Series([text]).str.extract_many(as_read)
        hits = len(found[0]) if found[0] is not None else 0
    return hits + sum(f'"{whole}"' in text for whole in needles.wholes)


def _in_arrays(path: Path, needles: Needles) -> int:
    """Search a snapshot's arrays."""
    import zipfile  # noqa: PLC0415 - only where there is one

    with zipfile.ZipFile(path) as packed:
        return sum(_in_text(packed.read(name), needles) for name in packed.namelist())


def _footer(path: Path) -> bytes:
    """A Parquet file's end, where minima and maxima stand."""
    with path.open("rb") as file:
        file.seek(-8, 2)
        length = int.from_bytes(file.read(4), "little")
        file.seek(-8 - length, 2)
        return file.read(length)


def _flat(schema: pa.Schema) -> list[str]:
    """The columns whose distinct values a file may have together already."""
    return [one.name for one in schema if pa.types.is_string(one.type)]


def _may_hold(kind: pa.DataType) -> bool:
    """Whether a column may hold texts or bytes."""
    if kind.num_fields:
        return any(_may_hold(kind.field(number).type) for number in range(kind.num_fields))
    return any(is_text(kind) for is_text in TEXT_TYPES)
