"""A policy as a record of processing activities: a row for each purpose and contract.

Source: GDPR article 30(1) for the columns, PIPL articles 54 to 56 for what an audit asks for.
"""

import csv
import io
from collections.abc import Mapping

from remit_schemas.category import CATEGORIES, PURPOSES, Basis
from remit_schemas.contract import Contracts
from remit_schemas.export.processing import SUBJECTS, Processing, processings
from remit_schemas.policy import Policy
from remit_schemas.rule import duration_text
from remit_schemas.specs import SPECS

BLANK = "(to be filled)"
"""What stands where a policy cannot know."""

NONE = "none"
"""What stands where the policy names nobody."""

BLANKS = (
    "controller_address",
    "representative",
    "data_protection_officer",
    "third_country_transfers",
)
"""Columns that people fill: GDPR article 30(1)(a) and (e), PIPL articles 52 and 53."""

ARTICLES: Mapping[Basis, str] = {
    Basis.CONSENT: "consent (PIPL 13(1), GDPR 6(1)(a))",
    Basis.CONTRACT: "contract (PIPL 13(2), GDPR 6(1)(b))",
    Basis.LEGAL_OBLIGATION: "legal obligation (PIPL 13(3), GDPR 6(1)(c))",
    Basis.VITAL_INTERESTS: "vital interests (PIPL 13(4), GDPR 6(1)(d))",
    Basis.PUBLIC_INTEREST: "public interest (PIPL 13(5), GDPR 6(1)(e))",
    Basis.PUBLISHED_BY_SUBJECT: "published by the subject (PIPL 13(6))",
    Basis.LEGITIMATE_INTERESTS: "legitimate interests (GDPR 6(1)(f))",
}
"""Each ground with the articles that allow it."""


def ropa(policy: Policy, contracts: Contracts) -> list[dict[str, str]]:
    """Write a policy as rows with the same columns each, in the order that a reader asks in.

    Raises:
        PolicyError: A contract cannot be brought under the policy.
    """
    return [_row(policy, one) for one in processings(policy, contracts)]


def _row(policy: Policy, one: Processing) -> dict[str, str]:
    """One activity. What is blank is said to be so."""
    blanks = dict.fromkeys(BLANKS, BLANK)
    return {
        "activity": one.name,
        "purpose": f"{one.purpose.key}: {PURPOSES[one.purpose.key].meaning}",
        "necessity": one.purpose.necessity,
        "legal_basis": ARTICLES[one.purpose.basis],
        "contract": one.contract.name,
        "controller": policy.name,
        "data_subjects": SUBJECTS,
        "data": "; ".join(f"{key}: {CATEGORIES[key].meaning}" for key in one.categories),
        "fields": ", ".join(field.field for field in one.fields),
        "recipients": ", ".join(one.recipients) or NONE,
        "retention": f"{duration_text(one.keep_for)} from collection",
        "measures": " ".join(measures(policy, one)),
        "clauses": ", ".join(one.clauses),
        "policy": f"{policy.name} {policy.version}",
        **blanks,
    }


def measures(policy: Policy, one: Processing) -> list[str]:
    """Say what protects the data, a sentence each.

    Source: GDPR article 30(1)(g); the first and the last are decisions D2 and D8, which hold for every policy.
    """
    said = [f"Sealed at its source; unreadable after {policy.raw_limit_h} hours if not minimized."]
    said += [f"{name}: {SPECS[name].summary}" for name in one.reducers]
    said += [
        f"Traits that fewer than {floor.subjects_min} subjects share are taken away ({floor.clause})."
        for floor in policy.floors
        if floor.event == one.contract.name
    ]
    if policy.pseudonyms:
        every = duration_text(policy.pseudonyms.rotate_every)
        said.append(f"Subjects get another pseudonym every {every} ({policy.pseudonyms.clause}).")
    return [*said, "Subjects are stored under pseudonyms, never under their names."]


def as_csv(rows: list[dict[str, str]]) -> str:
    """Write the record for a spreadsheet (RFC 4180), its columns named in the first line."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [*rows[0]] if rows else [*BLANKS], lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def as_markdown(rows: list[dict[str, str]], policy: Policy) -> str:
    """Write the record for people: an activity a section."""
    lines = [f"# Record of processing activities: {policy.name} {policy.version}", ""]
    lines.append(f"{len(rows)} activities; `{BLANK}` is for people to fill.")
    for row in rows:
        lines += ["", f"## {row['activity']}", ""]
        lines += [
            f"- **{name.replace('_', ' ')}**: {said}"
            for name, said in row.items()
            if name != "activity"
        ]
    return "\n".join(lines) + "\n"
