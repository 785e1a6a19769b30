"""A change of the controller: policy, tags, consents and receipts in a folder that proves itself.

::

    manifest.json        what there is, its hashes, and who signed that (Ed25519)
    policy.json          the policy in force; policy-<version>.json its other versions on record
    tagsets.parquet      what the tags on rows stand for
    consents.parquet     the consent ledger, under its own pseudonyms
    receipts.jsonl       every receipt in the order of its chain, with the head of the chain after it

Rows, secrets and keys are not in it: they change hands with the machines that hold them.

Source: policy 2021-11-01, clauses S068 to S070; PIPL article 22.
"""

import hashlib
import json
from base64 import b64encode
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

import pyarrow as pa

from remit_consumers.deployment import Deployment
from remit_consumers.erasure.erase import undisturbed
from remit_consumers.lake.columns import CONSENTS, CONSENTS_TABLE, TAGSETS
from remit_consumers.lake.fault import reaching
from remit_consumers.lake.receipts import Link, chain, laid_out
from remit_consumers.lake.tables import is_table, open_table, row_tables
from remit_consumers.proof.report import told
from remit_consumers.sharing.disclosures import KEEP_FOR, MADE, Disclosure, new_id, record
from remit_consumers.sharing.making import record_refusal
from remit_consumers.sharing.parcel import Parcel
from remit_consumers.sharing.terms import Asked, refused
from remit_consumers.sharing.under_way import UnderWay, settle
from remit_schemas.policy import versions_in
from remit_schemas.recipients import Role

MANIFEST: Final = "manifest.json"
POLICY: Final = "policy.json"
CONSENTS_FILE: Final = "consents.parquet"
RECEIPTS_FILE: Final = "receipts.jsonl"

FORMAT: Final = "remit transfer 1"


def make(
    deployment: Deployment, place: Path, to: tuple[str, str], now: datetime
) -> Mapping[str, object]:
    """Make the bundle; that it was made is on record before it can be seen.

    Args:
        deployment: Everything that it stands on.
        place: The folder to make.
        to: Name of the successor in the policy, and its contact.
        now: When.

    Returns:
        The manifest.

    Raises:
        ShareRefused: The policy names no such successor; that is on record.
        SettingsError: The folder cannot be made.
        LakeError: The lake cannot be read, or the record not be written.
    """
    name, _ = to
    terms = deployment.policy.recipients.get(name)
    if terms is None or terms.role is not Role.SUCCESSOR:
        successors = (
            one for one, of in deployment.policy.recipients.items() if of.role is Role.SUCCESSOR
        )
        record_refusal(deployment, Asked(name), terms, ("unlisted", now))
        raise refused(
            "unlisted", names=", ".join(sorted(successors)) or "none of the role successor"
        )
    settings = deployment.settings
    with undisturbed(deployment, now):
        parcel = Parcel(place)
        note = UnderWay.begun(settings.data, new_id(), parcel.hidden)
        try:
            return _handed_over(deployment, parcel, to, (note.disclosure, now))
        finally:
            settle(settings.data, settings.lake, now)


def _handed_over(
    deployment: Deployment, parcel: Parcel, to: tuple[str, str], made: tuple[str, datetime]
) -> dict[str, object]:
    """Fill the parcel, put it on record, let it be seen; `made` is the disclosure and when."""
    (name, contact), (disclosure, now) = to, made
    lake = deployment.settings.lake
    parcel.begin()
    with reaching(lake):
        manifest = _filled(parcel, deployment) | {
            "to": name,
            "contact": contact,
            "made_at": now.isoformat(),
        }
    data = canonical(manifest)
    signed = {
        "manifest": manifest,
        "signature": b64encode(deployment.keys.sign(data)).decode(),
        "verify_key": b64encode(deployment.keys.verify_key).decode(),
    }
    parcel.write(MANIFEST, json.dumps(signed, indent=1, sort_keys=True).encode() + b"\n")
    parcel.sync()
    sealed = disclosure, hashlib.sha256(data).hexdigest(), now
    record(lake, [_disclosed(deployment, name, sealed, manifest)])
    parcel.show()
    return manifest


def canonical(manifest: Mapping[str, object]) -> bytes:
    """The bytes of a manifest that are signed: canonical JSON."""
    return json.dumps(manifest, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def counts_of(receipts: pa.Table) -> dict[str, dict[str, int]]:
    """For each category, the values that came in and that were kept, reduced and refused."""
    return {name: dict(sums) for name, sums in told(receipts).categories.items()}


def _filled(parcel: Parcel, deployment: Deployment) -> dict[str, object]:
    """Put everything into a parcel, and say what it is."""
    lake, policy = deployment.settings.lake, deployment.policy
    parcel.write(POLICY, policy.canonical)
    versions = {policy.version: policy.sha256}
    for other in versions_in(deployment.policy_folder, policy.name):
        if other.version != policy.version:
            parcel.write(f"policy-{other.version}.json", other.canonical)
            versions[other.version] = other.sha256
    links = [link for name in row_tables(lake) for link in chain(lake, name)]
    parcel.write(RECEIPTS_FILE, b"".join(_lines(links)))
    consents = _table(lake, CONSENTS_TABLE, CONSENTS)
    parcel.put(CONSENTS_FILE, consents)
    parcel.put("tagsets.parquet", _table(lake, "tagsets", TAGSETS))
    return {
        "format": FORMAT,
        "policy": policy.name,
        "policy_version": policy.version,
        "policies": versions,
        "consents": consents.num_rows,
        "heads": {link.table: link.head for link in links},
        "categories": counts_of(laid_out(links)),
        "files": dict(parcel.hashes),
    }


def _table(lake: Path, name: str, schema: pa.Schema) -> pa.Table:
    """A table as it stands; no rows where there is none. Columns that came later may be missing in an old one."""
    if not is_table(lake, name):
        return schema.empty_table()
    return open_table(lake, name).delta.to_pyarrow_table()


def _lines(links: list[Link]) -> Iterator[bytes]:
    """A line for each receipt."""
    for link in links:
        one = {
            "table": link.table,
            "version": link.version,
            "receipt": link.text,
            "head": link.head,
        }
        yield json.dumps(one, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def _disclosed(
    deployment: Deployment,
    name: str,
    sealed: tuple[str, str, datetime],
    manifest: Mapping[str, object],
) -> Disclosure:
    """The record of a transfer."""
    disclosure, sha256, now = sealed
    terms = deployment.policy.recipients[name]
    categories = manifest["categories"]
    return Disclosure(
        disclosure=disclosure,
        recipient=name,
        role=str(terms.role),
        case=str(terms.case),
        clause=terms.clause,
        purpose="",
        contract="",
        categories=",".join(sorted(categories)) if isinstance(categories, dict) else "",
        rows=0,
        subjects=0,
        held_back="{}",
        tenant="",
        policy_version=deployment.policy.version,
        from_day=None,
        to_day=None,
        order_reference="",
        approver="",
        sha256=sha256,
        outcome=MADE,
        reason="",
        made_at=now,
        keep_until=now + KEEP_FOR,
    )
