"""`remit evidence`, `remit anchor`, and `remit verify FILE`: what an auditor gets, and how it is checked."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from rich.console import Console

from remit_cli.attaching import hashes_of_texts
from remit_cli.covering import covered
from remit_cli.options import Data, Json, print_json, settings_of
from remit_consumers.deployment import open_keys
from remit_consumers.evidence.anchoring import anchor as anchor_now
from remit_consumers.evidence.bundle import Enclosed, Made, make
from remit_consumers.evidence.verify import Outside, verify_bundle
from remit_consumers.evidence.witness import Witness
from remit_consumers.proof.verify import Verification
from remit_consumers.settings import Settings
from remit_schemas.errors import SettingsError
from remit_schemas.policy import find_policy

Key = Annotated[
    str,
    typer.Option(
        "--key",
        help="With FILE: the fingerprint of the key that must have signed it, or that key in base64.",
        show_default=False,
    ),
]
WitnessFile = Annotated[
    Path | None,
    typer.Option(
        "--witness", help="The witness's own file of anchors; else REMIT_WITNESS, without FILE."
    ),
]
TsaRoot = Annotated[
    Path | None,
    typer.Option(
        "--tsa-root", help="Certificates (PEM) that vouch for the authority of time-stamps."
    ),
]


def evidence(
    *,
    out: Annotated[Path, typer.Option("--out", help="The file to write, a zip archive.")],
    tests: Annotated[
        list[Path] | None,
        typer.Option(
            "--tests", help="A file of test results to enclose (JUnit XML is summed up); repeat it."
        ),
    ] = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Write all that can be checked into one signed file: policy, coverage, receipts, keys, figures. Nobody is named in it.

    Example: remit evidence --out evidence.zip --tests results.xml
    """
    settings = settings_of(data, local=True)
    if not settings.data.is_dir():
        message = f"there is no data folder {settings.data}: name it with --data, or set REMIT_DATA"
        raise SettingsError(message)
    made = _made(settings, out, _contents(tests or []))
    if as_json:
        print_json(made.to_dict())
        return
    console = Console(soft_wrap=True, highlight=False, markup=False)
    console.print(f"{made.file}: {made.members} files, {made.commits} receipts")
    console.print(f"signed by {made.fingerprint}")
    console.print(f"to check it anywhere: remit verify {made.file.name} --key {made.fingerprint}")


def bundle_of(settings: Settings) -> bytes:
    """The bundle of an installation, as `remit evidence` writes it.

    Raises:
        RemitError: Policy, keys or lake cannot be read.
    """
    with TemporaryDirectory() as folder:
        file = Path(folder) / "evidence.zip"
        _made(settings, file, {})
        return file.read_bytes()


def _made(settings: Settings, out: Path, tests: Mapping[str, bytes]) -> Made:
    """Write the bundle."""
    policy = find_policy(settings.policy)
    enclosed = Enclosed(
        policy=policy,
        coverage=covered(settings.policy).to_json(),
        tests=tests,
        texts=hashes_of_texts(settings.policy),
    )
    return make(settings, open_keys(settings, policy), enclosed, out, datetime.now(UTC))


def anchor(*, data: Data = None, as_json: Json = False) -> None:
    """Sign how long the receipts' chains are and where they end, and show it to the witness and the time-stamp authority.

    Example: REMIT_WITNESS=/mnt/witness remit anchor
    """
    settings = settings_of(data, local=True)
    keys = open_keys(settings, find_policy(settings.policy))
    made = anchor_now(settings, keys, datetime.now(UTC), every=None)
    if made is None:
        message = f"nothing to anchor yet: there is no receipt in {settings.data}"
        raise SettingsError(message)
    facts = {
        **made.signed.facts,
        "witness": str(settings.anchoring.witness or ""),
        "is_stamped": bool(made.timestamp),
    }
    if as_json:
        print_json(facts)
        return
    commits = sum(one.commits for one in made.stands.values())
    said = f"anchor {made.number}: {commits} receipts in {len(made.stands)} chains"
    seen = f"seen by {settings.anchoring.witness}" if settings.anchoring.witness else ""
    stamped = "under a time-stamp" if made.timestamp else ""
    others = ", ".join(filter(None, (seen, stamped)))
    nobody = "nobody outside has seen it: set REMIT_WITNESS or REMIT_TSA"
    Console(soft_wrap=True, highlight=False, markup=False).print(f"{said}; {others or nobody}")


def bundle_verified(
    file: Path, key: str, witness: Path | None, tsa_root: Path | None
) -> Verification:
    """Check a bundle against what an auditor has from elsewhere.

    Raises:
        EvidenceError: It is none.
        SettingsError: The witness's file is not there.
    """
    if witness is not None and not witness.exists():
        raise SettingsError(f"there is no witness {witness}")
    seen = Witness(witness) if witness else None
    return verify_bundle(file, Outside(key, seen, tsa_root))


def _contents(files: list[Path]) -> Mapping[str, bytes]:
    """Files by their names."""
    try:
        return {file.name: file.read_bytes() for file in files}
    except OSError as error:
        raise SettingsError(f"results of tests cannot be read: {error.strerror}") from None
