"""The pseudonyms of a view: under a key of its purpose, so that no name of it stands anywhere else.

They are made of the pseudonyms that the lake stores, not of the subjects: the secrets of visitors are gone by then,
and a view has to be made anew from rows alone.
"""

from hmac import digest
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from remit_consumers.keyfiles import KEY_BYTES, open_folder, own_key
from remit_consumers.reducers.pseudonym import PSEUDONYM_BYTES
from remit_schemas.errors import KeysOutOfReach
from remit_schemas.view import Names

FILE = "views.key"
"""The random key that the keys of all purposes are derived from, in the folder of keys."""

_INFO = b"remit view pseudonyms 1|"
_MARK = b"remit view mark 1|"
MARK_BYTES = 8
"""Bytes that tell one key from another: 64 bits."""


class ViewNames:
    """The pseudonyms of one purpose."""

    def __init__(self, keys: Path, purpose: str, lasting: Names = "stable") -> None:
        """Read the key, making it at random when there is none.

        Args:
            keys: The folder of keys.
            purpose: A fideslang data_use.
            lasting: How long a subject has one name.

        Raises:
            KeysOutOfReach: The key cannot be read or made.
        """
        try:
            master = own_key(open_folder(keys) / FILE)
        except OSError as error:
            message = f"the key of the views cannot be read or made: {error.strerror}"
            raise KeysOutOfReach(message) from None
        self._key = _derived(master, _INFO + purpose.encode(), KEY_BYTES)
        self.mark = _derived(master, _MARK + purpose.encode(), MARK_BYTES).hex()
        """Says which key it was without telling it: a view under another key is made anew."""
        self.lasting = lasting

    def of(self, stored: pa.Array, days: pa.Array) -> pa.Array | None:
        """Replace pseudonyms of the lake, each distinct one once; null where there is none.

        Args:
            stored: The pseudonyms.
            days: The day on which each row was collected.

        Returns:
            As many names; None where a view has none.

        Source: DESIGN.md, D8; RFC 5869; RFC 2104, section 5 (truncation).
        """
        if self.lasting == "none":
            return None
        if self.lasting == "daily":
            stored = pc.binary_join_element_wise(stored, days.cast(pa.string()), "|")
        coded = stored.dictionary_encode()
        names = [
            digest(self._key, name.encode(), "sha256")[:PSEUDONYM_BYTES].hex()
            for name in coded.dictionary.to_pylist()
        ]
        return pc.take(pa.array(names, pa.string()), coded.indices)


def _derived(master: bytes, info: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, salt=None, info=info).derive(master)
