"""The type of text that is never reduced again.

What is keyed (pseudonyms, encrypted addresses) or looked up (a place) would say something else when it went through
once more, and its look does not tell: a pseudonym is a text like any other. So its column carries a type that the
door of every reducer refuses. The type holds in flight, from reducer to reducer and step to step; the lake stores the
plain text under it, and names the reducer in the column's metadata.
"""

from typing import Self

import pyarrow as pa

from remit_schemas.errors import ReducerError


class Final(pa.ExtensionType):  # type: ignore[misc] # pyarrow has no types
    """Text, plain or dictionary-encoded, that no reducer takes."""

    def __init__(self, storage: pa.DataType) -> None:
        super().__init__(storage, "remit.final")

    def __arrow_ext_serialize__(self) -> bytes:
        return b""

    @classmethod
    def __arrow_ext_deserialize__(cls, storage: pa.DataType, serialized: bytes) -> Self:
        del serialized
        return cls(storage)


def final(values: pa.Array) -> pa.ExtensionArray:
    """Put a column under the type; nothing is copied."""
    return pa.ExtensionArray.from_storage(Final(values.type), values)


def plain(values: pa.Array) -> pa.Array:
    """Take the text under the type, or a column that has no such type as it is; nothing is copied."""
    return values.storage if isinstance(values.type, Final) else values


def refuse_final(kind: pa.DataType) -> None:
    """Stop a second application.

    Raises:
        ReducerError: A column of this type was reduced for good.
    """
    if isinstance(kind, Final):
        message = "a column of this type was reduced for good: to reduce it again would say something else"
        raise ReducerError(message)
