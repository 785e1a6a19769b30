"""Verify a bundle of evidence: everything that can be checked without the lake, its keys or its disk.

What is checked is recomputed: hashes, signature, chains, the law of conservation, and every figure that receipts hold.
What rests on the signature alone is named: consent, requests, reads and disclosures are counted in tables that have
subjects in them, and these are in no bundle.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import pyarrow as pa

from remit_consumers.erasure.certificate import Certificate, chain_breaches
from remit_consumers.evidence.anchor import Anchor, breaches, stands, told
from remit_consumers.evidence.archive import Archive, opened
from remit_consumers.evidence.bundle import (
    ANCHORS,
    ERASURES,
    FIGURES,
    KEYS,
    POLICIES,
    PROOF,
    RECEIPTS,
    TESTS,
)
from remit_consumers.evidence.signed import fingerprint
from remit_consumers.evidence.witness import Witness
from remit_consumers.lake.receipts import Link, first_head, laid_out, next_head
from remit_consumers.proof.report import Report
from remit_consumers.proof.report import told as report_told
from remit_consumers.proof.rows import field_breaches
from remit_consumers.proof.verify import Check, Verification, conservation, held, sequences
from remit_schemas.errors import EvidenceError, RemitError
from remit_schemas.policy import load_policy

RECOMPUTED: Final = (
    *("contracts", "reasons", "categories", "purposes", "clauses", "reducers"),
    *("policy_versions", "plain_door", "removals", "removed_values"),
)
"""The parts of a report that receipts alone tell."""


@dataclass(frozen=True, slots=True)
class Outside:
    """What an auditor has from elsewhere.

    Attributes:
        key: The fingerprint of the key that must have signed, or that key in base64; empty: whoever signed.
        witness: What the witness has seen; None: only what the bundle says of it.
        roots: Certificates in PEM that vouch for the authority of time-stamps; None leaves open who that is.
    """

    key: str = ""
    witness: Witness | None = None
    roots: Path | None = None


def verify_bundle(file: Path, outside: Outside) -> Verification:
    """Check a bundle.

    Raises:
        EvidenceError: The file is no bundle of evidence, or a file of the auditor's cannot be read.
    """
    archive = opened(file)
    checks = {
        "hashes": held(
            list(archive.breaches()), f"{len(archive.members)} files as they were signed"
        )
    }
    checks["signature"] = _signature(archive, outside.key)
    try:
        chained = _links(archive)
        receipts = laid_out(chained)
    except (RemitError, ValueError, KeyError, TypeError, pa.ArrowException):
        broken = Check(holds=False, detail="the receipts cannot be read")
        return Verification({**checks, "chain": broken})
    checks |= _of_receipts(archive, chained, receipts)
    checks |= _of_others(archive, chained, outside)
    return Verification(checks)


def _signature(archive: Archive, key: str) -> Check:
    """Hold the signature against the manifest, and its key against the one that an auditor was told."""
    signed = archive.manifest
    if not signed.is_signed:
        return Check(holds=False, detail="the manifest is not what was signed")
    own, named = fingerprint(signed.verify_key), key.strip()
    said = f"made at {signed.facts['made_at']}, by key {own}"
    if not named:
        return Check(holds=True, detail=f"{said}; whose that is, --key would say")
    in_base64 = archive.form["verify_key"]
    if named.lower() != own and named != in_base64:
        return Check(holds=False, detail=f"signed by another key than that of --key: {own}")
    return Check(holds=True, detail=f"{said}, as --key says")


def _links(archive: Archive) -> list[Link]:
    """The receipts, each with the head that it says."""
    return [
        Link(one["table"], one["version"], one["receipt"], one["head"], one["at_ms"])
        for one in archive.lines(RECEIPTS)
    ]


def _of_receipts(archive: Archive, chained: list[Link], receipts: pa.Table) -> dict[str, Check]:
    """What receipts tell by themselves."""
    facts = archive.manifest.facts
    report = report_told(receipts)
    events = sum(figures["offered"] for figures in report.contracts.values())
    found: dict[str, tuple[Callable[[], Iterable[str]], str]] = {
        "chain": (
            lambda: _chain(chained, facts["chains"]),
            f"{len(chained)} commits chained, to the heads that were signed",
        ),
        "conservation": (
            lambda: conservation(receipts, int(facts["waiting"])),
            f"{events} events offered, all accounted for",
        ),
        "values": (lambda: field_breaches(receipts), "values in = kept + reduced + refused"),
        "sequences": (lambda: sequences(receipts), "no pack is missing, none stands twice"),
        "figures": (
            lambda: _figures(report, archive.json(FIGURES)),
            f"recomputed from receipts: {', '.join(RECOMPUTED)}; the others rest on the signature",
        ),
    }
    return {name: _check(breaches_of, good) for name, (breaches_of, good) in found.items()}


def _of_others(archive: Archive, chained: list[Link], outside: Outside) -> dict[str, Check]:
    """What lies beside the receipts."""
    anchors = _anchors(archive, outside)
    found: dict[str, tuple[Callable[[], Iterable[str]], str]] = {
        "anchors": (
            lambda: breaches(anchors, chained, archive.manifest.verify_key, outside.roots),
            _whose(anchors, outside),
        ),
        "policy": (lambda: _policy(archive), "the policy in force is the one that was signed"),
        "keys": (lambda: _keys(archive), "every key was destroyed when its time was over"),
        "certificates": (
            lambda: _certificates(archive),
            "every certificate of an erasure is signed and follows on the one before it",
        ),
        "tests": (lambda: _tests(archive), _tests_told(archive)),
        "verification": (
            lambda: _proof(archive),
            "the deployment's own check of lake and disk held when this was made",
        ),
    }
    return {name: _check(breaches_of, good) for name, (breaches_of, good) in found.items()}


def _check(breaches_of: Callable[[], Iterable[str]], good: str) -> Check:
    """A check of something that may be of any form."""
    try:
        return held(list(breaches_of()), good)
    except (RemitError, ValueError, KeyError, TypeError, AttributeError, pa.ArrowException):
        return Check(holds=False, detail="it cannot be read")


def _chain(chained: list[Link], signed: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Fold every chain anew."""
    heads: dict[str, str] = {}
    newest: dict[str, int] = {}
    for link in chained:
        head = next_head(heads.get(link.table, first_head(link.table)), link.text)
        if head != link.head:
            yield f"{link.table}: the receipt of version {link.version} is not the one that was chained"
        if link.version <= newest.get(link.table, -1):
            yield f"{link.table}: version {link.version} is out of its order"
        heads[link.table], newest[link.table] = link.head, link.version
    now = stands(chained)
    for name in sorted(now.keys() | signed.keys()):
        one = now.get(name)
        if one is None or dict(signed.get(name, {})) != {
            "commits": one.commits,
            "version": one.version,
            "head": one.head,
        }:
            yield f"{name}: its chain does not end where it was signed"


