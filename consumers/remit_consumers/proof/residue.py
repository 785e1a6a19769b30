"""Residue: what of a person still stands, in plain, in any file under the data folder.

The detector knows nothing of the reducers and shares no code with them: it looks for full IP addresses, e-mail
addresses and planted values in every string of every Parquet file (those that no commit names as well), in every log
and plain file, and in what is sealed, which must look like noise. It tells where and how often, never what.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv6Address
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from remit_schemas.errors import PackError
from remit_schemas.header import Header

IPV4 = re.compile(rb"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w]|\.\d)")
"""Four numbers with dots between, not part of a longer word or number."""

IPV6 = re.compile(rb"(?<![\w:.])(?=[0-9A-Fa-f]{0,4}:)[0-9A-Fa-f:]{3,45}(?![\w:])")
"""Hex groups with colons between; whether it is an address is decided by reading it as one."""

EMAIL = re.compile(rb"[\w.+-]+(?:@|%40)(?:[\w-]+\.)+[A-Za-z]{2,}")
"""A mailbox at a domain, its sign percent-encoded or not."""

HOST_BITS_V4 = 8
"""Bits of an IPv4 address that must be zero when nothing says otherwise: a /24 remains (S025, reducer `ip`)."""

HOST_BITS_V6 = 80
"""Bits of an IPv6 address that must be zero when nothing says otherwise: a /48 remains (S025, reducer `ip`)."""

PUBLIC_V6 = (0x2000_0000, 0x4000_0000, 0xFC00_0000, 0xFE00_0000, 0xFE80_0000, 0xFEC0_0000)
"""Bounds (first, behind the last; first 32 bits) of the IPv6 ranges that hosts have: global, unique local, link local.
Other texts with colons are names such as C++ scopes. Source: IANA IPv6 address space registry."""

OCTET_MAX = 255
"""The highest number in an IPv4 address."""

FIRST_PRINTABLE, LAST_PRINTABLE = 0x20, 0x7E
"""The printable bytes of ASCII."""

NOISE_PRINTABLE_MAX = 0.6
"""Ciphertext has 37 % printable bytes (95 of 256); Avro and JSON in plain have more than 80 %."""

NOISE_BYTES_MIN = 128
"""Below that, the share of printable bytes says nothing."""

CHANCE_BYTES_MIN = 12
"""An e-mail address in noise must be so long: shorter ones stand in a few megabytes of it by chance."""


@dataclass(frozen=True, slots=True)
class Detector:
    """What is looked for.

    Attributes:
        canaries: Planted values.
        host_bits_v4: Low bits of an IPv4 address that the policy takes away.
        host_bits_v6: Low bits of an IPv6 address that the policy takes away.
    """

    canaries: tuple[bytes, ...] = ()
    host_bits_v4: int = HOST_BITS_V4
    host_bits_v6: int = HOST_BITS_V6

    def plain(self, text: bytes) -> Counter[str]:
        """Count what stands in text, by kind."""
        found = Counter(
            ipv4=sum(self._is_host_v4(match[0]) for match in IPV4.finditer(text)),
            ipv6=sum(self._is_host_v6(match[0]) for match in IPV6.finditer(text)),
            email=sum(1 for _ in EMAIL.finditer(text)),
            canary=sum(text.count(canary) for canary in self.canaries),
        )
        return +found

    def sealed(self, data: bytes) -> Counter[str]:
        """Count what stands in bytes that are to be noise, and whether they are."""
        found = Counter(
            ipv4=sum(self._is_host_v4(match[0]) for match in IPV4.finditer(data)),
            email=sum(len(match[0]) >= CHANCE_BYTES_MIN for match in EMAIL.finditer(data)),
            canary=sum(
                data.count(canary)
                for canary in self.canaries
                if len(canary) >= CHANCE_BYTES_MIN // 2
            ),
            not_sealed=int(_is_readable(data)),
        )
        return +found

    def _is_host_v4(self, text: bytes) -> bool:
        """Whether it is an IPv4 address with a host in it."""
        parts = [int(part) for part in text.split(b".")]
        return max(parts) <= OCTET_MAX and bool(
            int.from_bytes(bytes(parts)) & (1 << self.host_bits_v4) - 1
        )

    def _is_host_v6(self, text: bytes) -> bool:
        """Whether it is an IPv6 address that hosts have, with a host in it."""
        number = _v6_number(text)
        if number is None:
            return False
        top = number >> 96
        is_public = any(
            low <= top < high for low, high in zip(PUBLIC_V6[::2], PUBLIC_V6[1::2], strict=True)
        )
        return is_public and bool(number & (1 << self.host_bits_v6) - 1)


def _is_readable(data: bytes) -> bool:
    """Whether bytes look like text rather than noise."""
    if len(data) < NOISE_BYTES_MIN:
        return False
    each = np.frombuffer(data, np.uint8)
    return bool(np.mean((each >= FIRST_PRINTABLE) & (each <= LAST_PRINTABLE)) > NOISE_PRINTABLE_MAX)


def _v6_number(text: bytes) -> int | None:
    """Read an IPv6 address; a colon behind it belongs to the sentence."""
    for candidate in (text, text.removesuffix(b":")):
        try:
            return int(IPv6Address(candidate.decode("ascii")))
        except ValueError:
            continue
    return None


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


def search(data: Path, detector: Detector) -> Residue:
    """Search every file under a data folder."""
    found: dict[str, Counter[str]] = {}
    files = values = 0
    for path in sorted(data.rglob("*")):
        if not path.is_file():
            continue
        files += 1
        for place, count, hits in _in_file(path, detector):
            values += count
            if hits:
                where = (
                    f"{path.parent.relative_to(data)}/{place}"
                    if place
                    else str(path.relative_to(data))
                )
                found.setdefault(where, Counter()).update(hits)
    return Residue(files, values, found)


Found = tuple[str, int, Counter[str]]
"""A column (empty: the file itself), how many values were searched, and what stood there."""


def _in_file(path: Path, detector: Detector) -> Iterator[Found]:
    """Search one file as what it is."""
    try:
        if path.suffix == ".parquet":
            yield from _in_parquet(path, detector)
        elif path.suffix == ".pack" or path.name.startswith(("open-", "free-")):
            yield "", 0, _in_pack(path.read_bytes(), detector)
        else:
            yield "", 0, detector.plain(path.read_bytes())
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
        for leaf in _leaves(column.combine_chunks()):
            values = leaf.unique().drop_null()
            if pa.types.is_binary(values.type) or pa.types.is_large_binary(values.type):
                yield (
                    name,
                    len(values),
                    _total(_in_pack(value, detector) for value in values.to_pylist()),
                )
            else:
                yield name, len(values), detector.plain("\n".join(values.to_pylist()).encode())


def _leaves(array: pa.Array | pa.ChunkedArray) -> Iterator[pa.Array]:
    """The text and binary columns inside a column."""
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    kind = array.type
    if pa.types.is_struct(kind):
        for field in range(kind.num_fields):
            yield from _leaves(pc.struct_field(array, field))
    elif pa.types.is_map(kind):
        yield from (*_leaves(array.keys), *_leaves(array.items))
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind):
        yield from _leaves(pc.list_flatten(array))
    elif pa.types.is_dictionary(kind):
        yield from _leaves(array.dictionary)
    elif any(is_text(kind) for is_text in _TEXT):
        yield array


_TEXT = (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary, pa.types.is_large_binary)


def _in_pack(data: bytes, detector: Detector) -> Counter[str]:
    """Search a sealed pack: its header is plain, all behind it must be noise or zeros not written yet."""
    try:
        length = Header.parse(data).length
    except PackError:
        length = 0
    return detector.plain(data[:length]) + detector.sealed(data[length:].rstrip(b"\0"))


def _total(counts: Iterable[Counter[str]]) -> Counter[str]:
    """The sum of counts."""
    total: Counter[str] = Counter()
    for count in counts:
        total.update(count)
    return total


def canaries_of(texts: Sequence[str]) -> tuple[bytes, ...]:
    """Planted values as bytes; empty ones are none."""
    return tuple(text.encode() for text in texts if text)
