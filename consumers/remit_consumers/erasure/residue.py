"""The rescan: every file under the data folder is searched, decompressed, for whoever was erased, in every form."""

import base64
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Self
from urllib.parse import quote

import polars as pl
import pyarrow as pa

from remit_consumers.erasure.ledger import Named
from remit_consumers.erasure.scope import SubjectRef
from remit_consumers.lake.groups import coded_groups
from remit_consumers.lake.splice import TAIL
from remit_consumers.proof.residue.leaves import SEALED, leaves
from remit_consumers.reducers.pseudonym import PSEUDONYM_BYTES

SHORT = 8
"""Characters of a plain id up to which it is looked for as a whole value only: shorter ones stand in anything."""


NAME = rf"[0-9a-f]{{{2 * PSEUDONYM_BYTES}}}"
"""What a pseudonym of a view or a recipient looks like."""

BATCH_BYTES = 64 << 20
"""Bytes of texts that are looked through together: bounds the memory that a search takes."""


@dataclass(frozen=True, slots=True)
class Needles:
    """What must stand nowhere.

    Attributes:
        parts: Texts that are long enough to be found anywhere.
        wholes: Texts that are looked for as whole values.
        names: Pseudonyms of views and recipients, however many: looked for among all that look like one.
    """

    parts: tuple[str, ...]
    wholes: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()


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

    def with_other(self, other: Self, folder: str) -> Self:
        """What was seen here, and in another place, which is told as a folder of this one."""
        there = {f"{folder}/{place}": n for place, n in other.found.items()}
        return replace(
            self,
            files=self.files + other.files,
            values=self.values + other.values,
            found=self.found | there,
            sealed=self.sealed + other.sealed,
        )

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
    """Search every file under a data folder.

    Texts of many files are looked through together, because making ready for thousands of names costs more than looking;
    only where something is found is each file asked by itself.
    """
    files = values = sealed = 0
    found: dict[str, int] = {}
    batch = _Batch(needles)
    for path in sorted(data.rglob("*")):
        if not path.is_file():
            continue
        files += 1
        sealed += _is_sealed(path)
        texts = list(_texts_of(path))
        values += sum(len(each) for place, each in texts if place)
        batch.add(path, texts)
        if batch.is_full:
            found |= batch.found(data)
            batch = _Batch(needles)
    return Rescan(files, values, found | batch.found(data), sealed)


def found_in(data: Path, folders: Iterable[Path], needles: Needles) -> dict[str, int]:
    """Search the files of some folders below a data folder; gives, as a rescan does, how many texts hold a name, by place."""
    files = [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()]
    found: dict[str, int] = {}
    for path in files:
        batch = _Batch(needles)
        batch.add(path, list(_texts_of(path)))
        found |= batch.found(data)
    return found


Texts = tuple[str, pl.Series]
"""A column (empty: the file itself), and the different texts that stand there."""


@dataclass(slots=True)
class _Batch:
    """Texts of several files, to be looked through together."""

    needles: Needles
    paths: list[Path] = field(default_factory=list)
    texts: list[pl.Series] = field(default_factory=list)
    size: int = 0

    def add(self, path: Path, texts: Sequence[Texts]) -> None:
        """Add a file."""
        self.paths.append(path)
        self.texts += [each for _, each in texts]
        self.size += sum(int(each.str.len_bytes().sum() or 0) for _, each in texts)

    @property
    def is_full(self) -> bool:
        """Whether it is large enough."""
        return self.size >= BATCH_BYTES

    def found(self, data: Path) -> dict[str, int]:
        """How many texts hold a name, by place."""
        if not self.texts or not _hits(pl.concat(self.texts), self.needles):
            return {}
        found: Counter[str] = Counter()
        for path in self.paths:
            for place, texts in _texts_of(path):
                hits = _hits(texts, self.needles)
                if hits:
                    where = path.relative_to(data)
                    found[str(where.parent / place if place else where)] += hits
        return dict(found)


def _hits(texts: pl.Series, needles: Needles) -> int:
    """How many texts hold a name."""
    hits = texts.str.contains_any(_as_read(needles.parts)) if needles.parts else texts.is_null()
    if needles.wholes:
        wholes = sorted(needles.wholes)
        hits |= texts.is_in(wholes) | texts.str.contains_any([f'"{whole}"' for whole in wholes])
    if needles.names:
        looks_like = texts.str.extract_all(NAME).explode()
        return int(hits.sum() or 0) + int(looks_like.is_in(sorted(needles.names)).sum() or 0)
    return int(hits.sum() or 0)


def _as_read(parts: Sequence[str]) -> list[str]:
    """What to look for: as texts have it, and as bytes have it that are read as texts."""
    raw = (part.encode("utf-8", "surrogatepass").decode("latin-1") for part in parts)
    return sorted({part for part in parts if part.isprintable()} | set(raw))


def _is_sealed(path: Path) -> bool:
    """Whether a file looks like noise: a pack, or what was seen in an open window."""
    return path.suffix in SEALED or path.name.startswith(("open-", "free-"))


def _texts_of(path: Path) -> Iterator[Texts]:
    """Everything that a file says, as what it is; what is sealed says nothing."""
    try:
        if path.suffix == ".parquet":
            yield from _of_parquet(path)
        elif path.suffix == ".npz":
            with zipfile.ZipFile(path) as packed:
                yield "", _of_bytes([packed.read(name) for name in packed.namelist()])
        elif not _is_sealed(path):
            yield "", _of_bytes([path.read_bytes()])
    except FileNotFoundError:  # a running consumer took it away
        return
    except zipfile.BadZipFile:
        yield "", _of_bytes([path.read_bytes()])


def _of_bytes(data: Sequence[bytes]) -> pl.Series:
    """Bytes, read as texts of one byte a character."""
    return pl.Series([each.decode("latin-1") for each in data], dtype=pl.String)


def _of_parquet(path: Path) -> Iterator[Texts]:
    """Every column of texts or bytes, what only its dictionaries name included, and the footer; a torn file as it stands."""
    try:
        columns = _columns(path)
    except (pa.ArrowException, OSError):
        yield "", _of_bytes([path.read_bytes()])
        return
    yield "", _of_bytes([_footer(path)])
    for (name, kind), parts in columns.items():
        told = pa.concat_arrays(parts).unique().drop_null()
        is_text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
        yield name, pl.Series(told) if is_text else _of_bytes(told.to_pylist())


def _columns(path: Path) -> dict[tuple[str, pa.DataType], list[pa.Array]]:
    """The texts and bytes of a Parquet file by column and type, at any depth."""
    found: dict[tuple[str, pa.DataType], list[pa.Array]] = {}
    for group in coded_groups(path):
        for name, column in zip(group.column_names, group.columns, strict=True):
            for leaf in (leaf for chunk in column.chunks for leaf in leaves(chunk)):
                found.setdefault((name, leaf.type), []).append(leaf)
    return found


def _footer(path: Path) -> bytes:
    """A Parquet file's end, where minima and maxima stand."""
    with path.open("rb") as file:
        file.seek(-TAIL, 2)
        length = int.from_bytes(file.read(4), "little")
        file.seek(-TAIL - length, 2)
        return file.read(length)
