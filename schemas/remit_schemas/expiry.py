"""When a contract ends: nobody is asked for data by a contract that nobody renews."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from remit_schemas.contract import Contract

WARN_DAYS: Final = 30  # a month to renew a contract or to take it out of the app (our choice)


def days_left(contract: Contract, today: date) -> int | None:
    """Count the days on which events of a contract are still taken; None where it has no end."""
    return None if contract.expires_on is None else (contract.expires_on - today).days


def is_expired(contract: Contract, today: date) -> bool:
    """Whether events of a contract are refused on this day."""
    days = days_left(contract, today)
    return days is not None and days <= 0


@dataclass(frozen=True, slots=True)
class Ending:
    """A contract that has ended, or will soon.

    Attributes:
        contract: Its name.
        is_over: Whether its events are refused already.
        words: The same in a sentence, with the day and whom to ask.
    """

    contract: str
    is_over: bool
    words: str


def endings(contracts: Iterable[Contract], today: date) -> Iterator[Ending]:
    """Name the contracts that have ended or end within `WARN_DAYS`."""
    for contract in contracts:
        days = days_left(contract, today)
        if days is None or days > WARN_DAYS:
            continue
        left = "has expired: its events are refused" if days <= 0 else f"expires in {days} days"
        whom = f"; ask {contract.owner}" if contract.owner else ""
        words = f"contract {contract.name} {left} (expires_on {contract.expires_on}){whom}"
        yield Ending(contract.name, days <= 0, words)
