"""The archive of a bundle, read with suspicion: it may come from anybody."""

import hashlib
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from remit_consumers.evidence.bundle import FORMAT, MANIFEST
from remit_consumers.evidence.signed import Signed
from remit_schemas.errors import EvidenceError
from remit_schemas.read_json import read_json

BYTES_MAX: Final = 4 << 30
"""More than the receipts of years; what claims to be larger is not unpacked."""

MEMBERS_MAX: Final = 1_000

PACKED: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
"""How files of a bundle are packed; other ways have decoders and errors of their own."""

_UNSOUND: Final = (
    zipfile.BadZipFile,
    zlib.error,
    NotImplementedError,
    RuntimeError,
    EOFError,
    UnicodeDecodeError,  # the name before a file is no text, whatever the directory says
)


@dataclass(frozen=True, slots=True)
class Archive:
    """A bundle that was opened.

    Attributes:
        form: The manifest as it stands.
        manifest: The same, read.
        members: Every other file, by name.
    """

    form: Mapping[str, Any]
    manifest: Signed
    members: Mapping[str, bytes]

    def breaches(self) -> Iterator[str]:
        """Say which files are not those that the manifest names."""
        named = self.manifest.facts["files"]
        for name in sorted(named.keys() | self.members.keys()):
            content = self.members.get(name)
            if content is None:
                yield f"{name} is missing"
            elif name not in named:
                yield "a file is there that was not signed"
            elif hashlib.sha256(content).hexdigest() != named[name]["sha256"]:
                yield f"{name} was changed"

    def text(self, name: str) -> str:
        """A file as text.

        Raises:
            EvidenceError: It is missing, or no text.
        """
        try:
            return self.members[name].decode("utf-8")
        except (KeyError, UnicodeDecodeError):
            raise EvidenceError("a file of the bundle is missing or no text") from None

    def json(self, name: str) -> Mapping[str, Any]:
        """A file as a JSON object.

        Raises:
            EvidenceError: It is missing, or none.
        """
        return _object(self.text(name))

    def lines(self, name: str) -> Iterator[Mapping[str, Any]]:
        """A file as JSON objects, one a line.

        Raises:
            EvidenceError: It is missing, or holds something else.
        """
        for line in self.text(name).splitlines():
            yield _object(line)


def opened(file: Path) -> Archive:
    """Open a bundle.

    Raises:
        EvidenceError: It is none, or of a newer remit.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            members = dict(_unpacked(archive))
    except OSError as error:
        raise EvidenceError(f"{file} cannot be read: {error.strerror}") from None
    except _UNSOUND:
        raise EvidenceError(
            f"{file} is no bundle of evidence: it is no sound zip archive"
        ) from None
    form = _object(members.pop(MANIFEST, b"").decode("utf-8", "replace"))
    manifest = Signed.from_dict("manifest", form)
    facts = manifest.facts
    if facts.get("format") != FORMAT or not isinstance(facts.get("files"), dict):
        raise EvidenceError("the bundle is of another format: a newer remit may read it")
    return Archive(form, manifest, members)


def _unpacked(archive: zipfile.ZipFile) -> Iterator[tuple[str, bytes]]:
    """Every file, no more of each than its entry claims."""
    entries = archive.infolist()
    names = {entry.filename for entry in entries}
    if len(names) != len(entries) or len(entries) > MEMBERS_MAX:
        raise EvidenceError("the bundle has too many files, or two of one name")
    if any(entry.compress_type not in PACKED for entry in entries):
        raise EvidenceError("the bundle is packed in a way that none of ours is")
    if sum(entry.file_size for entry in entries) > BYTES_MAX:
        raise EvidenceError("the bundle claims to be too large to be one")
    for entry in entries:
        with archive.open(entry) as member:
            yield entry.filename, member.read(entry.file_size)


def _object(text: str) -> Mapping[str, Any]:
    """A JSON object."""
    try:
        found = read_json(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise EvidenceError("a file of the bundle is not what it should be: no JSON object")
    return found
