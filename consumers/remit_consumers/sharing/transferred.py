"""Verifying the bundle of a transfer with nothing but the bundle, and what a successor's policy makes of the consents."""

import hashlib
import json
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from remit_consumers.lake.receipts import Link, first_head, laid_out, next_head
from remit_consumers.sharing.transfer import (
    CONSENTS_FILE,
    FORMAT,
    MANIFEST,
    POLICY,
    RECEIPTS_FILE,
    canonical,
    counts_of,
)
from remit_schemas.category import GIVING
from remit_schemas.contract import Contracts
from remit_schemas.errors import PolicyError, TransferError
from remit_schemas.plan import compile as compile_plan
from remit_schemas.policy import Policy, policy_from_json
from remit_schemas.read_json import read_json

Manifest = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found.

    Attributes:
        manifest: What the bundle says of itself.
        checks: For each check what does not hold; empty where it holds.
        verify_key: Who signed, as base64: to be compared with what the controller says by another way.
    """

    manifest: Manifest
    checks: Mapping[str, str]
    verify_key: str

    @property
    def holds(self) -> bool:
        """Whether all checks do."""
        return not any(self.checks.values())


def verify(folder: Path) -> Verified:
    """Check signature, hashes, policy, chain, counts and consents.

    Raises:
        TransferError: The folder holds no manifest that can be read.
    """
    manifest, signature, key = _signed(folder)
    tried: Mapping[str, Callable[[], str]] = {
        "signature": lambda: _signature(manifest, signature, key),
        "files": lambda: "; ".join(_files(folder, manifest)),
        "policy": lambda: _policy(folder, manifest),
        "chain": lambda: _chain(folder, manifest),
        "consents": lambda: _consents(folder, manifest),
    }
    return Verified(manifest, {name: _tried(check) for name, check in tried.items()}, key)


def invalidated(folder: Path, successor: Policy, contracts: Contracts) -> Mapping[str, int]:
    """Count the consents that a successor has to ask for anew: those to a purpose that it serves by more than before.

    Args:
        folder: A bundle that was verified.
        successor: Its policy.
        contracts: What can be emitted.

    Returns:
        For each such purpose how many consents stand and count no more.

    Source: policy 2021-11-01, clause S070.
    """
    before = policy_from_json((folder / POLICY).read_bytes())
    standing = _standing(folder)
    return {
        purpose: count
        for purpose, count in sorted(standing.items())
        if not _uses(successor, purpose, contracts) <= _uses(before, purpose, contracts)
        or purpose not in successor.purposes
    }


def _signed(folder: Path) -> tuple[Manifest, bytes, str]:
    """Read the manifest of a bundle, its signature, and the key that is said to have made it."""
    try:
        whole = read_json((folder / MANIFEST).read_bytes())
        manifest: Manifest = whole["manifest"]
        if manifest["format"] == FORMAT:
            return manifest, b64decode(whole["signature"], validate=True), str(whole["verify_key"])
    except (OSError, ValueError, KeyError, TypeError):
        pass
    message = f"{folder} holds no manifest of a transfer"
    raise TransferError(message)


def _tried(check: Callable[[], str]) -> str:
    """What a check finds; a file that cannot be read is a finding."""
    try:
        return check()
    except (OSError, ValueError, KeyError, TypeError, PolicyError) as error:
        return f"cannot be read: {type(error).__name__}"


def _signature(manifest: Manifest, signature: bytes, key: str) -> str:
    try:
        public = Ed25519PublicKey.from_public_bytes(b64decode(key, validate=True))
        public.verify(signature, canonical(manifest))
    except InvalidSignature:
        return "the manifest was changed after it was signed"
    return ""


def _files(folder: Path, manifest: Manifest) -> Iterator[str]:
    """Files that are not what the manifest says, or that it does not know."""
    files = manifest["files"]
    known = dict(files) if isinstance(files, dict) else {}
    for name in sorted({one.name for one in folder.iterdir()} - {*known, MANIFEST}):
        yield f"{len(name)} characters of a name that the manifest does not have"
    for name, sha256 in known.items():
        if hashlib.sha256((folder / name).read_bytes()).hexdigest() != sha256:
            yield f"{name} is not what was signed"


def _policy(folder: Path, manifest: Manifest) -> str:
    policies = manifest["policies"]
    policy = policy_from_json((folder / POLICY).read_bytes())
    told = policies[policy.version] if isinstance(policies, dict) else ""
    return "" if policy.sha256 == told else "the policy is another than was signed"


def _chain(folder: Path, manifest: Manifest) -> str:
    """Fold the receipts again, and count what they say."""
    heads: dict[str, str] = {}
    links = []
    for line in (folder / RECEIPTS_FILE).read_bytes().splitlines():
        one = read_json(line)
        table = one["table"]
        heads[table] = next_head(heads.get(table) or first_head(table), one["receipt"])
        if heads[table] != one["head"]:
            return f"the chain of {table} breaks at version {one['version']}"
        links.append(Link(table, one["version"], one["receipt"], one["head"]))
    if heads != manifest["heads"]:
        return "the chain ends elsewhere than was signed"
    same = counts_of(laid_out(links)) == manifest["categories"]
    return "" if same else "the receipts come to other counts than were signed"


def _consents(folder: Path, manifest: Manifest) -> str:
    rows = pq.read_metadata(folder / CONSENTS_FILE).num_rows
    return "" if rows == manifest["consents"] else "there are other consents than were signed"


def _standing(folder: Path) -> Mapping[str, int]:
    """For each purpose, how many consents stand: the last word counts, and of two at once the denial."""
    columns = ["tenant", "subject", "purpose", "status", "effect_at"]
    rows = pl.DataFrame(pq.read_table(folder / CONSENTS_FILE, columns=columns))
    last = (
        rows.filter(pl.col("purpose").is_not_null() & (pl.col("status") != "requested"))
        .with_columns(gives=pl.col("status").is_in(GIVING))
        .sort("effect_at", "gives", descending=[False, True])
        .group_by("tenant", "subject", "purpose")
        .agg(pl.col("gives").last())
    )
    counts = last.filter(pl.col("gives")).group_by("purpose").len()
    return {row["purpose"]: row["len"] for row in counts.iter_rows(named=True)}


def _uses(policy: Policy, purpose: str, contracts: Contracts) -> frozenset[str]:
    """Everything that a purpose is served by: each field, how it is made smaller, how long it stays and who gets it."""
    return frozenset(
        json.dumps(
            [
                name,
                one.field,
                one.decision,
                one.reducer,
                dict(one.parameters),
                one.recipients,
                str(one.keep_for),
            ],
            sort_keys=True,
            default=str,
        )
        for name in contracts.names
        for one in compile_plan(contracts.by_name(name), policy).fields.values()
        if purpose in {use.key for use in one.purposes}
    )
