"""Addresses of notices: where a recipient or a source takes them.

https://host/path    POST, signed; a server that proves who it is
http://127.0.0.1/…   the same without TLS, to this machine alone, such as a relay beside the consumer
kafka:               the party's own topic of notices in the cluster of the log
anything else        nowhere that a program can reach: the notice lies in the outbox for a person to send
"""

import ipaddress
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from remit_schemas.errors import SettingsError

TOPIC: Final = "kafka:"
"""The address of who has a topic."""

ADDRESS_CHARACTERS_MAX: Final = 2_048


class Way(StrEnum):
    """How a notice reaches its party."""

    POST = "post"
    TOPIC = "topic"
    OUTBOX = "outbox"


def way_to(address: str) -> Way:
    """How a notice reaches an address; plain HTTP leaves this machine never."""
    if address == TOPIC:
        return Way.TOPIC
    parts = urlsplit(address)
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and is_here(parts.hostname or ""))
    return Way.POST if is_safe and parts.hostname and address.isascii() else Way.OUTBOX


def checked_address(address: str) -> str:
    """Give an address as it is.

    Raises:
        SettingsError: No notice could be sent to it.
    """
    parts = urlsplit(address)
    is_bare = not (parts.username or parts.password or parts.fragment)
    if address and (
        way_to(address) is Way.OUTBOX or not is_bare or len(address) > ADDRESS_CHARACTERS_MAX
    ):
        message = f"notices go to https://…, to http:// on this machine, or to {TOPIC}, without a name or a password in it"
        raise SettingsError(message)
    return address


def is_here(host: str) -> bool:
    """Whether a host is this machine by its address, which no name server can change."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
