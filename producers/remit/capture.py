"""A client that keeps what it would send: everything that decides is the real thing, and only the log is missing."""

import os
import tempfile
from collections import Counter
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

from remit.agreement import Agreement, own_contract
from remit.answers import Who
from remit.client import Client
from remit.core import Core
from remit.packer import Packer
from remit.result import ACCEPTED, REFUSED, Accepted, Recorded, Refused
from remit.route import Route
from remit.settings import Places
from remit_schemas.bundle import BUNDLE_NAME, KEY_BYTES, Bundle, write_bundle
from remit_schemas.category import Decision
from remit_schemas.codec import decode_one
from remit_schemas.contract import Contract, builtin
from remit_schemas.decided import FieldPlan
from remit_schemas.pack import KEY_ID_BYTES, Counts
from remit_schemas.plan import Plan
from remit_schemas.plan import compile as compile_plan
from remit_schemas.policy import Policy, find_policy


@dataclass(frozen=True, slots=True)
class CapturedEvent:
    """An event that was accepted.

    Attributes:
        contract: Its contract.
        values: What would leave the app: fields that are withheld at the source are None.
        subject: Whom it is about.
        tenant: Whose customer that is.
        plan: The contract under the policy.
        granted: The optional purposes that its subject has agreed to.
    """

    contract: str
    values: Mapping[str, object]
    subject: str | None
    tenant: str | None
    plan: Plan
    granted: frozenset[str]

    @property
    def emitted(self) -> list[FieldPlan]:
        """The fields that have a value."""
        return [field for name, field in self.plan.fields.items() if self.values[name] is not None]

    @property
    def collected(self) -> list[FieldPlan]:
        """The fields that have a value and would be stored, kept or reduced, for a purpose that holds."""
        decided = self.plan.outcome(self.granted, self.plan.spare(self.values)).fields
        return [
            field for field in self.emitted if decided[field.field].decision is not Decision.REFUSE
        ]


class Captured(Client):
    """A client that keeps what it would send.

    Attributes:
        events: What was accepted, in order.
        refusals: What was not, by contract and reason.
    """

    def __init__(self, places: Places, *, hold: bool = False) -> None:
        self.events: list[CapturedEvent] = []
        self.refusals: Counter[tuple[str, str]] = Counter()
        self._home = places
        self._contracts: dict[bytes, Contract] = {each.fingerprint: each for each in builtin()}
        self._granted: dict[Who, frozenset[str]] = {}
        super().__init__("captured", data=places.data, log="", hold=hold)

    def _start(self) -> None:
        agreement = Agreement(self._home, hold=self._hold, adopt=self._take_routes)
        self._policy = find_policy(self._home.policy)
        # The log's place: what a client asks of them, and nothing behind it.
        self._packer = cast("Packer", self)
        self._core = cast("Core", _Nothing(agreement))
        agreement.hand_out()

    def put(
        self, route: Route, datum: bytes, subject: str | None, tenant: str | None
    ) -> Accepted | Refused:
        """Keep an event; see `Packer.put`."""
        contract = self._contract(route)
        values = decode_one(contract, datum)
        who = (subject or None, tenant or None)
        if route.is_answer:
            self._granted[who] = self._after(who, values)
        plan = compile_plan(contract, self._policy)
        granted = self._granted.get(who, frozenset())
        self.events.append(CapturedEvent(contract.name, values, *who, plan, granted))
        return ACCEPTED

    def put_recorded(
        self, route: Route, datum: bytes, subject: str | None, tenant: str | None
    ) -> Accepted | Refused:
        """Keep an event, and name its place among them; see `recorded.put_recorded`."""
        self.put(route, datum, subject, tenant)
        return Recorded((f"captured:{len(self.events) - 1}",))

    def refuse(self, route: Route, tenant: str | None, reason: str) -> Refused:  # noqa: ARG002 - as the packer's
        """Count what was not accepted; see `Packer.refuse`."""
        self.refusals[route.contract or "no contract", reason] += 1
        return REFUSED[reason]

    def totals(self) -> Counts:
        """Give what was offered and refused so far."""
        refused: Counter[str] = Counter()
        for (_, reason), events in self.refusals.items():
            refused[reason] += events
        return Counts(len(self.events) + refused.total(), 0, refused)

    def _contract(self, route: Route) -> Contract:
        if route.fingerprint not in self._contracts:
            own = (own_contract(kind) for kind, one in self._routes.items() if one is route)
            self._contracts |= {each.fingerprint: each for each in own if each is not None}
        return self._contracts[route.fingerprint]

    def _after(self, who: Who, change: Mapping[str, object]) -> frozenset[str]:
        """The purposes that a subject has agreed to after a change of consent."""
        granted, purpose = self._granted.get(who, frozenset()), {str(change["purpose"])}
        return granted | purpose if change["status"] == "given" else granted - purpose


class _Nothing:
    """What stands for slot, worker and transport: everything is on no log at once."""

    def __init__(self, agreement: Agreement) -> None:
        self.agreement = agreement

    def flush(self, timeout_s: float, *, durable: bool) -> bool:  # noqa: ARG002 - as the core's
        return True

    def close(self, timeout_s: float) -> bool:
        self.agreement.close(timeout_s)
        return True

    def guards(self) -> tuple[()]:
        return ()

    def abandon(self) -> None:
        return


@contextmanager
def capture(policy: str | None = None, *, hold: bool = False) -> Generator[Captured, None, None]:
    """Give a client that keeps what it would send.

    Args:
        policy: As for `Client`; None reads REMIT_POLICY, else takes the policy that is shipped.
        hold: As for `Client`.

    Raises:
        PolicyError: The policy cannot be used.
    """
    spec = policy or os.environ.get("REMIT_POLICY") or None
    with tempfile.TemporaryDirectory(prefix="remit-capture-") as name:
        folder = Path(name)
        write_bundle(folder / BUNDLE_NAME, _bundle(find_policy(spec)), os.urandom(KEY_BYTES))
        places = replace(
            Places.from_env({}, policy=spec, log="", data=folder / "data"), keys=folder
        )
        (folder / "data" / "spool").mkdir(parents=True)  # where the verify key is pinned
        client = Captured(places, hold=hold)
        try:
            yield client
        finally:
            client.close()


def _bundle(policy: Policy) -> Bundle:
    """A bundle whose keys nobody has."""
    return Bundle(
        policy=policy,
        epoch="captured",
        key_id=os.urandom(KEY_ID_BYTES),
        public_key=os.urandom(KEY_BYTES),
        not_after=datetime.now(UTC) + timedelta(days=1),
        stopped=frozenset(),
        lane_key=os.urandom(KEY_BYTES),
    )
