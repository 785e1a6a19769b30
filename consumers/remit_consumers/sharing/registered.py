"""Schema ids of what goes out: given by a registry, or made of the schema itself where there is none."""

import json
from collections.abc import Callable
from http.client import HTTPException
from typing import Final
from urllib.error import URLError
from urllib.parse import quote, urlsplit
from urllib.request import ProxyHandler, Request, build_opener

from remit_schemas.codec import SCHEMA_ID_MAX
from remit_schemas.contract import fingerprint_of
from remit_schemas.errors import RegistryAway, SettingsError

SchemaIdOf = Callable[[str, str], int]
"""Gives the id of a schema, by the subject it stands under and its text; may raise `RegistryAway`."""

TIMEOUT_S: Final = 10.0
_HERE: Final = frozenset({"127.0.0.1", "::1", "localhost"})


def own_id(_: str, schema: str) -> int:
    """The id of a schema where there is no registry: the beginning of its fingerprint, as for contracts."""
    return int.from_bytes(fingerprint_of(json.loads(schema))[:4], "big") & SCHEMA_ID_MAX


def registering(url: str | None) -> SchemaIdOf:
    """Register schemas where a registry is named.

    Args:
        url: REMIT_REGISTRY: https, or on this machine; None or empty for no registry.

    Raises:
        SettingsError: The way to it is open to others.

    Source: Confluent Schema Registry API, ``POST /subjects/{subject}/versions``.
    """
    if not url:
        return own_id
    parts = urlsplit(url)
    is_here = parts.scheme == "http" and parts.hostname in _HERE
    if not (parts.scheme == "https" or is_here) or not parts.hostname or "@" in parts.netloc:
        raise SettingsError("REMIT_REGISTRY must be https, or on this machine")
    opener = build_opener(ProxyHandler({})) if is_here else build_opener()
    known: dict[tuple[str, str], int] = {}

    def register(subject: str, schema: str) -> int:
        if (subject, schema) not in known:
            request = Request(  # noqa: S310 - http and https only: checked above
                f"{url.rstrip('/')}/subjects/{quote(subject, safe='')}/versions",
                data=json.dumps({"schema": schema}).encode(),
                headers={"Content-Type": "application/vnd.schemaregistry.v1+json"},
            )
            try:
                with opener.open(request, timeout=TIMEOUT_S) as answer:
                    known[subject, schema] = int(json.load(answer)["id"])
            except (URLError, OSError, HTTPException, ValueError, KeyError):
                raise RegistryAway("the registry does not take a schema") from None
        return known[subject, schema]

    return register
