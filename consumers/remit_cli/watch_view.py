"""What `remit watch` shows: for each contract its events, for each field what became of its values, and the last of them."""

import time
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from remit_consumers.deployment import contracts_of
from remit_consumers.lake.commit import Lake
from remit_consumers.lake.receipt import FieldCount
from remit_consumers.lookout import Commit, FieldSeen, Lookout
from remit_consumers.settings import Settings
from remit_schemas.category import Decision
from remit_schemas.plan import compile as compile_plan
from remit_schemas.policy import find_policy

RATE_S: Final = 10.0
"""The time over which events a second are told."""

STYLES: Final = {"keep": "green", "reduce": "cyan", "refuse": "red"}
"""How a decision is shown."""

TELLS: Final = ("refused", "quarantined", "let_go", "expired", "in_flight")
"""What is told of a contract beside offered and stored, where there is any."""


def field_facts(one: FieldSeen | FieldCount, example: str) -> dict[str, object]:
    """What became of a field, for programs."""
    return {
        "field": one.field,
        "category": one.category,
        "decision": str(one.decision),
        "reducer": one.reducer or None,
        "clause": one.clause or None,
        "purposes": one.purposes.split(",") if one.purposes else [],
        "values_in": one.values_in,
        "values_out": one.values_out,
        "example": example or None,
    }


def _joined(seen: Iterable[FieldSeen]) -> Iterable[FieldSeen]:
    """One line for what was decided alike: for people, those who agreed to more purposes are no field of their own."""
    joined: dict[tuple[str, ...], FieldSeen] = {}
    for one in seen:
        alike = (one.contract, one.field, one.decision, one.reducer, one.clause)
        had = joined.get(alike)
        joined[alike] = one if had is None else _sum(had, one)
    return joined.values()


def _sum(one: FieldSeen, other: FieldSeen) -> FieldSeen:
    return replace(
        one,
        values_in=one.values_in + other.values_in,
        values_out=one.values_out + other.values_out,
    )


class _Plans:
    """What the policy in force says of contracts: their order, and what is refused only for want of consent."""

    def __init__(self, policy: str | None) -> None:
        self._policy = find_policy(policy)
        self._contracts = contracts_of(policy)

    def order(self, contract: str) -> Mapping[str, int]:
        """The places of a contract's fields; empty where it is not on record here."""
        fields = self._contracts.by_name(contract).fields if self._knows(contract) else ()
        return {field.name: place for place, field in enumerate(fields)}

    def needs_consent(self, one: FieldSeen) -> bool:
        """Whether a field would be stored, had its subjects agreed."""
        if not self._knows(one.contract):
            return False
        plan = compile_plan(self._contracts.by_name(one.contract), self._policy)
        field = plan.fields.get(one.field)
        return field is not None and field.decision is not Decision.REFUSE

    def check(self, contract: str) -> None:
        """Refuse a name that is no contract's.

        Raises:
            ContractError: It is none; the message names the nearest.
        """
        self._contracts.by_name(contract)

    def _knows(self, contract: str) -> bool:
        return contract in self._contracts.names


