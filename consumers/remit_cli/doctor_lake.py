"""What `remit doctor` looks at in the lake: what stands in it that waits, or that should be gone."""

from datetime import UTC, datetime

from remit_cli.finding import Finding
from remit_consumers.deployment import plans_on_record
from remit_consumers.erasure.waiting import waiting
from remit_consumers.lake.fault import reaching
from remit_consumers.lake.held import by_reason, held_in
from remit_consumers.lake.renewal import count_old
from remit_consumers.retention.looking import not_on_record
from remit_consumers.settings import Settings
from remit_schemas.errors import LakeError, RemitError


def quarantine(settings: Settings) -> Finding:
    """What stands in quarantine, and whether what can be mended is about to end there."""
    try:
        groups = list(by_reason(held_in(settings.lake)).values())
    except LakeError as error:
        return Finding("quarantine", holds=False, detail=str(error))
    now = datetime.now(UTC)
    told = [
        f"{one.packs:,} packs {one.reason}, readable until {one.readable_until:%Y-%m-%d %H:%M} UTC"
        for one in groups
    ]
    mend = "; mend the reason, then: remit quarantine replay" if groups else ""
    is_late = any(one.ends_soon(now) for one in groups)
    detail = f"{'; '.join(told)}{mend}" if groups else "empty"
    return Finding("quarantine", holds=not is_late, detail=detail, is_weak=bool(groups))


def versions(settings: Settings) -> Finding:
    """The policy versions that rows were stored by."""
    name = "policy versions"
    try:
        lost = not_on_record(settings.lake, plans_on_record(settings).plan)
    except RemitError as error:
        return Finding(name, holds=False, detail=str(error))
    if not lost:
        return Finding(name, holds=True, detail="those of all rows are on record")
    named = ", ".join(f"{version} ({contract})" for contract, version in sorted(lost))
    mend = f"rows were stored under {named}, not on record: put the files back; until then no field of them ages, and erasures of them wait"
    return Finding(name, holds=False, detail=mend)


def erasures(settings: Settings) -> Finding:
    """Erasures that are on record and could not be done."""
    name, now = "erasures", datetime.now(UTC)
    if not settings.keys.exists():
        return Finding(name, holds=True, detail="none")
    try:
        late = [one for one in waiting(settings.keys, settings.lake) if one.is_late(now)]
    except RemitError as error:
        return Finding(name, holds=False, detail=str(error))
    if not late:
        return Finding(name, holds=True, detail="none waits")
    reasons = "; ".join(dict.fromkeys(one.why for one in late if one.why))
    mend = reasons or "no consumer runs: `remit erasure resume`"
    detail = f"{len(late)} not done, the oldest since {late[0].since:%Y-%m-%d %H:%M} UTC: {mend}"
    return Finding(name, holds=False, detail=detail)


def dictionaries(settings: Settings) -> Finding:
    """Files of an older remit, whose dictionaries may name who was erased."""
    name = "old dictionaries"
    try:
        with reaching(settings.lake):
            old = count_old(settings.lake)
    except RemitError as error:
        return Finding(name, holds=False, detail=str(error))
    if not old:
        return Finding(name, holds=True, detail="none")
    told = ", ".join(f"{count:,} of {table}" for table, count in old.items())
    mend = f"files of an older remit, whose dictionaries may name who was erased: {told}; sweeps write them anew, `remit sweep --apply` at once"
    return Finding(name, holds=True, detail=mend, is_weak=True)
