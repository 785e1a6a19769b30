"""Whether what a policy says of retention can be kept: floors under ceilings, steps before ends, columns that are stored."""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import timedelta

from remit_schemas.category import Decision, Necessity
from remit_schemas.contract import Contract
from remit_schemas.decided import FieldPlan
from remit_schemas.errors import PolicyError
from remit_schemas.policy_file import nearest
from remit_schemas.precision import read_decay
from remit_schemas.reducer import listed
from remit_schemas.retention import COLLECTED_AT, Extension, LegalFloor, PurposeEnd, RetentionTerms
from remit_schemas.rule import duration_text
from remit_schemas.specs import SPECS

Fields = Mapping[str, FieldPlan]


def retention_of(
    contract: Contract, written: Sequence[RetentionTerms], fields: Fields
) -> RetentionTerms | None:
    """Find how long rows of a contract stay, and see that it can be kept.

    Raises:
        PolicyError: It contradicts a rule, or names what is not stored; the first such thing is named.
    """
    terms = next((one for one in written if one.event == contract.name), None)
    times = {field.name for field in contract.fields if field.logical}
    for words in _contradictions(terms, fields, times) if terms else ():
        raise PolicyError(f"the retention of {contract.name}: {words}")
    return terms


def ceiling_of(fields: Fields) -> timedelta:
    """The longest that a rule lets any field be kept."""
    return max((field.keep_for for field in fields.values() if field.keep_for), default=timedelta())


def _contradictions(
    terms: RetentionTerms, fields: Fields, times: AbstractSet[str]
) -> Iterator[str]:
    if terms.floor:
        last = max(_longest(field, terms, is_law=False) for field in fields.values())
        yield from _of_floor(terms.floor, fields, last)
    if terms.ends_with and terms.ends_with.event in {None, terms.event}:
        yield from unshown(terms.ends_with, fields)
    for extension in terms.extensions:
        yield from _of_extension(extension, fields)
    columns = {
        column: name
        for name, field in fields.items()
        for column in columns_of_plan(field)
        if name not in times
    }
    for column in terms.cells.columns if terms.cells else ():
        if column not in columns:
            yield f"its cells name {column!r}, which is no stored column that tells no time{nearest(column, columns)}"


def _of_floor(floor: LegalFloor, fields: Fields, last: timedelta) -> Iterator[str]:
    """Find what breaks a floor: a ceiling below it, or that nothing can tell it."""
    needed = {floor.field, floor.counted_from} - {None, COLLECTED_AT}
    for name in sorted(filter(None, needed)):
        yield from _unread(name, fields)
        if not _is_required(fields[name]):
            yield f"its floor needs {name}, which is not stored for a required purpose"
    if floor.counted_from != COLLECTED_AT and fields[floor.counted_from].reducer != "timestamp":
        yield f"its floor counts from {floor.counted_from}, which is no time that timestamp leaves"
    if not any(_is_required(field) for field in fields.values()):
        yield "it has a floor, and no required purpose keeps anything of it"
    for name in sorted(filter(None, needed)):
        if (fields[name].keep_for or timedelta()) < last:
            yield f"its floor is told by {name}, which goes before its rows do"
    ceiling = ceiling_of(fields)
    if floor.field is None and ceiling < floor.keep_for:
        yield (
            f"a law keeps all of it for {duration_text(floor.keep_for)} ({floor.clause}), its rules for"
            f" {duration_text(ceiling)}: let the rules say as much, or name the rows that the law means"
        )


def _unread(name: str, fields: Fields) -> Iterator[str]:
    """Find fields whose stored values tell nothing: refused, or of several columns."""
    if name not in fields:
        yield f"there is no field {name!r}{nearest(name, fields)}"
    elif columns_of_plan(fields[name]) != [name]:
        yield f"{name} is not stored as one column"


def unshown(end: PurposeEnd, fields: Fields) -> Iterator[str]:
    """Find ends of a purpose that nothing shows, or not for as long as it matters."""
    yield from _unread(end.field, fields)
    if (fields[end.field].keep_for or timedelta()) < end.then + timedelta(days=1):
        yield f"its end shows in {end.field}, which is gone {duration_text(end.then)} after it"


def _of_extension(extension: Extension, fields: Fields) -> Iterator[str]:
    held = [one for one in fields.values() if extension.purpose in {p.key for p in one.purposes}]
    if not held:
        yield f"no field of it is stored for {extension.purpose}, so consent to it keeps nothing longer"
    for field in held:
        days = SPECS[field.reducer].keep_days_max if field.reducer else None
        if days is not None and extension.keep_for > timedelta(days=days):
            yield f"what {field.reducer} leaves of {field.field} is kept for {days} days at most"


def columns_of_plan(field: FieldPlan) -> list[str]:
    """The columns that a field is stored as."""
    if field.decision is Decision.REFUSE or field.field == COLLECTED_AT:
        return []
    if field.reducer is None:
        return [field.field]
    return [output.column(field.field) for output in SPECS[field.reducer].outputs]


def _is_required(field: FieldPlan) -> bool:
    return any(purpose.necessity is Necessity.REQUIRED for purpose in field.purposes)


def without_effect(contract: str, terms: RetentionTerms | None, fields: Fields) -> Iterator[str]:
    """Find what a policy says of a contract's retention and can never come about."""
    for field in fields.values():
        longest = _longest(field, terms)
        for step in read_decay(listed(field.parameters, "decay")):
            if timedelta(days=step.age_days) >= longest:
                yield (
                    f"{contract}.{field.field} becomes coarser after {step.age_days} days, and is gone after"
                    f" {duration_text(longest)}"
                )
    ceiling = ceiling_of(fields)
    if terms and terms.ends_with and terms.ends_with.then >= ceiling:
        yield f"the retention of {contract}: its purpose ends after its rows are gone"
    for extension in terms.extensions if terms else ():
        if extension.keep_for <= ceiling:
            yield f"the retention of {contract}: consent to {extension.purpose} keeps nothing longer"


def _longest(field: FieldPlan, terms: RetentionTerms | None, *, is_law: bool = True) -> timedelta:
    """How long a field may stay at most."""
    ceiling = field.keep_for or timedelta()
    if terms is None:
        return ceiling
    floor = terms.floor.keep_for if terms.floor and is_law else timedelta()
    return max(terms.kept_for(ceiling, [one.key for one in field.purposes]), floor)