def _figures(report: Report, signed: Mapping[str, Any]) -> Iterator[str]:
    """Hold the figures against those that the receipts give."""
    own = json.loads(json.dumps(report.to_dict(), default=str))
    for name in RECOMPUTED:
        if own[name] != signed.get(name):
            yield f"{name} is not what the receipts say"


def _anchors(archive: Archive, outside: Outside) -> list[Anchor]:
    """What the bundle says of anchors, and what the witness itself has seen."""
    try:
        found = {one.number: one for one in map(Anchor.from_dict, archive.lines(ANCHORS))}
    except (EvidenceError, ValueError, TypeError, AttributeError):
        found = {}
    seen = outside.witness.anchors() if outside.witness else []
    at = datetime.fromisoformat(archive.manifest.facts["made_at"])
    found |= {one.number: one for one in seen if one.at <= at}
    return [found[number] for number in sorted(found)]


def _whose(anchors: list[Anchor], outside: Outside) -> str:
    """What anchors there are, and who says so."""
    said = told(anchors)
    if anchors and outside.witness is None:
        said += "; as the bundle has them: --witness would hold them against the witness's own"
    if any(one.timestamp for one in anchors) and outside.roots is None:
        said += "; who stamped them, --tsa-root would say"
    return said


def _policy(archive: Archive) -> Iterator[str]:
    """The policy's file is there, and says the name and version that were signed."""
    named = archive.manifest.facts["policy"]
    with TemporaryDirectory() as folder:
        file = Path(folder) / "policy.yaml"
        file.write_text(archive.text(named["file"]), "utf-8")
        policy = load_policy(file)
    if (policy.name, policy.version) != (named["name"], named["version"]):
        yield "the policy's file is of another policy or version"
    if not named["file"].startswith(POLICIES):
        yield "the policy lies in an unknown place"


def _keys(archive: Archive) -> Iterator[str]:
    """No epoch's key outlived its time."""
    at = datetime.fromisoformat(archive.manifest.facts["made_at"])
    for one in archive.json(KEYS)["epochs"]:
        if one["destroyed_at"] is None and datetime.fromisoformat(one["destroy_at"]) <= at:
            yield f"the key of epoch {one['epoch']} is there after its time"


def _certificates(archive: Archive) -> Iterator[str]:
    """The certificates are a chain, and every erasure is applied to the lake."""
    facts = archive.json(ERASURES)
    found = [Certificate.from_dict(one) for one in facts["certificates"]]
    yield from chain_breaches(found, archive.manifest.verify_key)
    if facts["not_applied"]:
        yield f"{facts['not_applied']} erasures are not applied to the lake, which was restored"


def _tests(archive: Archive) -> Iterator[str]:
    """No test failed."""
    for name, sums in archive.json(TESTS).items():
        bad = sums["failures"] + sums["errors"]
        if bad:
            yield f"{name}: {bad} of {sums['tests']} tests failed"


def _tests_told(archive: Archive) -> str:
    try:
        sums = archive.json(TESTS).values()
        ran = sum(one["tests"] - one["skipped"] for one in sums)
    except (RemitError, ValueError, KeyError, TypeError, AttributeError):
        return ""
    return f"{ran} tests passed" if ran else "no results of tests are enclosed"


def _proof(archive: Archive) -> Iterator[str]:
    """What the deployment found wrong by itself."""
    for name, check in archive.json(PROOF)["checks"].items():
        if not check["holds"]:
            yield f"{name}: {check['detail']}"
