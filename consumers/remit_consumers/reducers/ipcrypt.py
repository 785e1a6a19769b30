"""Prefix-preserving encryption of IP addresses, as a column: addresses that share n bits still share n, encrypted.

Bit i is flipped by a pseudorandom function of the i bits before it: the last bit of AES(K1, p) xor AES(K2, p), where
p is these bits behind a separator. All addresses are encrypted at once, one bit after the other.

Source: draft-denis-ipcrypt, ipcrypt-pfx; its test vectors hold (tests).
"""

from typing import Final

import numpy as np
import numpy.typing as npt
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

KEY_BYTES: Final = 32  # two keys of AES-128

Octets = npt.NDArray[np.uint8]

_V6_START: Final = (0, 1)  # the separator alone, as two words of 64 bits
_V4_START: Final = (1 << 32, 0xFFFF)  # the separator, then the 96 bits of ::ffff:0:0/96
_TOP: Final = np.uint64(63)
_ONE: Final = np.uint64(1)


def encrypt(key: bytes, addresses: Octets, bits: int) -> Octets:
    """Encrypt the leading bits of addresses of one family; the bits behind them become zero.

    Args:
        key: 32 bytes; its halves are the two keys, and must differ.
        addresses: (n, 4) or (n, 16) octets.
        bits: How many leading bits, up to 32 or 128.

    Returns:
        Octets of the same shape.
    """
    first, second = (Cipher(AES(half), ECB()).encryptor() for half in (key[:16], key[16:]))  # noqa: S305 - a pseudorandom function of distinct blocks, no text that is hidden
    plain = np.unpackbits(addresses, axis=1)
    encrypted = np.zeros_like(plain)
    start = _V6_START if plain.shape[1] > 32 else _V4_START  # noqa: PLR2004 - bits of an IPv4 address
    high, low = (np.full(len(plain), word, np.uint64) for word in start)
    for place in range(bits):
        block = np.stack((high, low), axis=1).astype(">u8").tobytes()
        flips = _last_bits(first.update(block)) ^ _last_bits(second.update(block))
        encrypted[:, place] = plain[:, place] ^ flips
        high = (high << _ONE) | (low >> _TOP)
        low = (low << _ONE) | plain[:, place]
    return np.packbits(encrypted, axis=1)


def _last_bits(blocks: bytes) -> Octets:
    """The last bit of each block of 16 bytes."""
    return np.frombuffer(blocks, np.uint8)[15::16] & np.uint8(1)
