"""`remit subject`: what somebody asks of their own data. The subject comes on standard input, never as an argument."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Final

import typer

from remit_cli.asking import Desk, read_correction, show_answer, show_request
from remit_cli.links import link
from remit_cli.options import Data, Json, read_subject
from remit_consumers.erasure.scope import Scope, SubjectRef
from remit_consumers.requests.asked import Asked
from remit_schemas.errors import RemitError
from remit_schemas.requests import Channel, DeletionGround, ProofKind, Requester, Right

app = typer.Typer(
    help="Take what somebody asks of their own data: access, correct, erase, restrict, cancel and more.\n\n"
    "Without --proof the request waits until it is checked who asks (remit requests verify).\n\n"
    "Example: echo u17 | remit subject access - --proof account_login",
    no_args_is_help=True,
)

Subject = Annotated[
    str, typer.Argument(metavar="-", help="A dash: the subject is read from standard input.")
]
Who = Annotated[Requester, typer.Option("--requester", help="Who asks, seen from the subject.")]
Way = Annotated[Channel, typer.Option("--channel", help="By which way it came.")]
Proof = Annotated[
    ProofKind | None,
    typer.Option("--proof", help="How it was checked who asks; it is carried out at once then."),
]
Law = Annotated[
    str, typer.Option("--jurisdiction", help="Whose law holds: ISO 3166-1, such as CN.")
]
Tenant = Annotated[str, typer.Option("--tenant", help="Whose customer it is.")]
Out = Annotated[
    Path | None,
    typer.Option("--out", help="Where the zip goes; else remit-<request>.zip.", show_default=False),
]
Day = datetime | None
DAYS = ["%Y-%m-%d"]
"""How a day is written: 2026-03-01."""


@dataclass(frozen=True, slots=True)
class _Asking:
    """Who asks, and how a command answers."""

    requester: Requester
    channel: Channel
    jurisdiction: str
    tenant: str
    proof: ProofKind | None
    data: Path | None
    as_json: bool


app.command()(link)


@app.command()
def access(  # noqa: PLR0913 - options of a command, named by who types them
    subject: Subject,
    *,
    requester: Who = Requester.SELF,
    channel: Way = Channel.SUPPORT,
    jurisdiction: Law = "",
    tenant: Tenant = "",
    proof: Proof = None,
    out: Out = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Hand over everything that stands of somebody: a zip that a person and a machine can read.

    Example: echo u17 | remit subject access - --proof account_login --out u17.zip
    """
    asking = _Asking(requester, channel, jurisdiction, tenant, proof, data, as_json)
    _ask(Right.ACCESS, subject, asking, out=out)


@app.command()
def erase(  # noqa: PLR0913 - as above
    subject: Subject,
    *,
    ground: Annotated[
        DeletionGround, typer.Option("--ground", help="Why: one of the grounds of the policy.")
    ],
    category: Annotated[
        list[str] | None, typer.Option("--category", help="Only fields of it; again for more.")
    ] = None,
    purpose: Annotated[
        list[str] | None, typer.Option("--purpose", help="Only what is stored for it.")
    ] = None,
    from_day: Annotated[
        Day, typer.Option("--from", formats=DAYS, help="From this day of collection on.")
    ] = None,
    to_day: Annotated[
        Day, typer.Option("--to", formats=DAYS, help="Up to this day of collection.")
    ] = None,
    requester: Who = Requester.SELF,
    channel: Way = Channel.SUPPORT,
    jurisdiction: Law = "",
    tenant: Tenant = "",
    proof: Proof = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Erase what stands of somebody: all of it, or a part; a signed certificate says what went.

    Example: echo u17 | remit subject erase - --ground purpose_ended --proof account_login
    """
    days = [day.date() if day else None for day in (from_day, to_day)]
    scope = Scope(tuple(category or ()), tuple(purpose or ()), *days)
    asking = _Asking(requester, channel, jurisdiction, tenant, proof, data, as_json)
    _ask(Right.DELETE, subject, asking, more={"scope": scope, "ground": ground})


def _command(right: Right, text: str, example: str) -> Callable[..., None]:
    """Make the command of a right that takes nothing but who asks."""

    def ask(  # noqa: PLR0913 - options of a command, named by who types them
        subject: Subject,
        *,
        requester: Who = Requester.SELF,
        channel: Way = Channel.SUPPORT,
        jurisdiction: Law = "",
        tenant: Tenant = "",
        proof: Proof = None,
        data: Data = None,
        as_json: Json = False,
    ) -> None:
        asking = _Asking(requester, channel, jurisdiction, tenant, proof, data, as_json)
        _ask(right, subject, asking)

    ask.__doc__ = f"{text}\n\nExample: {example}"
    return ask


TEXTS: Final[Mapping[str, tuple[Right, str, str]]] = MappingProxyType(
    {
        "correct": (
            Right.CORRECT,
            "Replace what is wrong; what is right comes as JSON on a second line.",
            """printf 'u17\\n{"contract": "page_view", "fields": {"language": "de"}}' | remit subject correct - --proof account_login""",
        ),
        "supplement": (
            Right.SUPPLEMENT,
            "Add what is missing, where nothing stands; it comes as JSON on a second line.",
            """printf 'u17\\n{"contract": "page_view", "fields": {"language": "de"}}' | remit subject supplement - --proof account_login""",
        ),
        "restrict": (
            Right.RESTRICT,
            "Keep what stands of somebody and use it for nothing, until `remit requests lift`.",
            "echo u17 | remit subject restrict - --proof id_document",
        ),
        "cancel": (
            Right.CANCEL_ACCOUNT,
            "Close an account: erase everything, and take nothing of it until somebody agrees anew.",
            "echo u17 | remit subject cancel - --proof account_login",
        ),
        "withdraw": (
            Right.WITHDRAW,
            "Withdraw every consent of somebody who asked customer service to.",
            "echo u17 | remit subject withdraw - --proof account_login",
        ),
        "object": (
            Right.OBJECT,
            "Object to what a program decided: a human being looks at it, then `remit requests fulfil --reviewed`.",
            "echo u17 | remit subject object -",
        ),
    }
)
"""The commands that take nothing but who asks, and what their help says."""

for _name, _about in TEXTS.items():
    app.command(name=_name)(_command(*_about))


def _ask(
    right: Right,
    subject: str,
    asking: _Asking,
    *,
    out: Path | None = None,
    more: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    """Take a request, and carry it out where it was checked who asks."""
    about = SubjectRef(asking.tenant, read_subject(subject))
    # before anything is on record: what cannot be read leaves no request behind
    correction = read_correction(right) if asking.proof is not None else None
    desk = Desk(asking.data)
    asked = Asked(right, asking.requester, asking.channel, asking.jurisdiction, **more)
    found = desk.register.receive(about, asked, desk.now)
    if asking.proof is not None:
        found = desk.register.verify(found.request, asking.proof, desk.now)
    if asking.proof is None or right is Right.OBJECT:  # which a human being looks at first
        show_request(found, desk.now, as_json=asking.as_json)
        return
    try:
        answer = desk.fulfil(found.request, correction)
    except RemitError as error:
        left = f"request {found.request} stays open: `remit requests fulfil {found.request}`, or deny it"
        error.args = (f"{error}; {left}",)
        raise
    show_answer(answer, out, as_json=asking.as_json)
