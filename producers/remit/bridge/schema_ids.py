"""Which contract a message was written with: schema ids, from a registry or from the contracts themselves."""

import time
from collections.abc import Callable, Iterable
from http.client import HTTPException
from typing import Final
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request

from remit.direct import direct_opener, is_loopback
from remit_schemas.codec import own_schema_id
from remit_schemas.contract import Contract, fingerprint_of
from remit_schemas.errors import RegistryAway, SettingsError
from remit_schemas.read_json import read_json

SchemaIds = Callable[[int], bytes | None]
"""Gives the fingerprint behind a schema id, or None; may raise `RegistryAway`."""

ANSWER_BYTES_MAX: Final = 1 << 20  # a schema of a contract has some 5,000
TIMEOUT_S: Final = 3.0  # for one answer
UNKNOWN_FOR_S: Final = 60.0  # an id is asked for again after so long: it may have been given since
UNKNOWN_MAX: Final = 4096  # ids nobody knows that are remembered; hostile ones are many
_NOT_FOUND: Final = 404


def own_ids(contracts: Iterable[Contract]) -> SchemaIds:
    """Know every version of every contract by the id that it has without a registry.

    Raises:
        SettingsError: Two contracts have the same id; then only a registry tells them apart.
    """
    known: dict[int, bytes] = {}
    for contract in contracts:
        if known.setdefault(own_schema_id(contract), contract.fingerprint) != contract.fingerprint:
            raise SettingsError(
                f"{contract.name} has another contract's schema id: set REMIT_REGISTRY"
            )
    return known.get


class Registry:
    """A registry that speaks as Confluent's does, asked once for each id.

    Source: Confluent Schema Registry API, ``GET /schemas/ids/{id}``.
    """

    def __init__(self, url: str) -> None:
        """Take down where it is.

        Raises:
            SettingsError: It is no address of a registry, or the way to it is open to others.
        """
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
            raise SettingsError("REMIT_REGISTRY is https://host:port and perhaps a path, no more")
        if parts.scheme == "http" and not is_loopback(parts.hostname):
            raise SettingsError("REMIT_REGISTRY must be https, or on this machine")
        self._url = url.rstrip("/")
        self._opener = direct_opener(parts.hostname)
        self._known: dict[int, bytes] = {}
        self._unknown: dict[int, float] = {}

    def __call__(self, schema_id: int) -> bytes | None:
        """Give the fingerprint of the schema with this id, None where there is none or it is no record.

        Raises:
            RegistryAway: The registry does not answer.
        """
        known = self._known.get(schema_id)
        if known is not None or time.monotonic() < self._unknown.get(schema_id, 0):
            return known
        answer = self._ask(schema_id)
        fingerprint = _fingerprint(answer) if answer else None
        if fingerprint is not None:
            self._known[schema_id] = fingerprint
        else:
            if len(self._unknown) >= UNKNOWN_MAX:
                self._unknown.clear()
            self._unknown[schema_id] = time.monotonic() + UNKNOWN_FOR_S
        return fingerprint

    def _ask(self, schema_id: int) -> bytes | None:
        request = Request(  # noqa: S310 - http and https only: checked when it was made
            f"{self._url}/schemas/ids/{schema_id}", headers={"Accept": "application/json"}
        )
        try:
            with self._opener.open(request, timeout=TIMEOUT_S) as answer:
                body: bytes = answer.read(ANSWER_BYTES_MAX + 1)
        except HTTPError as error:
            if error.code == _NOT_FOUND:
                return None
            raise RegistryAway(f"the registry answers {error.code}") from None
        except (OSError, HTTPException):
            raise RegistryAway("the registry does not answer") from None
        return body if len(body) <= ANSWER_BYTES_MAX else None


def _fingerprint(answer: bytes) -> bytes | None:
    """The fingerprint of the schema in an answer; whatever is no Avro record has none."""
    from fastavro.schema import SchemaParseException  # noqa: PLC0415 - 40 ms, and only with a registry

    try:
        return fingerprint_of(read_json(read_json(answer)["schema"]))
    except (LookupError, RecursionError, SchemaParseException, TypeError, ValueError):
        return None
