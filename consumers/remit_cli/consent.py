"""`remit consent`: what one subject agreed to, and to say it for them. A subject comes on standard input, never as an argument."""

import sys
from collections.abc import Mapping
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from remit_cli.consent_receipts import check, receipt
from remit_cli.options import (
    Data,
    Json,
    Subject,
    Tenant,
    Wait,
    print_json,
    read_subject,
    settings_of,
)
from remit_cli.storing import make_ready, wait_until_stored
from remit_consumers.settings import Settings
from remit_schemas.category import ACCEPTED, STATED
from remit_schemas.errors import SettingsError
from remit_schemas.minors import AGE_BANDS, MinorGround
from remit_schemas.policy import find_policy

app = typer.Typer(
    help="What a subject agreed to: show, give, withdraw, hand over a receipt. The subject comes on standard input.\n\nExample: echo u17 | remit consent show -",
    no_args_is_help=True,
)

FLUSH_TIMEOUT_S = 60.0
"""How long the end of a command waits for its pack to reach the log."""

Purposes = Annotated[
    list[str] | None,
    typer.Option("--purpose", help="An optional purpose of the policy; may stand several times."),
]
app.command()(receipt)
app.command()(check)


@app.command()
def show(
    subject: Subject, *, tenant: Tenant = "", data: Data = None, as_json: Json = False
) -> None:
    """Show what the ledger holds of a subject, and for which purposes that is a consent now.

    Example: echo u17 | remit consent show -
    """
    from remit_consumers.deployment import Deployment  # noqa: PLC0415 - Arrow and Delta only where they are used
    from remit_consumers.requests.choices import choices  # noqa: PLC0415 - as above

    deployment = Deployment.open(settings_of(data))
    rows = deployment.ledger().of(tenant, read_subject(subject))
    said = ["effect_at", "purpose", "status", "agreed_version", "method", "recorded_at"]
    records = rows.select(said).to_pylist()
    since = choices(deployment, rows)
    if as_json:
        granted = {name: {"granted": at is not None, "since": at} for name, at in since.items()}
        print_json(
            {
                "policy_version": deployment.policy.version,
                "purposes": granted,
                "records": records,
            }
        )
        return
    table = Table("purpose", "consent", title=f"Under policy version {deployment.policy.version}")
    for name, at in since.items():
        table.add_row(name, f"since {at:%Y-%m-%d %H:%M:%S} UTC" if at else "none")
    Console().print(table)
    history = Table(*(name.replace("_", " ") for name in said), title="What was said")
    for record in records:
        times = {name: f"{record[name]:%Y-%m-%d %H:%M:%S}" for name in ("effect_at", "recorded_at")}
        history.add_row(*(str((record | times)[name] or "") for name in said))
    Console().print(history)


