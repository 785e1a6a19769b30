"""A data protection impact assessment, filled in as far as policy and receipts reach.

Source: GDPR article 35(7) for the parts, PIPL articles 55 and 56 for when and what.
"""

from collections.abc import Iterable, Sequence

from remit_consumers.lake.floors import Crowd
from remit_consumers.proof.outcomes import OUTCOMES, Counts
from remit_consumers.proof.report import SUBJECTS_SHOWN_MIN, Report, Traits
from remit_consumers.proof.risks import risks
from remit_schemas.category import Decision
from remit_schemas.contract import Contracts
from remit_schemas.decided import FieldPlan
from remit_schemas.export.processing import plans_of, processings
from remit_schemas.plan import Plan
from remit_schemas.policy import Policy
from remit_schemas.rule import duration_text

NOT_MEASURED = "No lake was given, or it holds no receipts yet: nothing is measured here."
"""What stands in the parts that only receipts can fill."""

OPEN = (
    "Controller, address, data protection officer, and who was asked (GDPR 35(2), 35(9)).",
    "Recipients, processors and transfers abroad (PIPL 21, 23, 38), beyond those named above.",
    "Likelihood and severity of each risk for the people concerned, and who accepts what is left.",
    "Where data of minors under 14 can come in, and how a guardian agrees (PIPL 31).",
    "Who keeps keys and vault apart from the lake, and who may read what.",
    "When this is looked at again: with each new version of the policy at the latest.",
)
"""What people fill in."""

_CATEGORIES = ("values_in", "kept", "reduced", "refused", "bytes_in", "bytes_out")
_CONSENTS = ("given", "refused", "withdrawn", "events_granted", "events_withheld")


def dpia(policy: Policy, contracts: Contracts, told: Report | None = None) -> str:
    """Write an assessment as Markdown.

    Args:
        policy: What may be done.
        contracts: With which data.
        told: What was done, by the receipts of a lake; None where no lake was given.

    Raises:
        PolicyError: A contract cannot be brought under the policy.
    """
    plans = plans_of(policy, contracts)
    measured = told if told and told.contracts else None
    parts = (
        _head(policy),
        _described(policy, contracts),
        _necessity(plans),
        _measured(measured),
        _combinations(measured),
        _consent(policy, measured),
        _minors(plans),
        ["## 7. Risks that are left", "", *(f"- {risk}" for risk in risks(plans, measured))],
        ["## 8. For people to fill in", "", *(f"- [ ] {point}" for point in OPEN)],
    )
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def _head(policy: Policy) -> list[str]:
    return [
        f"# Impact assessment: {policy.name} {policy.version}",
        "",
        f"Filled in from the policy ({policy.sha256}) and the receipts of one lake.",
        "It is a draft: whoever signs it has to judge it.",
    ]


def _described(policy: Policy, contracts: Contracts) -> list[str]:
    """What is processed (GDPR 35(7)(a))."""
    rows = [
        (
            one.purpose.key,
            one.contract.name,
            one.purpose.necessity,
            one.purpose.basis,
            ", ".join(field.field for field in one.fields),
            duration_text(one.keep_for),
            ", ".join(one.recipients) or "none",
            one.purpose.clause,
        )
        for one in processings(policy, contracts)
    ]
    head = ("purpose", "contract", "necessity", "basis", "fields", "kept", "recipients", "clause")
    prohibited = ", ".join(f"{key} ({one.clause})" for key, one in policy.prohibited.items())
    return [
        *("## 1. What is processed", "", *_table(head, rows), ""),
        f"Refused at the call site, with everything below: {prohibited or 'nothing beyond what the vocabulary prohibits'}.",
    ]


def _necessity(plans: Iterable[Plan]) -> list[str]:
    """Why each field is needed, in the policy's own words (GDPR 35(7)(b))."""
    head = ("field", "decision", "purposes", "clause", "reason")
    rows = [
        (f"{plan.contract}.{name}", _decided(field), _purposes(field), field.clause, field.reason)
        for plan in plans
        if any(field.decision is not Decision.REFUSE for field in plan.fields.values())
        for name, field in plan.fields.items()
    ]
    idle = sorted(
        plan.contract
        for plan in plans
        if all(field.decision is Decision.REFUSE for field in plan.fields.values())
    )
    end = ["", f"Nothing at all is stored of: {', '.join(idle)}."] if idle else []
    return ["## 2. Whether each field is necessary", "", *_table(head, rows), *end]


