"""`remit policy attach`: the original text of a policy beside the data, checked word by word, and shown from then on."""

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from remit_cli.options import Data, Json, print_json, settings_of
from remit_cli.options import Policy as PolicyName
from remit_consumers.proof.residue.texts import TEXTS
from remit_schemas.clauses import Clauses, clauses_path, load_clauses
from remit_schemas.durable import replace_file
from remit_schemas.errors import PolicyError, SettingsError
from remit_schemas.policy import Policy, find_policy, load_policy, policy_path

MODE = 0o644
"""A policy is public."""

NAMED_MAX = 12
"""Sentences that are named where a text reads otherwise; `--json` gives all."""


def attach(
    text: Annotated[Path, typer.Argument(help="The file with the policy's original text.")],
    *,
    policy: PolicyName = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Keep the original text of a policy, checked against its hashes; pages and reports show it then. Exit 1 if it differs.

    Example: remit policy attach privacy-policy.txt
    """
    found = find_policy(policy)
    register = register_of(policy)
    content = _read(text)
    differing = _differing(content, found, register)
    place = text_path(settings_of(data).data, found)
    if not differing:
        _keep(place, content)
    if as_json:
        facts = {"policy": found.name, "version": found.version, "attached": not differing}
        print_json({**facts, "sentences": len(register.sentences), "differing": differing})
    elif differing:
        Console().print(_words(differing, found), markup=False)
    else:
        said = f"{found.name} {found.version}: {len(register.sentences)} sentences read as registered; kept at {place}"
        Console().print(said, markup=False, soft_wrap=True)
    raise typer.Exit(1 if differing else 0)


def attached(data: Path, policy: str | None) -> Mapping[str, str]:
    """Give the attached sentences of a policy by their ids; none where no text is attached.

    Raises:
        PolicyError: The policy cannot be used, or what lies there is not its text any more.
    """
    found = find_policy(policy)
    place = text_path(data, found)
    if not place.is_file():
        return {}
    content, register = _read(place), register_of(policy)
    if _differing(content, found, register):
        message = f"{place} is not the text of {found.name} {found.version}: attach it again"
        raise PolicyError(message)
    return register.sentences_of(content.decode())


def register_of(policy: str | None) -> Clauses:
    """Load the register of sentences beside a policy.

    Raises:
        PolicyError: There is none.
    """
    path = clauses_path(policy_path(policy))
    if not path.is_file():
        message = f"{path} is missing: it says of each sentence its hash and what it asks for"
        raise PolicyError(message)
    return load_clauses(path)


def text_path(data: Path, policy: Policy) -> Path:
    """Name the file of an attached text: `policy/<name>/<version>.txt` below the data folder."""
    return data / TEXTS / policy.name / f"{policy.version}.txt"


def hashes_of_texts(policy: str | None) -> frozenset[str]:
    """The SHA-256 of the texts of a policy's versions; what lies beside it and is none counts for nothing."""
    found = set()
    for path in policy_path(policy).parent.glob("*.yaml"):
        if path.suffixes == [".yaml"]:
            with suppress(PolicyError):
                found.add(load_policy(path).document.sha256)
    return frozenset(found)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        message = f"{path}: cannot be read: {error.strerror}"
        raise SettingsError(message) from None


def _differing(content: bytes, policy: Policy, register: Clauses) -> list[str]:
    """Name the sentences that read otherwise; `document` where only what is between or around them does."""
    if hashlib.sha256(content).hexdigest() == policy.document.sha256:
        return register.differing(content.decode(errors="replace"))
    return register.differing(content.decode(errors="replace")) or ["document"]


def _words(differing: list[str], policy: Policy) -> str:
    """Say what differs, without a word of the text."""
    if differing == ["document"]:
        return (
            f"every sentence reads as registered, but the file is not the one that {policy.name} {policy.version}"
            " names (its SHA-256): white space or encoding differ"
        )
    named = ", ".join(
        "text behind the last" if one == "end" else one for one in differing[:NAMED_MAX]
    )
    more = f" and {len(differing) - NAMED_MAX} more" if len(differing) > NAMED_MAX else ""
    return f"not the text of {policy.name} {policy.version}: these read otherwise: {named}{more}"


def _keep(place: Path, content: bytes) -> None:
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        replace_file(place, content, mode=MODE)
    except OSError as error:
        message = f"{place}: cannot be written: {error.strerror}"
        raise SettingsError(message) from None
