"""`remit policy export`: a policy in the forms that privacy officers, auditors and other tools read."""

import json
import sys
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
import yaml

from remit_cli.options import settings_of
from remit_consumers.deployment import contracts_of
from remit_consumers.lake.commit import Lake
from remit_consumers.proof.dpia import dpia
from remit_consumers.proof.report import report as report_of
from remit_schemas.contract import Contracts
from remit_schemas.errors import SettingsError
from remit_schemas.export.dpv import dpv
from remit_schemas.export.fideslang import fideslang
from remit_schemas.export.ropa import as_csv, as_markdown, ropa
from remit_schemas.policy import Policy, find_policy


class Form(StrEnum):
    """What a policy can be written as."""

    FIDESLANG = "fideslang"
    DPV = "dpv-jsonld"
    ROPA = "ropa"
    DPIA = "dpia"


def export(
    *,
    form: Annotated[
        Form,
        typer.Option("--as", help="fideslang, dpv-jsonld, ropa (record of processing) or dpia."),
    ],
    policy: Annotated[
        str | None,
        typer.Option(
            "--policy",
            envvar="REMIT_POLICY",
            help="A policy file, name or name/version.",
            show_default=False,
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            help="With dpia: the data folder whose receipts fill it in.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            help="Write to this file; its ending chooses .yaml or .json, .md, .csv or .json.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Write a policy as fideslang, DPV JSON-LD, a record of processing activities or an impact assessment.

    Example: remit policy export --as ropa --output ropa.csv
    """
    if data is not None and form is not Form.DPIA:
        raise SettingsError(f"--data fills in a dpia; {form.value} is told by the policy alone")
    found, contracts = find_policy(policy), contracts_of(policy)
    if form is Form.DPIA:
        text = dpia(found, contracts, report_of(Lake(_lake(data))) if data else None)
        ending = _ending(output, form, (".md",))
    else:
        endings = WRITERS[form]
        ending = _ending(output, form, tuple(endings))
        text = endings[ending](found, contracts)
    _put(text, output)


def _lake(data: Path) -> Path:
    """The lake of a data folder that must be there."""
    if not data.is_dir():
        raise SettingsError(f"there is no data folder {data}: name it with --data")
    return settings_of(data, local=True).lake


def _ending(output: Path | None, form: Form, known: tuple[str, ...]) -> str:
    """The ending that says how to write; the first where there is no file."""
    if output is None:
        return known[0]
    if output.suffix not in known:
        raise SettingsError(f"{form.value} is written to a file that ends in {' or '.join(known)}")
    return output.suffix


def _put(text: str, output: Path | None) -> None:
    """Print, or write a file whole or not at all."""
    if output is None:
        sys.stdout.write(text)
        return
    try:
        output.write_bytes(text.encode())
    except OSError as error:
        raise SettingsError(f"cannot write {output}: {error.strerror}") from None


Writer = Callable[[Policy, Contracts], str]
"""Writes a policy with its contracts as text."""


def _json(facts: object) -> str:
    return json.dumps(facts, indent=2, ensure_ascii=False) + "\n"


def _yaml(facts: object) -> str:
    return yaml.safe_dump(facts, sort_keys=False, allow_unicode=True, width=110)


WRITERS: Mapping[Form, Mapping[str, Writer]] = {
    Form.FIDESLANG: {
        ".yaml": lambda policy, contracts: _yaml(fideslang(policy, contracts)),
        ".yml": lambda policy, contracts: _yaml(fideslang(policy, contracts)),
        ".json": lambda policy, contracts: _json(fideslang(policy, contracts)),
    },
    Form.DPV: {
        ".jsonld": lambda policy, contracts: _json(dpv(policy, contracts)),
        ".json": lambda policy, contracts: _json(dpv(policy, contracts)),
    },
    Form.ROPA: {
        ".md": lambda policy, contracts: as_markdown(ropa(policy, contracts), policy),
        ".csv": lambda policy, contracts: as_csv(ropa(policy, contracts)),
        ".json": lambda policy, contracts: _json({"activities": ropa(policy, contracts)}),
    },
}
"""How each form is written, by the ending of a file; the first is what is printed."""
