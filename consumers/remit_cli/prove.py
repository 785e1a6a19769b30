"""`remit report`, `remit verify`: what was done, and whether it holds."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, NoReturn

import typer
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from remit_cli.attaching import attached, hashes_of_texts
from remit_cli.evidence import Key, TsaRoot, WitnessFile, bundle_verified
from remit_cli.options import Data, Json, Policy, print_json, settings_of
from remit_cli.reporting import (
    AsHtml,
    AsPdf,
    FirstDay,
    ForEverybody,
    ForUnread,
    LastDay,
    Noise,
    OfTenant,
    RoundedTo,
    print_public,
    print_unread,
    write_pages,
)
from remit_cli.tables import (
    CONSENTS,
    DECISIONS,
    DISCLOSURES,
    MEASURES,
    OUTCOMES,
    READS,
    REMOVED,
    SIZES,
    STANDING,
    table_of,
)
from remit_cli.tenant_report import print_of_tenant
from remit_consumers.backup.guard import check_applied
from remit_consumers.evidence.anchoring import anchors_checked
from remit_consumers.evidence.transparency import ROUNDED_TO
from remit_consumers.evidence.witness import Witness
from remit_consumers.lake.commit import Lake
from remit_consumers.period import Period
from remit_consumers.proof.outcomes import Counts
from remit_consumers.proof.report import SUBJECTS_SHOWN_MIN, Report, Traits
from remit_consumers.proof.report import report as report_of
from remit_consumers.proof.residue.texts import TEXTS
from remit_consumers.proof.verified import note
from remit_consumers.proof.verify import Verification
from remit_consumers.proof.verify import verify as verification_of
from remit_consumers.settings import Settings
from remit_consumers.store.place import is_local
from remit_schemas.errors import SettingsError

NO_TEXTS: Mapping[str, str] = MappingProxyType({})
"""The sentences where no text is attached."""

SENTENCE = len("S001")
"""Characters of a clause that name its sentence."""


def report(  # noqa: PLR0913 - options of a command, named by who types them
    *,
    policy: Policy = None,
    tenant: OfTenant = None,
    first: FirstDay = "",
    last: LastDay = "",
    html: AsHtml = None,
    pdf: AsPdf = None,
    unread: ForUnread = False,
    public: ForEverybody = False,
    rounded_to: RoundedTo = ROUNDED_TO,
    noise: Noise = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """What was collected, kept, reduced and refused: by contract, category and clause, from receipts; what was read, by purpose.

    Example: remit report --from 2026-11-01 --to 2026-11-30 --pdf november.pdf
    """
    settings, period = settings_of(data), Period.named(first, last)
    if (tenant is not None) + public + unread + bool(html or pdf) > 1:
        raise SettingsError(
            "--tenant, --public, --unread and a file (--html, --pdf): one at a time"
        )
    if tenant is not None:
        if not period.is_all:
            raise SettingsError("the report of a tenant is of all days: leave --from and --to out")
        print_of_tenant(settings, tenant, as_json=as_json)
        return
    if unread:
        print_unread(settings, period, as_json=as_json)
        return
    told = report_of(Lake(settings.lake), period)
    texts = attached(settings.data, policy)
    if public:
        print_public(settings, told.to_dict(), period, (rounded_to, noise), as_json=as_json)
    elif html or pdf:
        write_pages(settings, _with_texts(told, texts), html, pdf)
    elif as_json:
        print_json(_with_texts(told, texts))
    else:
        _say_where_nothing_is(settings)
        show(told, texts)


def _say_where_nothing_is(settings: Settings) -> None:
    """Tell a folder that is not there from one that is empty still."""
    if is_local(settings.lake) and not settings.data.is_dir():
        typer.echo(f"remit: {_no_folder(settings.data)}", err=True)


def _no_folder(folder: Path) -> str:
    """What is said where there is no data folder."""
    return f"there is no data folder {folder}: name it with --data, or set REMIT_DATA"


def _with_texts(told: Report, texts: Mapping[str, str]) -> dict[str, object]:
    """What `--json` prints, with the attached sentence beside the figures of each clause."""
    facts = told.to_dict()
    if texts:
        sentences = {clause: {"text": texts.get(clause[:SENTENCE])} for clause in told.clauses}
        facts["clauses"] = {
            clause: {**row, **sentences[clause]} for clause, row in told.clauses.items()
        }
    return facts


def show(told: Report, texts: Mapping[str, str] = NO_TEXTS) -> None:
    """Print a report as tables; below the one of clauses their sentences, where the text is attached."""
    console = Console()
    for part in (*_of_events(told), *_of_people(told), *_of_policy(told)):
        console.print(part, highlight=False)
    for clause in sorted({clause[:SENTENCE] for clause in told.clauses} & texts.keys()):
        console.print(f"{clause}: {texts[clause]}", markup=False, highlight=False)
    console.print(f"Plain door: {told.plain_door.sentence()}", highlight=False)


def _of_events(told: Report) -> Iterator[Table | str]:
    """What became of events, rows and values."""
    title = "Events: what was offered and what became of it"
    yield table_of(title, "contract", OUTCOMES, told.contracts)
    if told.removals:
        title = "Rows: what became of those that were stored"
        yield table_of(title, "contract", STANDING, told.contracts)
        title = "Removals: rows that went, rows that were left with less, and values that went"
        yield table_of(title, "removal", REMOVED, told.removals)
    for name, wait in told.waits.items():
        if wait["done"]:
            yield f"{name}: median {wait['median']:.1f}, max {wait['max']:.1f}"
    yield table_of("Values: how much of each data category", "category", DECISIONS, told.categories)
    title = "Reducers: different values in a commit, and bits that a value tells"
    yield table_of(title, "reducer", MEASURES, _measures(told.reducers))


def _of_people(told: Report) -> Iterator[Table | str]:
    """What people said and were told, and how alike they are."""
    if told.consents:
        title = "Consent: what was said to each optional purpose, and the events it was asked for"
        yield table_of(title, "purpose", CONSENTS, told.consents)
    if told.denials.get("denials"):
        p50, p99 = (told.denials[name] / 1000 for name in ("p50_ms", "p99_ms"))
        many = f"{told.denials['denials']:,}"
        yield f"From a denial to the ledger that stops it: {p50:.1f} s in the middle, {p99:.1f} s at 99 % of {many}"
    if told.notices:
        channels = tuple(sorted({channel for row in told.notices.values() for channel in row}))
        rows = {name: dict.fromkeys(channels, 0) | dict(row) for name, row in told.notices.items()}
        title = "Notices: how many were told of a version of the policy, by channel"
        yield table_of(title, "version", channels, rows)
    if told.requests:
        rows = {
            f"{part}: {word}": {"count": count}
            for part, counts in told.requests.items()
            for word, count in counts.items()
        }
        yield table_of("Requests: what people asked for, and how it stands", "", ("count",), rows)
    if told.floors:
        yield _traits(told.floors)


def _of_policy(told: Report) -> Iterator[Table | str]:
    """What was read for which purpose, and on what everything rests."""
    if told.reads:
        title = "Reads: what was asked for each purpose, and the rows it gave"
        yield table_of(title, "purpose", READS, told.reads)
    if told.disclosures:
        title = "Shared: what left for each recipient, and what was refused"
        yield table_of(title, "recipient", DISCLOSURES, told.disclosures)
    yield table_of("Clauses: on which sentence of the policy", "clause", SIZES, told.clauses)
    governed = ", ".join(f"{name}: {events:,}" for name, events in told.policy_versions.items())
    yield f"Events stored under each version of the policy: {governed or 'none'}"


def _measures(reducers: Counts) -> Mapping[str, Mapping[str, float]]:
    """The bits of one value instead of those of all."""
    return {
        name: {
            **row,
            "bits_in": row["bits_in"] / max(row["values_in"], 1),
            "bits_out": row["bits_out"] / max(row["values_out"], 1),
        }
        for name, row in reducers.items()
    }


def _traits(floors: Mapping[str, Traits]) -> Table:
    """How many subjects share the traits that were stored."""
    table = Table(
        title="Traits: combinations in the last closed window, as they came and as they were stored",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    for column in ("contract", "", "combinations", "rare", "of one\nsubject", "subjects"):
        table.add_column(column, justify="right" if column not in {"contract", ""} else "left")
    for contract, found in floors.items():
        for side, crowd in (("came", found.before), ("stored", found.after)):
            counts = (crowd.combinations, crowd.rare, crowd.unique, found.subjects)
            table.add_row(contract, side, *map(hidden, counts))
    return table


def hidden(count: int) -> str:
    """Write a count that may be of subjects: a small one would tell who they are (D10)."""
    return f"{count:,}" if count >= SUBJECTS_SHOWN_MIN or not count else f"<{SUBJECTS_SHOWN_MIN}"


def verify(  # noqa: PLR0913 - options of a command, named by who types them
    bundle: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FILE]",
            help="A bundle of evidence, to be checked with nothing else; else the data folder is.",
            show_default=False,
        ),
    ] = None,
    *,
    data: Data = None,
    canary: Annotated[
        typer.FileText | None,
        typer.Option(
            "--canaries",
            help="A file of planted values, one a line, that must stand nowhere; - is standard input.",
            encoding="utf-8",
        ),
    ] = None,
    key: Key = "",
    witness: WitnessFile = None,
    tsa_root: TsaRoot = None,
    as_json: Json = False,
) -> None:
    """Check the receipts' chain, the conservation law, the sequences, anchors and every byte left on disk. Exit 1 on a breach.

    Example: remit verify --data ./remit-data
    """
    if bundle is not None:
        _told(bundle_verified(bundle, key, witness, tsa_root), as_json=as_json)
    if key:
        raise SettingsError("--key says who signed a bundle: name its file")
    canaries = canary.read().splitlines() if canary else []
    settings = settings_of(data)
    if not settings.data.is_dir():
        raise SettingsError(_no_folder(settings.data))
    _told(verified(settings, canaries, witness, tsa_root), as_json=as_json)


def verified(
    settings: Settings,
    canaries: Sequence[str] = (),
    witness: Path | None = None,
    tsa_root: Path | None = None,
) -> Verification:
    """Check a data folder, and leave a note of what was found for a running consumer to tell.

    Args:
        settings: Where everything lies.
        canaries: Values that were planted and must stand nowhere.
        witness: Another copy of the witness's file; None: the one that the settings name.
        tsa_root: Certificates that vouch for the authority of time-stamps.

    Raises:
        LakeError: The lake is older than an erasure. One that is not whole is told by the check of the chain.
        KeysOutOfReach: The ledger of erasures cannot be read.
    """
    folder = settings.data
    texts = hashes_of_texts(settings.policy) if (folder / TEXTS).is_dir() else frozenset()
    check_applied(settings.lake, settings.keys)
    found = verification_of(folder, lake=settings.lake, canaries=canaries, texts=texts)
    anchors = anchors_checked(settings, Witness(witness) if witness else None, tsa_root)
    found = found.with_check("anchors", anchors)
    note(folder, found, datetime.now(UTC))
    return found


def _told(found: Verification, *, as_json: bool) -> NoReturn:
    """Print what was checked, and end: 1 on a breach."""
    if as_json:
        print_json(found.to_dict())
    else:
        show_verification(found)
    raise typer.Exit(0 if found.holds else 1)


def show_verification(found: Verification) -> None:
    """Print what was checked."""
    table = Table("check", "", "what was seen", title="Proof")
    for name, check in found.checks.items():
        said = "[green]holds" if check.holds else "[bold red]BREACH"
        table.add_row(name, said, escape(check.detail))
    Console().print(table)
