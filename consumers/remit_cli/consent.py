"""`remit consent`: what one subject agreed to, and to say it for them. A subject comes on standard input, never as an argument."""

import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from remit_cli.options import Data, Json, Wait, print_json, settings_of
from remit_cli.storing import make_ready, wait_until_stored
from remit_consumers.settings import Settings
from remit_schemas.category import Necessity
from remit_schemas.errors import SettingsError
from remit_schemas.policy import Policy, find_policy

app = typer.Typer(
    help="What a subject agreed to: show, give, withdraw. The subject comes on standard input.\n\nExample: echo u17 | remit consent show -",
    no_args_is_help=True,
)

FLUSH_TIMEOUT_S = 60.0
"""How long the end of a command waits for its pack to reach the log."""

Subject = Annotated[
    str, typer.Argument(metavar="-", help="A dash: the subject is read from standard input.")
]
Purposes = Annotated[
    list[str] | None,
    typer.Option("--purpose", help="An optional purpose of the policy; may stand several times."),
]
Tenant = Annotated[str, typer.Option("--tenant", help="Whose customer it is.")]


@app.command()
def show(
    subject: Subject, *, tenant: Tenant = "", data: Data = None, as_json: Json = False
) -> None:
    """Show what the ledger holds of a subject, and for which purposes that is a consent now.

    Example: echo u17 | remit consent show -
    """
    from remit_consumers.deployment import Deployment  # noqa: PLC0415 - Arrow and Delta only where they are used

    deployment = Deployment.open(settings_of(data))
    ledger = deployment.ledger()
    rows = ledger.of(tenant, _read(subject))
    said = ["effect_at", "purpose", "status", "agreed_version", "method", "recorded_at"]
    records = rows.select(said).to_pylist()
    since = dict.fromkeys(_optional(deployment.policy)) | ledger.stands(
        rows, deployment.policy.version
    )
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
    _say("given", _read(subject), (tenant, purpose), settings_of(data), (wait, as_json))


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
    named = purpose or _optional(find_policy(settings.policy))
    _say("withdrawn", _read(subject), (tenant, named), settings, (wait, as_json))


def _say(
    status: str,
    subject: str,
    about: tuple[str, list[str]],
    settings: Settings,
    how: tuple[bool, bool],
) -> None:
    """Emit one change for each purpose, as any app would."""
    from remit import Accepted, Client, ConsentChange  # noqa: PLC0415 - the SDK only where it is used

    tenant, purposes = about
    wait, as_json = how
    policy = find_policy(settings.policy)
    if unknown := sorted(set(purposes) - set(_optional(policy))):
        message = (
            f"{', '.join(unknown)}: no optional purpose; there are {', '.join(_optional(policy))}"
        )
        raise SettingsError(message)
    make_ready(settings)
    client = Client("remit-consent", log=settings.log, data=settings.data)
    answers = {}
    for purpose in dict.fromkeys(purposes):
        change = ConsentChange(
            purpose=purpose, status=status, agreed_version=policy.version, method="api"
        )
        answer = client.emit(change, subject=subject, tenant=tenant or None)
        answers[purpose] = status if isinstance(answer, Accepted) else answer.reason
    done = client.flush(FLUSH_TIMEOUT_S, durable=True) and client.close(FLUSH_TIMEOUT_S)
    if wait and done:
        wait_until_stored(settings, Console(stderr=True))
    if as_json:
        print_json({"purposes": answers})
    else:
        Console().print(", ".join(f"{name}: {answer}" for name, answer in answers.items()))
    raise typer.Exit(0 if done and set(answers.values()) == {status} else 1)


def _optional(policy: Policy) -> list[str]:
    """The purposes that wait for a consent."""
    return sorted(
        name for name, terms in policy.purposes.items() if terms.necessity is Necessity.OPTIONAL
    )


def _read(subject: str) -> str:
    """Read the subject from standard input."""
    if subject != "-":
        message = "a subject comes on standard input, never as an argument: write - and pipe it in"
        raise SettingsError(message)
    named = sys.stdin.readline().strip()
    if not named:
        message = "no subject on standard input"
        raise SettingsError(message)
    return named
