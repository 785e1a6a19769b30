"""Contracts: what a field is.

A contract is an Avro record whose every field carries a privacy category, in `privacy` and again in
`confluent:tags`, where Confluent's tools look for it. What may be done with the field is the policy's to say.

Only a small part of Avro is let in: strings, numbers, booleans and times, each alone or in a union with null.
Native decoders of Avro hang, panic or build gigabytes on hostile input of the other types, and a table needs
none of them.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias, cast

from remit_schemas.avsc import AvroType, FieldJson, RecordJson, parse_record, read_record
from remit_schemas.errors import ContractError
from remit_schemas.fingerprint import canonical_form, crc_64
from remit_schemas.header import FINGERPRINT_BYTES

Fingerprint: TypeAlias = bytes
"""CRC-64-AVRO of the parsing canonical form, 8 bytes, big-endian."""

CONSENT_CHANGE = "consent_change"
"""The contract whose events are the records of the consent ledger."""

FOLDER = Path(__file__).with_name("contracts")
"""Where the contracts that remit ships lie."""

ARCHIVE = "archive"
"""The folder, beside the newest versions, of older ones that are still decoded."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a contract.

    Attributes:
        name: Lower case, as in ``user_agent``.
        avro_type: One of string, int, long, boolean, double.
        logical: ``timestamp-millis`` or None.
        nullable: Whether it may be null; then null is its default.
        category: Its key in `CATEGORIES`.
        doc: What it holds: format and unit.
    """

    name: str
    avro_type: str
    logical: str | None
    nullable: bool
    category: str
    doc: str


@dataclass(frozen=True, slots=True)
class Contract:
    """One version of a contract.

    Attributes:
        name: Lower case, as in ``page_view``.
        doc: What an event of it says happened.
        fields: In the order of their bytes.
        fingerprint: Names this version on the wire.
        schema_json: The Avro schema as text, privacy attributes and all; every Avro reader takes it.
        schema: The same as a mapping.
        owner: Whom to ask about it; None where the file names nobody.
        expires_on: From this day on, UTC, producers refuse its events; None is never.
    """

    name: str
    doc: str
    fields: tuple[Field, ...]
    fingerprint: Fingerprint
    schema_json: str = field(repr=False)
    schema: Mapping[str, object] = field(repr=False, compare=False)
    owner: str | None = None
    expires_on: date | None = None


@dataclass(frozen=True, slots=True)
class Contracts:
    """The contracts there are: the newest version by name, every version by fingerprint."""

    _newest: Mapping[str, Contract]
    _versions: Mapping[Fingerprint, Contract]

    @property
    def names(self) -> tuple[str, ...]:
        """Every contract's name, sorted."""
        return tuple(sorted(self._newest))

    @property
    def versions(self) -> tuple[Contract, ...]:
        """Every version of every contract, archived ones too."""
        return tuple(self._versions.values())

    def __iter__(self) -> Iterator[Contract]:
        """The newest version of each contract, by name."""
        return (self._newest[name] for name in self.names)

    def by_name(self, name: str) -> Contract:
        """The newest version of a contract.

        Raises:
            ContractError: There is no such contract.
        """
        if name in self._newest:
            return self._newest[name]
        nearest = get_close_matches(name, self._newest, n=1)
        raise ContractError(f"no such contract{f', did you mean {nearest[0]}' if nearest else ''}")

    def by_fingerprint(self, fingerprint: Fingerprint) -> Contract:
        """The version that a datum was written with, be it the newest or an archived one.

        Raises:
            ContractError: No version has this fingerprint.
        """
        if fingerprint in self._versions:
            return self._versions[fingerprint]
        raise ContractError(f"no version of a contract has the fingerprint {fingerprint.hex()}")

    def with_folder(self, path: Path) -> "Contracts":
        """These contracts and those of a folder: ``NAME.avsc``, older versions in ``archive/*.avsc``.

        Raises:
            ContractError: One of them cannot be used as written, or names a contract there already is.
        """
        if not path.is_dir():
            raise ContractError(f"{path}: no such folder of contracts")
        newest, versions = dict(self._newest), dict(self._versions)
        for file in sorted(path.glob("*.avsc")):
            contract = load_contract(file)
            _add_newest(newest, contract, file)
            _add_version(versions, contract, file)
        for file in sorted((path / ARCHIVE).glob("*.avsc")):
            contract = load_contract(file)
            if contract.name not in newest:
                raise ContractError(
                    f"{file.name}: {contract.name}: archived, and no newest version beside it"
                )
            _add_version(versions, contract, file)
        return replace(self, _newest=MappingProxyType(newest), _versions=MappingProxyType(versions))


