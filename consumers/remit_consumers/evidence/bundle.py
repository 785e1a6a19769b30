"""A bundle of evidence: one file that tells an auditor on another machine all that can be checked there.

It is a zip archive, its members in the order of their names, each under its hash in a manifest that is signed with the
key that signs everything else here. Two bundles of the same lake at the same time are the same bytes. No subject and no
pseudonym is in it: receipts count, and name nobody.

Source: PKWARE APPNOTE.TXT (zip); RFC 8032 (the signature).
"""

import hashlib
import json
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from remit_consumers.backup.shelf import beyond_use
from remit_consumers.erasure.certificate import certificates_in
from remit_consumers.erasure.ledger import ErasureLedger
from remit_consumers.evidence.anchor import stands
from remit_consumers.evidence.anchoring import anchors_of, witness_of
from remit_consumers.evidence.junit import summary
from remit_consumers.evidence.signed import Signed, fingerprint
from remit_consumers.keys import KeyStore
from remit_consumers.lake.commit import Lake
from remit_consumers.lake.receipt import canonical
from remit_consumers.lake.receipts import Link, links
from remit_consumers.proof.report import report
from remit_consumers.proof.verify import packs_waiting, verify
from remit_consumers.settings import Settings
from remit_schemas.durable import replace_file
from remit_schemas.errors import SettingsError
from remit_schemas.policy import Policy, policy_path, versions_in

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
RECEIPTS: Final = "receipts.jsonl"
FIGURES: Final = "figures.json"
ANCHORS: Final = "anchors.jsonl"
COVERAGE: Final = "coverage.json"
KEYS: Final = "keys.json"
ERASURES: Final = "erasures.json"
PROOF: Final = "verification.json"
TESTS: Final = "tests.json"
POLICIES: Final = "policy/"
RESULTS: Final = "tests/"

READABLE: Final = 0o644
"""A bundle is made to be handed on."""

_ZERO: Final = (1980, 1, 1, 0, 0, 0)
"""The time of each member: the earliest that a zip archive can say, so that equal facts give equal bytes."""


@dataclass(frozen=True, slots=True)
class Enclosed:
    """What comes from beside the lake.

    Attributes:
        policy: The policy in force.
        coverage: The matrix of its sentences, as `remit policy coverage --json` prints it.
        tests: Files of test results, by name; those in JUnit's form are summed up as well.
        texts: SHA-256 of texts of policies, which are no residue where they lie beside the data.
    """

    policy: Policy
    coverage: Mapping[str, Any]
    tests: Mapping[str, bytes]
    texts: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Made:
    """A bundle that was written.

    Attributes:
        file: Where.
        members: How many files are in it, the manifest not counted.
        commits: How many receipts.
        fingerprint: Of the key that signed it: what an auditor is told by another way, and gives to `remit verify --key`.
    """

    file: Path
    members: int
    commits: int
    fingerprint: str

    def to_dict(self) -> dict[str, object]:
        """What `remit evidence --json` prints."""
        return {**asdict(self), "file": str(self.file)}


