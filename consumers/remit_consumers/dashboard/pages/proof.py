"""Proof: whether the chain and the law of conservation hold, what is quarantined, producers' sequences, residue, keys and backups."""

from collections.abc import Mapping, Sequence
from typing import Final

from starlette.responses import PlainTextResponse, Response

from remit_consumers.access.roles import Act
from remit_consumers.backup.guard import check_applied
from remit_consumers.backup.shelf import beyond_use
from remit_consumers.dashboard.asked import Asked
from remit_consumers.dashboard.figures import Stand
from remit_consumers.dashboard.render import HEADERS
from remit_consumers.dashboard.small_counts import shown
from remit_consumers.epochs import read_register, status_of
from remit_consumers.lake.held import held_in
from remit_consumers.lake.reasons import MENDABLE
from remit_consumers.lake.receipts import heads
from remit_consumers.proof.outcomes import OUTCOMES, of_kind
from remit_schemas.errors import KeysOutOfReach, LakeError

BACK: Final = "/proof"
EPOCHS_SHOWN: Final = 12
UNASKED_MAX: Final = 1_000_000
"""Events up to which everything is checked as soon as somebody looks: it takes seconds, and a large lake minutes."""

PRODUCERS_SHOWN: Final = 24


def show(asked: Asked) -> Mapping[str, object]:
    """What the page shows."""
    stand, checks = asked.site.figures.now(), asked.site.checks
    events = sum(figures["offered"] for figures in stand.report.contracts.values())
    if checks.last is None and 0 < events <= UNASKED_MAX:
        checks.begin(heads(stand.receipts))
    last = checks.last
    return {
        "is_empty": stand.is_empty,
        "chains": sorted(heads(stand.receipts).items()),
        "conservation": stand.report.contracts,
        "held": asked.site.figures.derived(("held",), lambda: held_in(asked.site.lake.root)),
        "mendable": MENDABLE,
        "producers": _producers(stand),
        "last": last,
        "is_running": checks.is_running,
        "is_old": last is not None and last.heads != heads(stand.receipts),
        "epochs": _epochs(asked),
        "now": asked.site.now(),
        "beyond": _beyond(asked),
        "plain_door": stand.report.plain_door,
        "outcomes": OUTCOMES,
        "can_bundle": asked.may(Act.TAKE_EVIDENCE) and asked.site.told.evidence is not None,
    }


def check(asked: Asked, _: Mapping[str, str]) -> str:
    """Begin to check everything, as `remit verify` does; gives where to look."""
    asked.site.checks.begin(heads(asked.site.figures.now().receipts))
    return BACK


def evidence(asked: Asked) -> Response:
    """The bundle for an auditor, where it can be made from here."""
    if asked.site.told.evidence is None:
        return PlainTextResponse(asked.t("proof.no_evidence") + "\n", 404, headers=HEADERS)
    named = {"Content-Disposition": 'attachment; filename="remit-evidence.zip"'}
    bundle = asked.site.told.evidence()
    return Response(bundle, media_type="application/zip", headers={**HEADERS, **named})


def _producers(stand: Stand) -> Mapping[str, object]:
    """For the newest producers, packs read and the highest sequence in each lane: equal where none is missing."""
    packs = of_kind(stand.receipts, "pack", "read")
    lanes = packs.group_by(["producer", "lane"]).aggregate(
        [("sequence", "max"), ("sequence", "count_distinct"), ("values_in", "sum")]
    )
    sums = lanes.group_by("producer").aggregate(
        [
            ("lane", "count"),
            ("sequence_max", "sum"),
            ("sequence_count_distinct", "sum"),
            ("values_in_sum", "sum"),
        ]
    )
    rows = sums.sort_by([("values_in_sum_sum", "descending")]).to_pylist()
    told = [
        {
            "producer": row["producer"][:8],
            "lanes": row["lane_count"],
            "sent": row["sequence_max_sum"],
            "read": row["sequence_count_distinct_sum"],
            "events": row["values_in_sum_sum"],
        }
        for row in rows
    ]
    gaps = sum(row["sent"] != row["read"] for row in told)
    return {"count": len(told), "gaps": gaps, "shown": told[:PRODUCERS_SHOWN]}


def _epochs(asked: Asked) -> Sequence[Mapping[str, object]] | None:
    """The newest key epochs, the newest first; None where the keys are not on this machine."""
    try:
        register = read_register(asked.site.settings.keys)
    except KeysOutOfReach:
        return None
    now = asked.site.now()
    current = next((one for one in reversed(register.epochs) if now < one.not_after), None)
    newest = register.epochs[: -EPOCHS_SHOWN - 1 : -1]
    return [{"epoch": one, "state": status_of(one, current, now).state} for one in newest]


def _beyond(asked: Asked) -> Mapping[str, object]:
    """How backups stand: whether the lake is older than an erasure, and who is beyond use."""
    settings, now = asked.site.settings, asked.site.now()
    try:
        check_applied(settings.lake, settings.keys)
        is_applied = True
    except LakeError:
        is_applied = False
    found = beyond_use(settings.keys, now)
    subjects = shown(found.subjects, is_officer=asked.is_officer)
    return {
        "is_applied": is_applied,
        "subjects": subjects,
        "until": found.until,
        "backups": found.backups,
    }
