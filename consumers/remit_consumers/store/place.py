"""Where the lake lies: a local folder, or below a prefix of a bucket; and the few things that differ between the two.

An `ObjectPath` is to the lake what a `Path` is: it has the methods of one that the lake uses, and whatever else is asked of
it, or by the operating system, ends in one line. So nothing that was not built for a store can do half of its work there.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import IO, Final, NoReturn, cast

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable

from remit_consumers.store.bucket import Bucket, Stat, bucket
from remit_schemas.durable import replace_file
from remit_schemas.errors import LakeError, SettingsError

SCHEME: Final = "s3:"
"""The first part of an object's path: what `s3://` becomes when it is taken for one."""


class ObjectPath(PurePosixPath):
    """The name of an object, or the beginning of several, in a bucket."""

    def __str__(self) -> str:
        """Write it as an address; a part of one as it is."""
        is_whole = self.parts[:1] == (SCHEME,)
        return f"{SCHEME}//{'/'.join(self.parts[1:])}" if is_whole else "/".join(self.parts)

    def __fspath__(self) -> str:
        """Refuse to be taken for a file."""
        _refuse()

    def __getattr__(self, name: str) -> NoReturn:
        """Refuse what was not built for a store; names of Python's own machinery are simply not there."""
        if name.startswith("_"):
            raise AttributeError(name)
        _refuse()

    @property
    def bucket(self) -> Bucket:
        """The bucket that it lies in."""
        return bucket(self.parts[1])

    @property
    def key(self) -> str:
        """Its name in the bucket."""
        return "/".join(self.parts[2:])

    def absolute(self) -> "ObjectPath":
        """Give it as it is: it has a beginning."""
        return self

    def resolve(self) -> "ObjectPath":
        """Give what it stands for: itself."""
        return self

    def exists(self) -> bool:
        """Whether it is an object, or the beginning of one."""
        return self.is_file() or self.is_dir()

    def is_dir(self) -> bool:
        """Whether objects lie below it."""
        return self.bucket.holds(f"{self.key}/")

    def is_file(self) -> bool:
        """Whether it is an object."""
        try:
            self.stat()
        except FileNotFoundError:
            return False
        return True

    def iterdir(self) -> Iterator["ObjectPath"]:
        """What lies right below it."""
        return self._below(self.bucket.names(f"{self.key}/", deep=False))

    def rglob(self, pattern: str) -> Iterator["ObjectPath"]:
        """What lies below it, at any depth, and has such a name; folders too, which are there as parts of names."""
        seen: set[ObjectPath] = set()
        for one in self._below(self.bucket.names(f"{self.key}/", deep=True)):
            for path in (one, *one.parents):
                if path == self or path in seen:
                    break
                seen.add(path)
                if fnmatchcase(path.name, pattern):
                    yield path

    def glob(self, pattern: str) -> Iterator["ObjectPath"]:
        """What lies below it and matches, part by part; `**` is any depth."""
        first, _, rest = pattern.partition("/")
        if first == "**":
            yield from self.rglob(rest)
        elif rest:
            for one in self.iterdir():
                if fnmatchcase(one.name, first):
                    yield from one.glob(rest) if any(c in rest for c in "*?[") else _if(one / rest)
        else:
            yield from (one for one in self.iterdir() if fnmatchcase(one.name, first))

    def stat(self) -> Stat:
        """Say what is known of it."""
        return self.bucket.stat(self.key)

    def read_bytes(self) -> bytes:
        """Give its bytes."""
        return self.bucket.read(self.key)

    def read_text(self, encoding: str) -> str:
        """Give its text."""
        return self.read_bytes().decode(encoding)

    def open(self, mode: str = "rb") -> IO[bytes]:
        """Read it as a file."""
        if mode != "rb":
            _refuse()
        return BytesIO(self.read_bytes())

    def write_bytes(self, data: bytes) -> None:
        """Write it, durably."""
        self.bucket.write(self.key, data)

    def write_text(self, text: str, encoding: str) -> None:
        """Write it, durably."""
        self.write_bytes(text.encode(encoding))

    def unlink(self, missing_ok: bool = False) -> None:  # noqa: FBT001, FBT002 - as Path has it
        """Take it away."""
        if not missing_ok:
            self.stat()
        self.bucket.delete(self.key)

    def mkdir(self, *, parents: bool = False, exist_ok: bool = False) -> None:
        """Do nothing: a store has no folders."""

    def _below(self, keys: Iterator[str]) -> Iterator["ObjectPath"]:
        return (ObjectPath(SCHEME, self.parts[1], one) for one in keys)