def make(settings: Settings, keys: KeyStore, enclosed: Enclosed, file: Path, now: datetime) -> Made:
    """Write a bundle, whole or not at all.

    Args:
        settings: Where everything lies.
        keys: Signs it.
        enclosed: What comes from beside the lake.
        file: Where to write it.
        now: Aware UTC.

    Raises:
        SettingsError: It cannot be written there.
        LakeError: The lake cannot be read.
        KeysOutOfReach: Keys or the ledger of erasures cannot be read.
        EvidenceError: An anchor cannot be read.
    """
    lake = Lake(settings.lake)
    others = _members(settings, keys, enclosed, now)  # anchors first: a chain only grows meanwhile
    waiting = packs_waiting(settings.data, settings.lake)
    receipts = lake.receipts()
    chained = links(receipts)
    members = others | {
        RECEIPTS: _lines(map(_told, chained)),
        FIGURES: _json(report(lake, receipts=receipts).to_dict()),
    }
    facts = {
        "format": FORMAT,
        "made_at": now.isoformat(),
        "policy": _policy_told(enclosed.policy, members),
        "chains": {name: asdict(stand) for name, stand in stands(chained).items()},
        "waiting": waiting,
        "files": {
            name: {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
            for name, content in sorted(members.items())
        },
    }
    signed = Signed.by(keys, "manifest", facts)
    try:
        whole = zipped({**members, MANIFEST: _json(signed.to_dict())})
        replace_file(file.absolute(), whole, mode=READABLE)
    except OSError as error:
        raise SettingsError(f"cannot write {file}: {error.strerror}") from None
    return Made(file, len(members), len(chained), fingerprint(keys.verify_key))


def zipped(members: Mapping[str, bytes]) -> bytes:
    """Write a zip archive whose bytes hang on its members alone."""
    whole = BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        for name, content in sorted(members.items()):
            about = zipfile.ZipInfo(name, _ZERO)
            about.external_attr = READABLE << 16
            about.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(about, content)
    return whole.getvalue()


def _members(
    settings: Settings, keys: KeyStore, enclosed: Enclosed, now: datetime
) -> dict[str, bytes]:
    """Everything but receipts and figures."""
    found = verify(settings.data, lake=settings.lake, texts=enclosed.texts)
    anchors = anchors_of(settings.data, witness_of(settings))
    results = {name: summary(content) for name, content in sorted(enclosed.tests.items())}
    return {
        **_policies(settings, enclosed.policy),
        **{f"{RESULTS}{name}": content for name, content in enclosed.tests.items()},
        TESTS: _json({name: result for name, result in results.items() if result is not None}),
        COVERAGE: _json(enclosed.coverage),
        KEYS: _json(keys.status(now).to_dict()),
        ERASURES: _json(_erasures(settings, now)),
        PROOF: _json(found.to_dict()),
        ANCHORS: _lines(one.to_dict() for one in anchors),
    }


def _policies(settings: Settings, policy: Policy) -> dict[str, bytes]:
    """The versions of the policy that lie in its folder, as they are written."""
    path = policy_path(settings.policy)
    versions = {one.version for one in versions_in(path.parent, policy.name)}
    files = {version: path.parent / f"{version}.yaml" for version in versions}
    files |= {policy.version: path}
    return {
        f"{POLICIES}{policy.name}-{version}.yaml": file.read_bytes()
        for version, file in files.items()
        if file.is_file()
    }


def _policy_told(policy: Policy, members: Mapping[str, bytes]) -> dict[str, str]:
    """Which policy is in force, and which file says so."""
    name = f"{POLICIES}{policy.name}-{policy.version}.yaml"
    sha256 = hashlib.sha256(members[name]).hexdigest()
    return {"name": policy.name, "version": policy.version, "file": name, "sha256": sha256}


def _erasures(settings: Settings, now: datetime) -> dict[str, object]:
    """How erasures stand: their certificates, which name nobody; and whether a restored lake lacks any."""
    held = beyond_use(settings.keys, now)
    return {
        "certificates": [one.to_dict() for one in certificates_in(settings.data)],
        "not_applied": len(ErasureLedger.open(settings.keys).not_applied(settings.lake)),
        "beyond_use_days_left": held.days_left(now),
    }


def _told(link: Link) -> dict[str, object]:
    """A receipt with its place in its chain."""
    return {
        "table": link.table,
        "version": link.version,
        "at_ms": link.at_ms,
        "receipt": link.text,
        "head": link.head,
    }


def _lines(facts: Iterable[Mapping[str, object]]) -> bytes:
    """A JSON object a line."""
    return "".join(canonical(one) + "\n" for one in facts).encode()


def _json(facts: Mapping[str, object]) -> bytes:
    return (json.dumps(facts, indent=1, sort_keys=True, default=str) + "\n").encode()