def _decided(field: FieldPlan) -> str:
    return f"reduce: {field.reducer}" if field.reducer else str(field.decision)


def _purposes(field: FieldPlan) -> str:
    return ", ".join(one.key for one in field.purposes) or "none"


def _measured(told: Report | None) -> list[str]:
    """What came in and what is left, from receipts."""
    title = "## 3. What was measured"
    if told is None:
        return [title, "", NOT_MEASURED]
    return [
        *(title, "", "Events:", "", *_counts("contract", OUTCOMES, told.contracts), ""),
        *("Values:", "", *_counts("category", _CATEGORIES, told.categories), ""),
        *("What reducers took away, in bits that a value tells:", "", *_bits(told.reducers)),
    ]


def _bits(reducers: Counts) -> list[str]:
    """What a value told and still tells."""
    rows = []
    for name, row in reducers.items():
        came = row["bits_in"] / max(row["values_in"], 1)
        left = row["bits_out"] / max(row["values_out"], 1)
        rows.append((name, f"{row['values_in']:,}", f"{came:.1f}", f"{left:.1f}"))
    return _table(("reducer", "values in", "bits in", "bits left"), rows)


def _combinations(told: Report | None) -> list[str]:
    """How many people could be singled out by their traits, before and after."""
    title = "## 4. Whether traits single somebody out"
    if told is None:
        return [title, "", NOT_MEASURED]
    if not told.floors:
        return [title, "", "No window of a floor is closed yet, or the policy has no floor."]
    head = ("contract", "", "combinations", "rare", "of one subject", "subjects")
    rows = [
        (contract, side, *map(_hidden, _of(crowd)), _hidden(found.subjects))
        for contract, found in told.floors.items()
        for side, crowd in _sides(found)
    ]
    said = (
        "Whoever knows the traits of a person finds its rows where a combination is of one subject."
    )
    return [title, "", *_table(head, rows), "", said]


def _sides(found: Traits) -> tuple[tuple[str, Crowd], ...]:
    return ("came", found.before), ("stored", found.after)


def _of(crowd: Crowd) -> tuple[int, int, int]:
    return crowd.combinations, crowd.rare, crowd.unique


def _consent(policy: Policy, told: Report | None) -> list[str]:
    """What people said to the optional purposes; counts that may be of few people are not shown (D10)."""
    optional = sorted(
        key for key, terms in policy.purposes.items() if terms.necessity == "optional"
    )
    lines = ["## 5. Consent", ""]
    lines.append(f"Optional purposes: {', '.join(optional) or 'none, so nobody is asked'}.")
    lines += [
        f"The signal {name} refuses {', '.join(one.withholds)}."
        for name, one in policy.signals.items()
    ]
    if told is None:
        return [*lines, "", NOT_MEASURED]
    if not told.consents:
        return [*lines, "", "Nobody has answered yet, and no event asked for an answer."]
    rows = [
        (purpose, *(_hidden(row.get(name, 0)) for name in _CONSENTS))
        for purpose, row in told.consents.items()
    ]
    return [*lines, "", *_table(("purpose", *_CONSENTS), rows)]


def _minors(plans: Iterable[Plan]) -> list[str]:
    """Whether data of minors are stored under their own category."""
    named = [
        f"{plan.contract}.{name}"
        for plan in plans
        for name, field in plan.fields.items()
        if field.category == "user.childrens" and field.decision is not Decision.REFUSE
    ]
    said = f"Stored of them: {', '.join(named)}." if named else "No field of theirs is stored."
    return [
        *("## 6. Minors", "", said),
        "That minors use the service is nothing that receipts of events can show.",
    ]


def _counts(first: str, columns: Sequence[str], rows: Counts) -> list[str]:
    """A table of counts."""
    told = [
        (name, *(f"{row.get(column, 0):,}" for column in columns)) for name, row in rows.items()
    ]
    return _table((first, *columns), told)


def _hidden(count: int) -> str:
    """A count that may be of subjects (D10)."""
    return f"{count:,}" if count >= SUBJECTS_SHOWN_MIN or not count else f"<{SUBJECTS_SHOWN_MIN}"


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """A table in Markdown."""
    return [_line(head), _line(["---"] * len(head)), *(_line(row) for row in rows)]


def _line(cells: Iterable[object]) -> str:
    said = ("" if cell is None else str(cell).replace("|", "\\|") for cell in cells)
    return f"| {' | '.join(' '.join(cell.split()) for cell in said)} |"