def _if(path: ObjectPath) -> Iterator[ObjectPath]:
    """A path, if it is there."""
    if path.exists():
        yield path


def _refuse() -> NoReturn:
    """End in one line."""
    message = "this needs a lake in a local folder: it does not work on an object store yet"
    raise LakeError(message)


def at_address(address: str) -> Path:
    """Name the lake that lies at an address.

    Raises:
        SettingsError: It is not `s3://BUCKET/PREFIX`.
    """
    parts = PurePosixPath(address).parts
    if not address.startswith(f"{SCHEME}//") or len(parts) < 3 or ".." in parts:  # noqa: PLR2004 - scheme, bucket, prefix
        raise SettingsError("REMIT_LAKE must be s3://BUCKET/PREFIX")
    return cast("Path", ObjectPath(*parts))


def is_local(path: Path) -> bool:
    """Whether a path lies in a local folder."""
    return not isinstance(cast("object", path), ObjectPath)


def delta(path: Path, version: int | None = None) -> DeltaTable:
    """Open a table."""
    return DeltaTable(address(path), version=version, storage_options=options(path))


def address(path: Path) -> str:
    """How delta-rs names a table."""
    return os.fspath(path) if is_local(path) else str(path)


def options(path: Path) -> dict[str, str] | None:
    """How delta-rs reaches a table; None in a local folder."""
    return None if is_local(path) else _object(path).bucket.options()


def parquet(path: Path) -> pq.ParquetFile:
    """Open a Parquet file. One on a store is read whole: a request takes longer than the bytes of a flush do."""
    return pq.ParquetFile(path if is_local(path) else pa.BufferReader(path.read_bytes()))


def parquet_coded(path: Path) -> pq.ParquetFile:
    """Open a Parquet file, as `parquet`, so that texts and bytes are read as their dictionaries have them."""
    source = path if is_local(path) else pa.BufferReader(path.read_bytes())
    with pq.ParquetFile(source) as opened:
        about = opened.metadata
        columns = [about.schema.column(place) for place in range(about.num_columns)]
    coded = [one.path for one in columns if one.physical_type == "BYTE_ARRAY"]
    return pq.ParquetFile(source, metadata=about, read_dictionary=coded)


@contextmanager
def sink(path: Path) -> Iterator[Path | pa.BufferOutputStream]:
    """Give what a Parquet file is written to; behind it the file is there. Nothing is fsynced."""
    if is_local(path):
        yield path
        return
    stream = pa.BufferOutputStream()
    yield stream
    path.write_bytes(stream.getvalue().to_pybytes())


def write_whole(path: Path, data: bytes) -> None:
    """Write a small file of the lake, durably, so that a reader sees the old one or the new one, whole."""
    if is_local(path):
        replace_file(path, data)
    else:
        path.write_bytes(data)


def take_name(drafted: Path, name: Path) -> None:
    """Give what is drafted a name that is free, at once or not at all.

    Raises:
        FileExistsError: It is another's.
        Unconfirmed: It is not known whether it is ours now.
    """
    if is_local(name):
        os.link(drafted, name)
    else:
        _object(name).bucket.take(_object(name).key, drafted.read_bytes())


def _object(path: Path) -> ObjectPath:
    """The same path as what it is.

    Raises:
        OSError: It lies in a local folder.
    """
    found = cast("object", path)
    if not isinstance(found, ObjectPath):
        raise OSError(errno.EINVAL, "no object of a store")
    return found
