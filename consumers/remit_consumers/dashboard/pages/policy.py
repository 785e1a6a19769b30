"""Policy: its sentences, each with the rule that keeps it, the tests that prove it, and the figures it shows in."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from remit_consumers.dashboard.asked import Asked
from remit_consumers.deployment import contracts_of
from remit_schemas.coverage import Row, Status
from remit_schemas.diff import diff
from remit_schemas.policy import Policy, policy_path, versions_in

SENTENCE: Final = len("S001")
STATUSES: Final = ("all", *(str(status) for status in Status))


def show(asked: Asked) -> Mapping[str, object]:
    """What the page shows."""
    coverage, status = asked.site.told.coverage(), asked.choice("status", STATUSES)
    figures, texts = _figures(asked), _texts(asked)
    rows = [
        _row(row, figures, texts) for row in coverage.rows if status in {"all", str(row.status)}
    ]
    return {
        "rows": rows,
        "status": status,
        "statuses": STATUSES,
        "counts": Counter(str(row.status) for row in coverage.sentences),
        "sentences": len(coverage.sentences),
        "problems": coverage.problems,
        "versions": asked.site.figures.derived(("versions",), lambda: _versions(asked)),
        "governed": asked.site.figures.now().report.policy_versions,
    }


def sentence(asked: Asked, clause: str) -> Mapping[str, object] | None:
    """What the page of one sentence shows; None where the policy has no such sentence."""
    coverage = asked.site.told.coverage()
    found = [row for row in coverage.rows if row.clause.startswith(clause[:SENTENCE])]
    if not found or clause not in {row.clause for row in found}:
        return None
    figures, texts = _figures(asked), _texts(asked)
    around = [row.clause for row in coverage.sentences]
    at = around.index(clause[:SENTENCE])
    return {
        "clause": clause,
        "rows": [_row(row, figures, texts) for row in found],
        "before": around[at - 1] if at else "",
        "after": around[at + 1] if at + 1 < len(around) else "",
    }


def _figures(asked: Asked) -> Mapping[str, Mapping[str, int]]:
    """The report's figures of each clause."""
    return asked.site.figures.now().report.clauses


def _texts(asked: Asked) -> Mapping[str, str]:
    """The attached sentences."""
    return asked.site.figures.derived(("texts",), asked.site.told.texts)


def _row(
    row: Row, figures: Mapping[str, Mapping[str, int]], texts: Mapping[str, str]
) -> Mapping[str, object]:
    """A sentence or a part of one; a whole sentence has the figures of its parts as well."""
    sums: Counter[str] = Counter()
    for clause, counts in figures.items():
        if clause == row.clause or (_is_whole(row.clause) and clause.startswith(row.clause)):
            sums.update(counts)
    return {
        "clause": row.clause,
        "is_part": not _is_whole(row.clause),
        "text": texts.get(row.clause, ""),
        "summary": row.summary,
        "status": str(row.status),
        "later": row.later,
        "kinds": [str(kind) for kind in row.kinds],
        "rules": row.rules,
        "tests": row.tests,
        "metrics": row.metrics,
        "values_in": sums["values_in"],
        "values_out": sums["values_out"],
    }


def _is_whole(clause: str) -> bool:
    return len(clause) == SENTENCE


def _versions(asked: Asked) -> Sequence[Mapping[str, object]]:
    """Every version of the policy, the newest first, with what it changed of the one before."""
    settings = asked.site.settings
    folder, contracts = policy_path(settings.policy).parent, contracts_of(settings.policy)
    found: list[Policy] = sorted(
        versions_in(folder, asked.site.policy.name), key=lambda one: one.version
    )
    told = []
    for at, one in enumerate(found):
        changes = diff(found[at - 1], one, contracts) if at else None
        told.append({"policy": one, "changes": changes})
    return told[::-1]
