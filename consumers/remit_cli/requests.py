"""`remit requests`: what people asked for, how much time is left, and the steps to an answer."""

from typing import Annotated

import typer
from rich.console import Console

from remit_cli.asking import Desk, show_answer, show_request, table_of
from remit_cli.options import BoundTo, Data, Json, print_json, settings_of
from remit_cli.subject import Out
from remit_consumers.access.roles import Role
from remit_consumers.erasure.telling import tell_lifted
from remit_consumers.lake.restrictions import lift as lifted
from remit_consumers.requests import tokens as kept
from remit_schemas.requests import Delay, Denial, ProofKind

app = typer.Typer(
    help="Requests of people about their own data: list, show, verify, fulfil, delay, deny, lift; tokens of the API.\n\n"
    "Example: remit requests list",
    no_args_is_help=True,
)
tokens = typer.Typer(help="Tokens with which programs may use /v1/requests.", no_args_is_help=True)
app.add_typer(tokens, name="tokens")

Id = Annotated[str, typer.Argument(help="The request's id, as `remit requests list` shows it.")]


@app.command(name="list")
def listed(
    *,
    every: Annotated[bool, typer.Option("--all", help="Closed ones, too.")] = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """List the open requests, the one that is due first on top. Exit 1 where one is late.

    Example: remit requests list --all
    """
    desk = Desk(data)
    desk.register.tidy()
    found = [one for one in desk.register.all() if every or one.is_open]
    found.sort(key=lambda one: one.due_at)
    late = [one for one in found if one.is_open and one.due_at < desk.now]
    if as_json:
        print_json({"requests": [one.public() for one in found], "late": len(late)})
    else:
        Console().print(table_of(found, desk.register.terms, desk.now, "Requests"))
    raise typer.Exit(1 if late else 0)


@app.command()
def show(request: Id, *, data: Data = None, as_json: Json = False) -> None:
    """Show every step of one request, and what its erasure waits for.

    Example: remit requests show 3f0c…
    """
    desk = Desk(data)
    steps = desk.register.history(request)
    waits = desk.waits(request)
    if as_json:
        told = waits.to_dict() if waits else None
        print_json({"steps": [one.public() for one in steps], "waits": told})
        return
    for one in steps:
        why = f", {one.reason} ({one.clause})" if one.reason else ""
        Console().print(
            f"{one.at:%Y-%m-%d %H:%M:%S} {one.state}{why}, by {one.actor}", highlight=False
        )
    show_request(steps[-1], desk.now, as_json=False)
    if waits is not None:
        why = waits.why or "it is under way, or no consumer runs"
        Console().print(
            f"its erasure is not done since {waits.since:%Y-%m-%d %H:%M:%S}: {why}", highlight=False
        )


@app.command()
def verify(
    request: Id,
    *,
    proof: Annotated[ProofKind, typer.Option("--proof", help="How it was checked who asks.")],
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Record that it was checked who asks. Only the kind of proof is kept: no document goes in.

    Example: remit requests verify 3f0c… --proof id_document
    """
    desk = Desk(data)
    show_request(desk.register.verify(request, proof, desk.now), desk.now, as_json=as_json)


@app.command()
def fulfil(
    request: Id,
    *,
    reviewed: Annotated[
        bool, typer.Option("--reviewed", help="A human being has looked at the decision.")
    ] = False,
    out: Out = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Carry a request out and close it. To correct or supplement, what is right comes as JSON on standard input.

    Example: remit requests fulfil 3f0c… --out answer.zip
    """
    desk = Desk(data)
    answer = desk.fulfil(request, desk.correction(request), is_reviewed=reviewed)
    show_answer(answer, out, as_json=as_json)


@app.command()
def delay(
    request: Id,
    *,
    why: Annotated[Delay, typer.Option("--why", help="A reason that the policy has.")],
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Record why an answer takes its time. It is due no later for that.

    Example: remit requests delay 3f0c… --why IdentityVerificationRequired
    """
    desk = Desk(data)
    show_request(desk.register.delay(request, why, desk.now), desk.now, as_json=as_json)


@app.command()
def deny(
    request: Id,
    *,
    why: Annotated[Denial, typer.Option("--why", help="A reason that the policy has.")],
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Deny a request, for a reason that the policy has, and close it.

    Example: remit requests deny 3f0c… --why IdentityVerificationFailure
    """
    desk = Desk(data)
    show_request(desk.register.deny(request, why, desk.now), desk.now, as_json=as_json)


@app.command()
def lift(request: Id, *, data: Data = None) -> None:
    """End a restriction: what it kept can be used again.

    Example: remit requests lift 3f0c…
    """
    desk = Desk(data)
    desk.register.history(request)
    names = lifted(desk.settings.lake, request, desk.now)
    tell_lifted(desk.settings.lake, request, desk.now)
    Console().print("lifted" if names else "nothing stands under it")


@tokens.command()
def add(
    name: Annotated[str, typer.Argument(help="What the program is called, for people.")],
    *,
    role: Annotated[
        Role, typer.Option("--role", help="What it may do: see docs/access.md.")
    ] = Role.OFFICER,
    tenant: BoundTo = None,
    data: Data = None,
) -> None:
    """Make a token and print it once; only its SHA-256 is kept, beside the keys.

    Example: remit requests tokens add helpdesk
    """
    typer.echo(kept.add(settings_of(data).keys, name, role, tenant))


@tokens.command(name="list")
def listed_tokens(*, data: Data = None, as_json: Json = False) -> None:
    """List the tokens by name; never the tokens.

    Example: remit requests tokens list
    """
    found = kept.read(settings_of(data).keys)
    if as_json:
        print_json(
            {
                "tokens": [
                    {
                        "id": one.id,
                        "name": one.name,
                        "added_on": one.added_on,
                        "role": one.role,
                        "tenant": one.tenant,
                    }
                    for one in found
                ]
            }
        )
        return
    lines = (
        f"{one.name}, {one.role}{'' if one.tenant is None else f' of tenant {one.tenant!r}'}, since {one.added_on} ({one.id})"
        for one in found
    )
    Console().print("\n".join(lines) or "none", markup=False, soft_wrap=True)


@tokens.command()
def revoke(
    name: Annotated[str, typer.Argument(help="The token's name.")], *, data: Data = None
) -> None:
    """Take a token away; a running program refuses it at once.

    Example: remit requests tokens revoke helpdesk
    """
    kept.revoke(settings_of(data).keys, name)
    Console().print("revoked")
