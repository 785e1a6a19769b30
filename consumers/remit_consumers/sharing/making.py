"""A disclosure in the making: what it will hold, and how it stands on record."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.deployment import Deployment
from remit_consumers.proof.residue.detector import Detector
from remit_consumers.sharing.consents import subjects_of
from remit_consumers.sharing.disclosures import (
    KEEP_FOR,
    REFUSED,
    Disclosure,
    new_id,
    record,
    whose_rows,
)
from remit_consumers.sharing.figures import Aggregate, figure, written
from remit_consumers.sharing.formats import writer_of
from remit_consumers.sharing.leaks import leaks
from remit_consumers.sharing.parcel import FIGURES, Parcel, terms_text
from remit_consumers.sharing.rows import Chooser, Chosen, Files, countable, leaving
from remit_consumers.sharing.terms import ORDER_CHARS_MAX, UNKNOWN, Asked, refused, terms_of
from remit_schemas.errors import ShareRefused
from remit_schemas.recipients import COUNTED, Recipient


@dataclass(frozen=True, slots=True)
class Making:
    """A disclosure in the making.

    Attributes:
        deployment: Everything that it stands on.
        asked: For whom, and of what.
        terms: Of the recipient.
        disclosure: Its id.
        now: When.
        files: For each contract the files whose rows are meant; None: all.
    """

    deployment: Deployment
    asked: Asked
    terms: Recipient
    disclosure: str
    now: datetime
    files: Files | None = None

    @classmethod
    def begun(
        cls, deployment: Deployment, asked: Asked, now: datetime, files: Files | None = None
    ) -> "Making":
        """Begin one that may be made; one that may not is on record."""
        try:
            terms = terms_of(deployment.policy, asked, now)
        except ShareRefused as error:
            named = deployment.policy.recipients.get(asked.recipient)
            record_refusal(deployment, asked, named, (error.reason, now))
            raise
        return cls(deployment, asked, terms, new_id(), now, files)

    def chosen(self) -> Iterable[Chosen]:
        """What may leave, or be counted."""
        listed = {event: frozenset(names) for event, names in self.terms.fields.items()}
        fields = _counted_fields(self) if self.terms.role in COUNTED else listed
        chooser = Chooser.of(self.deployment, self.asked, self.terms, self.now, self.files)
        return chooser.chosen(fields)

    def filled(self, parcel: Parcel) -> tuple[list[Chosen], pa.Table | None]:
        """Fill the parcel; for some roles with figures and nothing else."""
        if self.terms.role in COUNTED:
            return self._with_figures(parcel), None
        return self._with_rows(parcel)

    def _with_rows(self, parcel: Parcel) -> tuple[list[Chosen], pa.Table | None]:
        """Put the rows of each purpose and contract into it; say whose they are."""
        parts = []
        for one in self.chosen():
            rows = leaving(one, self.asked, self.terms, self.deployment)
            self.put(parcel, one, rows)
            parts.append(one)
        return parts, self.whose(parts)

    def put(self, parcel: Parcel, one: Chosen, rows: pa.Table) -> None:
        """Put the rows of one purpose and contract into a parcel, in the format that is asked for."""
        form = self.asked.form
        write = writer_of(form, self.asked.recipient, one.contract)
        parcel.put(f"{one.contract}.{one.purpose}.{form}", rows, write)

    def whose(self, parts: Iterable[Chosen]) -> pa.Table | None:
        """Say whose rows some parts hold; None where there are none."""
        found = [
            whose_rows(
                (self.disclosure, self.asked.recipient, one.contract),
                self.asked.tenant,
                one.rows.column("subject"),
                self.now + KEEP_FOR,
            )
            for one in parts
        ]
        return pa.concat_tables(found) if found else None

    def _with_figures(self, parcel: Parcel) -> list[Chosen]:
        """Put figures into it; what is written is read again by something that does not know how it was made."""
        parts = list(self.chosen())
        figures = [one for part in parts for one in _figures(part, self.terms)]
        data = written(figures, {"recipient": self.asked.recipient, "clause": self.terms.clause})
        if leaks(data, Detector()):
            raise refused("personal")
        parcel.write(FIGURES, data)
        return parts

    def terms_text(self) -> dict[str, object]:
        """The terms that travel with it."""
        named = self.disclosure, self.asked.recipient
        return terms_text(named, self.terms, self.deployment.policy.version)

    def part(self, one: Chosen | None, outcome: str, *, sha256: str = "") -> Disclosure:
        """The record of one part; None is of a disclosure that holds nothing."""
        subjects = subjects_of(one.rows) if one else []
        first, last = self._days(one)
        return Disclosure(
            disclosure=self.disclosure,
            **_about(self.deployment, self.asked, self.terms),
            purpose=one.purpose if one else "",
            contract=one.contract if one else "",
            categories=",".join(one.categories) if one else "",
            rows=one.rows.num_rows if one else 0,
            subjects=len(subjects),
            held_back=json.dumps(dict(one.held_back) if one else {}, sort_keys=True),
            from_day=first,
            to_day=last,
            sha256=sha256,
            outcome=outcome,
            reason="",
            made_at=self.now,
            keep_until=self.now + KEEP_FOR,
        )

    def _days(self, one: Chosen | None) -> tuple[date | None, date | None]:
        """The first and the last day of the rows of one part; what was asked for where there are none."""
        if one is None or not one.rows.num_rows:
            return self.asked.from_day, self.asked.to_day
        days = one.rows.column("day")
        return pc.min(days).as_py(), pc.max(days).as_py()

    def refuse(self, reason: str) -> None:
        """Put on record that it was not made after all."""
        record_refusal(self.deployment, self.asked, self.terms, (reason, self.now))


def _about(deployment: Deployment, asked: Asked, terms: Recipient | None) -> dict[str, str]:
    """Who asked for what, for the record; an unknown recipient may be anything, and so may a tenant."""
    return {
        "recipient": asked.recipient if terms else UNKNOWN,
        "role": str(terms.role) if terms else "",
        "case": str(terms.case) if terms else "",
        "clause": terms.clause if terms else "",
        "tenant": asked.tenant if terms else "",
        "policy_version": deployment.policy.version,
        "order_reference": asked.reference[:ORDER_CHARS_MAX],
        "approver": asked.approver[:ORDER_CHARS_MAX],
    }


def record_refusal(
    deployment: Deployment, asked: Asked, terms: Recipient | None, why: tuple[str, datetime]
) -> None:
    """Put a refusal on record.

    Args:
        deployment: Everything that it stands on.
        asked: For whom, and of what.
        terms: Of the recipient; None where the policy names none.
        why: The reason, one of `terms.WHY`, and when.

    Raises:
        LakeError: The record cannot be written.
    """
    reason, now = why
    nothing = Disclosure(
        disclosure=new_id(),
        **_about(deployment, asked, terms),
        purpose="",
        contract="",
        categories="",
        rows=0,
        subjects=0,
        held_back="{}",
        from_day=None,
        to_day=None,
        sha256="",
        outcome=REFUSED,
        reason=reason,
        made_at=now,
        keep_until=now + KEEP_FOR,
    )
    record(deployment.settings.lake, [nothing])


def _counted_fields(made: Making) -> Mapping[str, frozenset[str]]:
    """The fields of each contract that figures are made by; where they are by nothing, every field counts a row."""
    contracts = made.deployment.contracts
    found: Counter[tuple[str, str]] = Counter()
    for measure in made.terms.measures.values():
        for field in contracts.by_name(measure.event).fields:
            is_named = any(
                one == field.name or one.startswith(f"{field.name}_") for one in measure.by
            )
            found[measure.event, field.name] += is_named or not measure.by
    events = {event for event, _ in found}
    return {
        event: frozenset(name for (of, name), times in found.items() if of == event and times)
        for event in events
    }


def _figures(part: Chosen, terms: Recipient) -> Iterable[Aggregate]:
    """The figures of one contract."""
    for name, measure in terms.measures.items():
        if measure.event == part.contract:
            yield figure(name, measure, countable(part), terms.subjects_min)
