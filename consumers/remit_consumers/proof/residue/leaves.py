"""What of a data folder holds texts, and what must be noise: for every search, without the detectors that one of them has."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

SEALED = frozenset({".pack", ".sealed"})
"""Files that must look like noise: packs, and what was seen of traits in open windows."""

TEXT_TYPES = (
    pa.types.is_string,
    pa.types.is_large_string,
    pa.types.is_binary,
    pa.types.is_large_binary,
)
"""Tell whether a column holds texts or bytes."""


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
