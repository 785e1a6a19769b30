"""What the commands about requests share: the register of a data folder, what stands on standard input, how a request is shown."""

import getpass
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from remit_cli.options import print_json, settings_of
from remit_cli.tables import whole
from remit_consumers.deployment import Deployment
from remit_consumers.erasure.scope import SubjectRef
from remit_consumers.erasure.waiting import Waiting, waits_for
from remit_consumers.lake.requests import Request
from remit_consumers.requests.clock import due
from remit_consumers.requests.correction import EXAMPLE, Correction
from remit_consumers.requests.fulfil import Answer, Given, Say, Withdraw, fulfil
from remit_consumers.requests.opened import open_register
from remit_consumers.requests.register import Register
from remit_consumers.settings import Settings
from remit_schemas.errors import RequestRefused
from remit_schemas.policy import find_policy
from remit_schemas.read_json import read_json
from remit_schemas.requests import RequestTerms

FLUSH_TIMEOUT_S = 60.0
"""How long a withdrawal waits for its pack to reach the log."""

FILE_MODE = 0o600
"""Of what is handed over: somebody's data, for nobody else."""


class Desk:
    """The register of a data folder, as a command uses it."""

    def __init__(self, data: Path | None) -> None:
        self.settings: Settings = settings_of(data)
        self.deployment: Deployment = Deployment.open(self.settings)
        self.register: Register = open_register(self.deployment, getpass.getuser())

    @property
    def now(self) -> datetime:
        """Aware UTC."""
        return datetime.now(UTC)

    def waits(self, request: str) -> Waiting | None:
        """The erasure of whom an open request is about, where one is not done."""
        about = self.register.matters.of(request)
        return waits_for(self.settings.keys, self.settings.lake, about) if about else None

    def fulfil(
        self, request: str, correction: Correction | None = None, *, is_reviewed: bool = False
    ) -> Answer:
        """Carry a request out.

        Args:
            request: Its id.
            correction: What is right, where it is to put something right.
            is_reviewed: Whether a human being has looked at what a program decided.
        """
        given: Given = Given(withdrawing(self.settings), correction, is_reviewed)
        return fulfil(self.deployment, self.register, request, given, self.now)

    def correction(self, request: str) -> Correction | None:
        """Read from standard input what is right, where the request is to put something right."""
        return read_correction(self.register.open(request).right)


def read_correction(right: str) -> Correction | None:
    """Read from standard input what is right, where somebody asks for that; None where they do not.

    Raises:
        RequestRefused: It is none.
    """
    if right not in {"correct", "supplement"}:
        return None
    return correction_of(sys.stdin.readline(), fills=right == "supplement")


def correction_of(text: str, *, fills: bool) -> Correction:
    """Read a correction: `{"contract": "page_view", "fields": {"language": "de"}}`.

    Raises:
        RequestRefused: It is none.
    """
    try:
        said: object = read_json(text)
    except ValueError:
        raise RequestRefused(f"what is right comes as a line of JSON: {EXAMPLE}") from None
    return Correction.of(said, fills=fills)


def saying(settings: Settings, channel: str) -> Say:
    """How something is said for a subject to purposes: as any app would, by events on the log.

    Args:
        settings: Where everything lies.
        channel: By which way the subject said it, from `category.CHANNELS`.
    """

    def say(about: SubjectRef, status: str, purposes: Sequence[str]) -> None:
        from remit import Accepted, Client, ConsentChange  # noqa: PLC0415 - the SDK only where it is used

        version = find_policy(settings.policy).version
        client = Client("remit-requests", log=settings.log, data=settings.data)
        change = {"status": status, "agreed_version": version, "method": "api", "channel": channel}
        answers = [
            client.emit(
                ConsentChange.of(change | {"purpose": purpose}),
                subject=about.subject,
                tenant=about.tenant or None,
            )
            for purpose in purposes
        ]
        done = client.flush(FLUSH_TIMEOUT_S, durable=True) and client.close(FLUSH_TIMEOUT_S)
        if not done or not all(isinstance(answer, Accepted) for answer in answers):
            raise RequestRefused("what was said did not reach the log: say it again")

    return say


def withdrawing(settings: Settings) -> Withdraw:
    """How all consents of a subject are withdrawn."""
    say = saying(settings, "support")
    return lambda about: say(about, "withdrawn", find_policy(settings.policy).optional)


def show_answer(answer: Answer, out: Path | None, *, as_json: bool) -> None:
    """Hand over what a request came to."""
    if answer.file is not None:
        file = out or Path(f"remit-{answer.request.request}.zip")
        file.touch(FILE_MODE)
        file.chmod(FILE_MODE)  # it may have been there
        file.write_bytes(answer.file)
        where = f" in {file}"
    else:
        where = ""
    if as_json:
        print_json({**answer.request.public(), "detail": answer.detail})
    else:
        Console().print(f"{answer.request.right}: done, {answer.detail}{where}", highlight=False)


def show_request(found: Request, now: datetime, *, as_json: bool) -> None:
    """Show a request that waits, and what to do next."""
    if as_json:
        print_json(found.public())
        return
    left = (found.due_at - now).days
    console = Console()
    console.print(
        f"{found.request}: {found.right}, {found.state}; due {found.due_at:%Y-%m-%d}, {left} days left"
    )
    if found.may_charge:
        console.print("a repeated request: a fee may be asked")
    if found.state == "received":
        console.print(
            f"next: check who asks, then `remit requests verify {found.request} --proof KIND`"
        )
    elif found.is_open:
        console.print(f"next: `remit requests fulfil {found.request}`, or deny it")


def table_of(requests: list[Request], terms: RequestTerms, now: datetime, title: str) -> Table:
    """Requests as a table, a line each."""
    head = ("request", "right", "state", "received", "due", "days left", "requester", "reason", "")
    table = Table(*whole(*head), title=title, caption=None if requests else "none")
    for one in requests:
        left = _left(one, terms, now) if one.is_open else ""
        days = f"{one.received_at:%Y-%m-%d}", f"{one.due_at:%Y-%m-%d}"
        fee = "repeated" if one.may_charge else ""
        table.add_row(
            one.request, one.right, one.state, *days, left, one.requester, one.reason, fee
        )
    return table


def _left(one: Request, terms: RequestTerms, now: datetime) -> str:
    """The days that an open request has left, with a mark for each warning that is due."""
    stands = due(one.received_at, one.due_at, terms, now)
    return (
        f"{stands.days_left} late" if stands.is_late else f"{stands.days_left}{' !' * stands.alert}"
    )