class View:
    """What is shown."""

    def __init__(self, settings: Settings, contract: str | None) -> None:
        self._settings = settings
        self._contract = contract
        self._plans = _Plans(settings.policy)
        self._lookout = Lookout(Lake(settings.lake))
        self._recent: deque[tuple[float, str, int]] = deque()
        self._order: list[str] = []  # contracts, those that moved last first
        self._read()
        if contract is not None and contract not in self._report.contracts:
            self._plans.check(contract)

    def _read(self) -> None:
        """Count anew: only when something was committed, since there may be many receipts."""
        self._report = self._lookout.report()
        self._seen = list(self._lookout.fields())

    def look(self) -> list[Commit]:
        """See what was committed since."""
        now = time.monotonic()
        fresh = self._lookout.look()
        if fresh:
            self._read()
        commits = [each for each in fresh if self._is_asked_for(each.contract)]
        for commit in commits:
            self._recent.append((now, commit.contract, commit.receipt.events.stored))
            if commit.contract in self._order:
                self._order.remove(commit.contract)
            self._order.insert(0, commit.contract)
        while self._recent and self._recent[0][0] < now - RATE_S:
            self._recent.popleft()
        return commits

    def to_json(self) -> dict[str, object]:
        """What there is, for programs."""
        report = self._report
        fields: dict[str, list[dict[str, object]]] = defaultdict(list)
        for one in self._seen:
            fields[one.contract].append(field_facts(one, self._example(one)))
        contracts = {
            name: {
                **report.contracts[name],
                "reasons": report.reasons.get(name, {}),
                "fields": fields[name],
            }
            for name in report.contracts
            if self._is_asked_for(name)
        }
        return {"contracts": contracts, "waiting_packs": self._waiting()}

    def render(self) -> RenderableType:
        """What there is, for people."""
        report = self._report
        names = [name for name in report.contracts if self._is_asked_for(name)]
        if not names:
            return self._empty()
        names.sort(key=lambda name: [*self._order, name].index(name))
        fields = self._fields()
        parts: list[RenderableType] = [self._head()]
        for name in names:
            parts += [
                self._line(name, report.contracts[name], report.reasons.get(name, {})),
                self._table(fields[name]),
            ]
        return Group(*parts)

    def _fields(self) -> Mapping[str, list[FieldSeen]]:
        """The fields of each contract in its own order; without those of which no value came, where others did."""
        fields: dict[str, list[FieldSeen]] = defaultdict(list)
        for one in _joined(self._seen):
            fields[one.contract].append(one)
        for name, seen in fields.items():
            came = {one.field for one in seen if one.values_in}
            order = self._plans.order(name)
            fields[name] = sorted(
                (one for one in seen if one.values_in or one.field not in came),
                key=lambda one: order.get(one.field, len(order)),
            )
        return fields

    def _is_asked_for(self, contract: str) -> bool:
        return self._contract in {None, contract}

    def _head(self) -> Text:
        waiting = self._waiting()
        log = "Kafka" if self._settings.log else "embedded log"
        head = Text(f"remit watch · {log}", "bold")
        head.append(f" · {datetime.now().astimezone():%H:%M:%S}", "dim")
        if waiting:
            head.append(f" · {waiting:,} pack{'s' if waiting > 1 else ''} in the spool", "yellow")
        return head

    def _empty(self) -> Text:
        """What to do where there is nothing yet."""
        of = f" of {self._contract}" if self._contract else ""
        text = Text(f"Nothing{of} is stored in {self._settings.data} yet.\n", "bold")
        waiting = self._waiting()
        if waiting:
            text.append(
                f"{waiting:,} pack{'s' if waiting > 1 else ''} in the spool and nobody has stored them: start the consumer.\n\n"
            )
            text.append("  remit up\n", "cyan")
        else:
            text.append("Start the consumer, and emit something to try it:\n\n")
            text.append("  remit up\n", "cyan")
            text.append(
                """  echo '{"page": "/pricing", "subject": "u1"}' | remit emit page_view\n""",
                "cyan",
            )
        return text

    def _line(self, name: str, figures: Mapping[str, int], reasons: Mapping[str, int]) -> Text:
        """What became of the events of a contract."""
        line = Text("\n")
        line.append(name, "bold")
        line.append(f"  offered {figures['offered']:,}  stored ", "none")
        line.append(f"{figures['stored']:,}", "green")
        for what in TELLS:
            if figures[what]:
                line.append(f"  {what.replace('_', ' ')} ")
                line.append(f"{figures[what]:,}", "red" if what != "in_flight" else "yellow")
        rate = self._rate(name)
        if rate:
            line.append(f"  {rate:,.1f}/s", "bold")
        told = ", ".join(f"{why.partition('.')[2]} {events:,}" for why, events in reasons.items())
        if told:
            line.append(f"\n  {told}", "dim")
        return line

    def _table(self, fields: Sequence[FieldSeen]) -> Table:
        """What became of each field."""
        table = Table(box=None, padding=(0, 1), pad_edge=False, header_style="dim", expand=True)
        table.add_column("  field", no_wrap=True, max_width=18)
        table.add_column("clause", no_wrap=True, style="dim")
        table.add_column("decision", no_wrap=True, max_width=22)
        table.add_column("values", justify="right", no_wrap=True)
        table.add_column("last stored", no_wrap=True, overflow="ellipsis", ratio=1)
        for one in fields:
            decision = f"{one.decision} {one.reducer}".strip()
            if one.decision == Decision.REFUSE and self._plans.needs_consent(one):
                decision = "refuse, no consent"
            table.add_row(
                f"  {one.field}",
                one.clause or "—",
                Text(decision, STYLES[one.decision]),
                f"{one.values_in:,}",
                Text(self._example(one) or "—"),
            )
        return table

    def _example(self, one: FieldSeen) -> str:
        """The last value of a field, where it is stored at all."""
        return (
            self._lookout.examples.get(one.contract, {}).get(one.field, "")
            if one.values_out
            else ""
        )

    def _rate(self, contract: str) -> float:
        """Events stored a second."""
        return sum(events for _, name, events in self._recent if name == contract) / RATE_S

    def _waiting(self) -> int:
        """Packs in the spool; on Kafka, those that no broker has taken."""
        return sum(1 for _ in self._settings.spool.glob("slot-*/*.pack"))
