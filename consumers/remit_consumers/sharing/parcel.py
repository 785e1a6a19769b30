"""What goes out as a folder: data, the terms that travel with it, their hashes; seen by nobody before it is on record."""

import hashlib
import json
import shutil
import time
import uuid
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa

from remit_consumers.lake.durable import fsync
from remit_consumers.sharing.formats import Writer, parquet
from remit_schemas.errors import LakeError, SettingsError
from remit_schemas.recipients import Recipient

TERMS = "terms.json"
"""The file of terms: what may be done with the rest, and its hashes."""

FIGURES = "figures.json"
"""The file of figures, where nothing else may go."""

ODRL = "http://www.w3.org/ns/odrl.jsonld"
"""The context that the words of the terms are from. Source: W3C ODRL Information Model 2.2."""


HIDDEN = ".remit-parcel-"
"""What the name of a folder begins with that nobody may see yet."""

LEFT_S = 3_600
"""Seconds after which a hidden folder is one that a crash left: no disclosure takes an hour (our choice)."""


class Parcel:
    """A folder in the making."""

    def __init__(self, place: Path) -> None:
        """Say where it is to be.

        Raises:
            SettingsError: There is something in its place already.
        """
        if place.exists():
            message = f"{place} is there already: a disclosure overwrites nothing"
            raise SettingsError(message)
        self.place = place
        self.hidden = place.parent / f"{HIDDEN}{uuid.uuid4().hex}"
        """Where it is made."""
        self.hashes: dict[str, str] = {}
        """SHA-256 of each file that is in it."""

    def begin(self) -> None:
        """Make its folder, hidden beside its place.

        Raises:
            SettingsError: It cannot be made.
        """
        try:
            _drop_left(self.place.parent)
            self.hidden.mkdir(parents=True, mode=0o700)
        except OSError as error:
            message = f"{self.place.parent} cannot be written: {error.strerror}"
            raise SettingsError(message) from None

    def put(self, name: str, rows: pa.Table, write: Writer = parquet) -> None:
        """Put a table into it, as a file of this name."""
        file = self.hidden / name
        write(file, rows)
        self._take(file)

    def write(self, name: str, data: bytes) -> None:
        """Put a file into it."""
        file = self.hidden / name
        file.write_bytes(data)
        self._take(file)

    def close(self, terms: Mapping[str, object]) -> str:
        """Write the terms, and have everything survive a power loss.

        Returns:
            SHA-256 of the terms, which name the hashes of all else.
        """
        whole = dict(terms) | {"files": dict(sorted(self.hashes.items()))}
        self.write(TERMS, json.dumps(whole, indent=1, sort_keys=True, default=str).encode() + b"\n")
        self.sync()
        return self.hashes[TERMS]

    def sync(self) -> None:
        """Have everything in it survive a power loss."""
        fsync(self.hidden)

    def show(self) -> None:
        """Let it be seen: what it is must be on record by now.

        Raises:
            LakeError: It cannot be put in its place; it is on record all the same.
        """
        try:
            self.hidden.rename(self.place)
            fsync(self.place.parent)
        except OSError as error:
            message = f"what was disclosed cannot be put in its place: {error.strerror}"
            raise LakeError(message) from None

    def _take(self, file: Path) -> None:
        """Remember a file's hash; nobody else of this machine reads it."""
        file.chmod(0o600)
        fsync(file)
        self.hashes[file.name] = hashlib.sha256(file.read_bytes()).hexdigest()


def _drop_left(folder: Path) -> None:
    """Take away what a crash left hidden."""
    for left in folder.glob(f"{HIDDEN}*"):
        if time.time() - left.stat().st_mtime > LEFT_S:
            shutil.rmtree(left, ignore_errors=True)


def terms_text(named: tuple[str, str], terms: Recipient, version: str) -> dict[str, object]:
    """The terms that travel with data, in the words of W3C ODRL: what it may be used for, and nothing else.

    Args:
        named: Disclosure and recipient.
        terms: Of the recipient.
        version: Of the policy.

    Source: policy 2021-11-01, clause S059c; W3C ODRL Information Model 2.2.
    """
    disclosure, recipient = named
    purposes = [
        {"leftOperand": "purpose", "operator": "isAnyOf", "rightOperand": list(terms.purposes)}
    ]
    if terms.expires_on is not None:
        purposes.append(
            {"leftOperand": "dateTime", "operator": "lt", "rightOperand": [str(terms.expires_on)]}
        )
    return {
        "@context": ODRL,
        "@type": "Agreement",
        "uid": f"urn:uuid:{disclosure}",
        "assignee": recipient,
        "role": str(terms.role),
        "case": str(terms.case),
        "clause": terms.clause,
        "policy_version": version,
        "permission": [{"action": "use", "constraint": purposes}],
        "prohibition": [
            {"action": "distribute", "except": list(terms.sub_recipients)},
            {"action": "use", "constraint": "every other purpose"},
            {"action": "use", "constraint": "finding out who anybody is, alone or with other data"},
        ],
    }