def _add_newest(newest: dict[str, Contract], contract: Contract, file: Path) -> None:
    """Take a newest version in, once for each name."""
    if contract.name != file.stem:
        raise ContractError(
            f"{file.name}: {contract.name}: the file must be named like the contract"
        )
    if newest.setdefault(contract.name, contract) != contract:
        raise ContractError(
            f"{file.name}: {contract.name}: there is a contract of that name already"
        )


def _add_version(versions: dict[Fingerprint, Contract], contract: Contract, file: Path) -> None:
    """Take a version in; two that differ only where the bytes do not show it could not be told apart."""
    if versions.setdefault(contract.fingerprint, contract) != contract:
        raise ContractError(
            f"{file.name}: {contract.name}: another version has the same bytes on the wire"
        )


def load_contract(path: Path) -> Contract:
    """Read one contract.

    Args:
        path: An ``.avsc`` file.

    Raises:
        UntaggedField: A field has no privacy category, an unknown one, or two that differ.
        ContractError: Anything else about it is outside the safe subset; the message names file, contract and field.
    """
    return _contract_of(read_record(path))


def contract_of(text: str, where: str) -> Contract:
    """Read a contract from its JSON.

    Args:
        text: What an ``.avsc`` file would say.
        where: What messages call the place that it stands in.

    Raises:
        UntaggedField: As `load_contract`.
        ContractError: As `load_contract`.
    """
    return _contract_of(parse_record(text, where))


def _contract_of(record: RecordJson) -> Contract:
    about = record.get("remit", {})
    return Contract(
        name=record["name"],
        doc=record.get("doc", ""),
        fields=tuple(_field(raw) for raw in record["fields"]),
        fingerprint=fingerprint_of(record),
        schema_json=json.dumps(record, separators=(",", ":")),
        schema=cast("Mapping[str, object]", record),
        owner=about.get("owner"),
        expires_on=date.fromisoformat(about["expires_on"]) if "expires_on" in about else None,
    )


def _field(raw: FieldJson) -> Field:
    """One field of a record that has been checked."""
    union = raw["type"]
    avro = union[1] if isinstance(union, list) else union
    return Field(
        name=raw["name"],
        avro_type=avro if isinstance(avro, str) else avro["type"],
        logical=None if isinstance(avro, str) else avro["logicalType"],
        nullable=isinstance(union, list),
        category=raw["privacy"]["category"],
        doc=raw.get("doc", ""),
    )


def fingerprint_of(record: RecordJson | AvroType) -> Fingerprint:
    """The CRC-64-AVRO of a schema's parsing canonical form, 8 bytes, big-endian.

    Source: Apache Avro 1.12 specification, "Schema Fingerprints".

    Args:
        record: An Avro schema as parsed JSON.
    """
    form = canonical_form(record)
    if form is not None:
        return crc_64(form.encode("ascii")).to_bytes(FINGERPRINT_BYTES, "big")
    from fastavro.schema import (  # noqa: PLC0415 - contracts never come here
        fingerprint,
        to_parsing_canonical_form,
    )

    canonical = to_parsing_canonical_form(cast("str | dict[str, object]", record))
    little_endian = fingerprint(canonical, "CRC-64-AVRO")
    return bytes.fromhex(little_endian)[::-1]


@cache
def builtin() -> Contracts:
    """The contracts that remit ships."""
    return Contracts(MappingProxyType({}), MappingProxyType({})).with_folder(FOLDER)