@app.command()
def give(  # noqa: PLR0913 - options of a command, named by who types them
    subject: Subject,
    *,
    purpose: Purposes = None,
    tenant: Tenant = "",
    data: Data = None,
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Record that a subject agrees to purposes, under the policy version in force.

    Example: echo u17 | remit consent give - --purpose analytics.reporting --wait
    """
    if not purpose:
        message = "an agreement is to a purpose: name it with --purpose"
        raise SettingsError(message)
    _say("given", read_subject(subject), (tenant, purpose), settings_of(data), (wait, as_json))


@app.command()
def withdraw(  # noqa: PLR0913 - as above
    subject: Subject,
    *,
    purpose: Purposes = None,
    tenant: Tenant = "",
    data: Data = None,
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Record that a subject agrees no longer: to the purposes named, or to none at all.

    Example: echo u17 | remit consent withdraw - --wait
    """
    settings = settings_of(data)
    named = purpose or find_policy(settings.policy).optional
    _say("withdrawn", read_subject(subject), (tenant, named), settings, (wait, as_json))


@app.command()
def accept(
    subject: Subject,
    *,
    tenant: Tenant = "",
    data: Data = None,
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Record that a subject agrees expressly to the policy version in force; it consents to no purpose.

    Example: echo u17 | remit consent accept - --wait
    """
    settings = settings_of(data)
    fields = {"status": ACCEPTED, "agreed_version": find_policy(settings.policy).version}
    change = fields | {"method": "api", "channel": "support"}
    _record({ACCEPTED: change}, read_subject(subject), tenant, settings, (wait, as_json))


@app.command()
def age(  # noqa: PLR0913 - as above
    subject: Subject,
    *,
    band: Annotated[str, typer.Option("--band", help=f"One of {', '.join(AGE_BANDS)}.")],
    jurisdiction: Annotated[
        str | None, typer.Option("--jurisdiction", help="Whose law holds: ISO 3166-1, such as CN.")
    ] = None,
    ground: Annotated[
        str | None,
        typer.Option("--ground", help=f"For a minor: one of {', '.join(MinorGround)}."),
    ] = None,
    tenant: Tenant = "",
    data: Data = None,
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    r"""State how old a subject is; for a minor's guardian, name them on a second line. The ledger alone keeps it.

    Example: printf 'u17\nparent9' | remit consent age - --band 13 --ground guardian_consent --wait
    """
    if band not in AGE_BANDS:
        raise SettingsError(f"no such age band; there are {', '.join(AGE_BANDS)}")
    if ground is not None and ground not in set(MinorGround):
        raise SettingsError(f"no such ground; there are {', '.join(MinorGround)}")
    named, guardian = read_subject(subject), sys.stdin.readline().strip() or None
    if ground == MinorGround.GUARDIAN_CONSENT and guardian is None:
        raise SettingsError(
            "a guardian's consent needs the guardian: a second line on standard input"
        )
    change = {
        "status": STATED,
        "age_band": band,
        "jurisdiction": jurisdiction,
        "minor_basis": ground,
        "actor": "guardian" if guardian else None,
        "guardian": guardian,
        "channel": "support",
    }
    _record({STATED: change}, named, tenant, settings_of(data), (wait, as_json))


def _say(
    status: str,
    subject: str,
    about: tuple[str, list[str]],
    settings: Settings,
    how: tuple[bool, bool],
) -> None:
    """Say the same to each purpose."""
    tenant, purposes = about
    policy = find_policy(settings.policy)
    if unknown := sorted(set(purposes) - set(policy.optional)):
        message = (
            f"{', '.join(unknown)}: no optional purpose; there are {', '.join(policy.optional)}"
        )
        raise SettingsError(message)
    change = {"status": status, "agreed_version": policy.version, "method": "api"}
    changes = {purpose: change | {"purpose": purpose} for purpose in dict.fromkeys(purposes)}
    _record(changes, subject, tenant, settings, how)


def _record(
    changes: Mapping[str, Mapping[str, object]],
    subject: str,
    tenant: str,
    settings: Settings,
    how: tuple[bool, bool],
) -> None:
    """Emit changes by what they are of, as any app would."""
    from remit import Accepted, Client, ConsentChange  # noqa: PLC0415 - the SDK only where it is used

    wait, as_json = how
    make_ready(settings)
    client = Client("remit-consent", log=settings.log, data=settings.data)
    answers = {}
    for name, change in changes.items():
        answer = client.emit(ConsentChange.of(change), subject=subject, tenant=tenant or None)
        answers[name] = str(change["status"]) if isinstance(answer, Accepted) else answer.reason
    done = client.flush(FLUSH_TIMEOUT_S, durable=True) and client.close(FLUSH_TIMEOUT_S)
    if wait and done:
        wait_until_stored(settings, Console(stderr=True))
    if as_json:
        print_json({"purposes": answers})
    else:
        Console().print(", ".join(f"{name}: {answer}" for name, answer in answers.items()))
    said = {name: str(change["status"]) for name, change in changes.items()}
    raise typer.Exit(0 if done and answers == said else 1)
