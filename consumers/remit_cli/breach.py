"""`remit breach`: whom a breach concerns, what of them, until when it has to be told, and a draft of the notice."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from remit_cli.options import Data, Json, print_json, settings_of
from remit_consumers.breach.affected import Sealed, Span, affected, days_of, overlapping
from remit_consumers.breach.notice import draft
from remit_consumers.epochs import read_register
from remit_consumers.settings import Settings
from remit_consumers.vault import Vault
from remit_schemas.errors import KeysOutOfReach, SettingsError


def breach(  # noqa: PLR0913 - options of a command, named by who types them
    *,
    from_day: Annotated[
        str, typer.Option("--from", help="First UTC day of collection.", metavar="YYYY-MM-DD")
    ] = "",
    to_day: Annotated[
        str, typer.Option("--to", help="Last UTC day of collection.", metavar="YYYY-MM-DD")
    ] = "",
    epoch: Annotated[
        str, typer.Option("--epoch", help="One epoch of remit keys status, in place of days.")
    ] = "",
    found: Annotated[
        str, typer.Option("--found", help="When it was found, ISO 8601; else now.")
    ] = "",
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Say whom a breach concerns: categories, numbers, tenants, recipients, registers, what was unreadable, and a draft notice.

    Example: remit breach --from 2026-03-01 --to 2026-03-03 --found 2026-03-04T08:00Z
    """
    settings = settings_of(data, local=True)
    epochs = list(_epochs(settings.keys))
    found_at = _moment(found)
    if epoch:
        epochs = [one for one in epochs if one.epoch == epoch]
        if not epochs:
            message = "no such epoch; remit keys status lists them"
            raise SettingsError(message)
        first, last = days_of(epochs[0].created_at, epochs[0].not_after)
    else:
        first, last = _day(from_day), _day(to_day)
    span = Span(first, last, found_at)
    what = affected(settings.lake, span, overlapping(iter(epochs), span), _held(settings))
    text = draft(what, span)
    if as_json:
        print_json(what.to_dict(span) | {"draft": text})
    else:
        Console().print(text, markup=False, highlight=False)


def _epochs(keys: Path) -> Iterator[Sealed]:
    """The epochs of a key store, and since when each is unreadable."""
    for one in read_register(keys).epochs:
        yield Sealed(one.name, one.created_at, one.not_after, one.destroyed_at)


def _held(settings: Settings) -> int | None:
    """How many subjects' secrets the vault holds; None where it is out of reach, as it may be in a breach."""
    with suppress(KeysOutOfReach):
        return Vault.count(settings.vault)
    return None


def _day(text: str) -> date:
    """Read a day."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        message = "a breach is of days, --from YYYY-MM-DD and --to YYYY-MM-DD, or of an --epoch"
        raise SettingsError(message) from None


def _moment(text: str) -> datetime:
    """Read a moment; now where none is given."""
    try:
        moment = datetime.fromisoformat(text) if text else datetime.now(UTC)
    except ValueError:
        message = "--found is a time such as 2026-03-04T08:00Z"
        raise SettingsError(message) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
