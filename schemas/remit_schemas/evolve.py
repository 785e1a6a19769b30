"""May this version follow that one? Of contracts: is it readable both ways. Of policies: is nothing wider."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from itertools import zip_longest

from remit_schemas.alternatives import looser_alternatives
from remit_schemas.category import Basis, Decision, Necessity
from remit_schemas.change import Change, ChangeKind
from remit_schemas.contract import Contract, Contracts, Field
from remit_schemas.decided import FieldPlan, FloorPlan, Purpose
from remit_schemas.functions import looser_functions
from remit_schemas.minors import DEFAULT, MinorTerms
from remit_schemas.plan import Plan
from remit_schemas.plan import compile as compile_plan
from remit_schemas.policy import Policy
from remit_schemas.reducer import Parameter, Scalar
from remit_schemas.rule import PseudonymTerms, duration_text
from remit_schemas.signals import SignalTerms
from remit_schemas.specs import SPECS
from remit_schemas.volume import Volume
from remit_schemas.widened_recipients import looser_recipients
from remit_schemas.widened_views import looser_views

_Said = tuple[ChangeKind, str]
"""What a part of a policy takes away, and in which words."""

_LOOSENESS = {Decision.REFUSE: 0, Decision.REDUCE: 1, Decision.KEEP: 2}


def check_contract(old: Contract, new: Contract) -> list[str]:
    """Say why a version of a contract may not follow another.

    What was written with either must be readable with the other: the fields stay what and where they are, and new
    ones come at the end and may be null. A category stays, too: stored data carries it.

    Returns:
        Reasons why not, each naming contract and field; empty means that it may.
    """
    reasons = [] if old.name == new.name else [f"{old.name}: cannot become {new.name}"]
    kept = {field.name for field in new.fields}
    for before, after in zip_longest(old.fields, new.fields):
        if before is None:
            reasons += _of_new_field(new.name, after)
        elif before.name not in kept:
            reasons.append(f"{new.name}.{before.name}: was removed or renamed")
        elif after is None or before.name != after.name:
            reasons.append(f"{new.name}.{before.name}: is no longer in its place")
        else:
            reasons += _of_kept_field(new.name, before, after)
    return reasons


def _of_new_field(contract: str, field: Field) -> Iterator[str]:
    """Why a field cannot be added."""
    if not field.nullable:
        yield f"{contract}.{field.name}: is new, so it must be nullable"


def _of_kept_field(contract: str, before: Field, after: Field) -> Iterator[str]:
    """Why a field cannot stay as it is now said to be."""
    where = f"{contract}.{after.name}"
    if (before.avro_type, before.logical) != (after.avro_type, after.logical):
        yield f"{where}: was {before.logical or before.avro_type}, is {after.logical or after.avro_type}"
    if before.nullable != after.nullable:
        yield f"{where}: was {'' if before.nullable else 'not '}nullable"
    if before.category != after.category:
        yield f"{where}: was {before.category}, is {after.category}"


def check_policy(old: Policy, new: Policy, contracts: Contracts) -> list[str]:
    """Say where a policy version is looser than the one before: what it keeps, uses, shares or holds longer.

    Returns:
        Reasons, each naming contract and field; empty means that no subject has less than before.

    Raises:
        PolicyError: One of the two does not compile with these contracts.
    """
    return [change.text for change in widened(old, new, contracts)]


def widened(old: Policy, new: Policy, contracts: Contracts) -> list[Change]:
    """Say what a policy version widens: what it collects, uses, keeps or shares more, and which right shrank.

    Source: policy 2021-11-01, clause S113.

    Raises:
        PolicyError: One of the two does not compile with these contracts.
    """
    changes = []
    if new.raw_limit_h > old.raw_limit_h:
        words = f"{old.raw_limit_h} h before, {new.raw_limit_h} h now"
        changes.append(Change(ChangeKind.KEPT, "raw_limit_h", words))
    changes += _of_retention(old, new)
    changes += _of_pseudonyms(old.pseudonyms, new.pseudonyms)
    changes += _of_signals(old.signals, new.signals)
    changes += _of_minors(old.minors, new.minors)
    changes += looser_views(old, new)
    changes += looser_recipients(old, new)
    changes += looser_functions((old.editions, old.functions), (new.editions, new.functions))
    for contract in contracts:
        changes += _of_plans(compile_plan(contract, old), compile_plan(contract, new))
    return changes


def _of_pseudonyms(before: PseudonymTerms | None, after: PseudonymTerms | None) -> Iterator[Change]:
    """Where one pseudonym ties more rows together."""
    if before and (after is None or after.rotate_every > before.rotate_every):
        now = f"change every {duration_text(after.rotate_every)}" if after else "never do"
        words = f"changed every {duration_text(before.rotate_every)}, {now}"
        yield Change(ChangeKind.RIGHT, "pseudonyms", words)


def _of_signals(
    before: Mapping[str, SignalTerms], after: Mapping[str, SignalTerms]
) -> Iterator[Change]:
    """Where a browser's signal withholds less."""
    for name, terms in before.items():
        still = after[name].withholds if name in after else ()
        for purpose in sorted(set(terms.withholds) - set(still)):
            words = f"withheld {purpose}, and does not"
            yield Change(ChangeKind.RIGHT, f"signals.{name}", words)


def _of_minors(before: MinorTerms | None, after: MinorTerms | None) -> Iterator[Change]:
    """Where more is collected of minors, or somebody is none earlier; without terms nothing is."""
    for words in _minor_words(before, after) if after else ():
        yield Change(ChangeKind.RIGHT, "minors", words)


def _minor_words(before: MinorTerms | None, after: MinorTerms) -> Iterator[str]:
    """What minors lose."""
    for ground in after.grounds:
        if before is None or ground not in before.grounds:
            yield f"are collected on the ground of {ground}, and were not"
    if before is None:
        return
    for place in sorted({*after.adult_from, *before.adult_from}):
        was, now = (one.adult_from.get(place, one.adult_from[DEFAULT]) for one in (before, after))
        if now < was:
            yield f"were minors up to {was} ({place}), are up to {now}"
    for purpose in sorted(set(before.never) - set(after.never)):
        yield f"were never used for {purpose}, and are"


def _of_volume(before: Volume | None, after: Volume | None) -> Iterator[_Said]:
    """Where more events are taken."""
    if before is None:
        return
    if (after.share if after else 1.0) > before.share:
        now = after.sample if after and after.sample else "everything"
        yield ChangeKind.COLLECTED, f"{before.sample} was taken, {now} is"
    if (after.rate if after else float("inf")) > before.rate:
        yield ChangeKind.COLLECTED, "more events are taken in an hour than before"


def _of_plans(old: Plan, new: Plan) -> Iterator[Change]:
    """Where a contract's plan is looser."""
    for name, after in new.fields.items():
        before = old.fields[name]
        for kind, words in (*_of_decision(before, after), *_of_use(before, after)):
            yield Change(kind, f"{new.contract}.{name}", words)
    for kind, words in (*_of_floor(old.floor, new), *_of_volume(old.volume, new.volume)):
        yield Change(kind, new.contract, words)
    for words in looser_alternatives(old.alternatives, new.alternatives):
        yield Change(ChangeKind.COLLECTED, new.contract, words)


def _of_floor(before: FloorPlan | None, new: Plan) -> Iterator[_Said]:
    """Where traits that fewer people share are stored; what is not collected any more needs no floor."""
    after = new.floor
    if before is None:
        return
    stored = {
        column
        for column, field in before.columns.items()
        if new.fields[field].decision is not Decision.REFUSE
    }
    if after is None:
        if stored:
            yield ChangeKind.COLLECTED, "had a floor, and has none"
        return
    for column in sorted(stored - set(after.columns)):
        yield ChangeKind.COLLECTED, f"the floor spoke of {column}, and does not"
    if after.subjects_min < before.subjects_min:
        yield (
            ChangeKind.COLLECTED,
            f"the floor was {before.subjects_min} subjects, is {after.subjects_min}",
        )
    if after.window > before.window:
        yield (
            ChangeKind.COLLECTED,
            f"the floor counted {duration_text(before.window)}, counts {duration_text(after.window)}",
        )


def _of_decision(before: FieldPlan, after: FieldPlan) -> Iterator[_Said]:
    """Where more of a value is left."""
    if before.is_prohibited and not after.is_prohibited:
        yield ChangeKind.RIGHT, "was prohibited"
    if _LOOSENESS[after.decision] > _LOOSENESS[before.decision]:
        yield ChangeKind.COLLECTED, f"was {before.decision}, is {after.decision}"
    elif before.decision is after.decision is Decision.REDUCE:
        yield from _of_reducer(before, after)


def _of_reducer(before: FieldPlan, after: FieldPlan) -> Iterator[_Said]:
    """Where a reducer leaves more; two different ones cannot be compared, so the new one is taken for looser."""
    if after.reducer is None or before.reducer != after.reducer:
        yield ChangeKind.COLLECTED, f"was reduced by {before.reducer}, is by {after.reducer}"
        return
    for parameter in SPECS[after.reducer].parameters:
        if parameter.is_looser is not None:
            is_looser = parameter.is_looser(before.parameters, after.parameters)
        else:
            is_looser = _leaves_more(
                parameter, before.parameters[parameter.name], after.parameters[parameter.name]
            )
        if is_looser:
            yield (
                ChangeKind.COLLECTED,
                f"{parameter.name} of {after.reducer} leaves more than before",
            )


def _leaves_more(parameter: Parameter, before: Scalar, after: Scalar) -> bool:
    """Whether a parameter was loosened: numbers and lists say what is kept, choices stand from the finest on."""
    if isinstance(before, tuple) and isinstance(after, tuple):
        return not set(after) <= set(before)
    if isinstance(before, str) and isinstance(after, str) and parameter.choices:
        return parameter.choices.index(after) < parameter.choices.index(before)
    if isinstance(before, int) and isinstance(after, int):
        if parameter.endless in {before, after}:
            return after != before and after == parameter.endless
        return after > before
    return before != after


def _of_retention(old: Policy, new: Policy) -> Iterator[Change]:
    """Where a law or a consent keeps rows longer than before."""
    for terms in new.retention:
        before = next((one for one in old.retention if one.event == terms.event), None)
        was = before.floor.keep_for if before and before.floor else timedelta()
        if terms.floor and terms.floor.keep_for > was:
            words = f"a law keeps it for {duration_text(terms.floor.keep_for)}"
            yield Change(ChangeKind.KEPT, terms.event, words)
        for one in terms.extensions:
            known = before.extension_of([one.purpose]) if before else None
            if known is None or one.keep_for > known.keep_for:
                words = (
                    f"with consent to {one.purpose} it is kept for {duration_text(one.keep_for)}"
                )
                yield Change(ChangeKind.KEPT, terms.event, words)


def _of_use(before: FieldPlan, after: FieldPlan) -> Iterator[_Said]:
    """Where a value is used for more, on less of a ground, longer or by more."""
    if after.decision is Decision.REFUSE or before.decision is Decision.REFUSE:
        return
    known = {purpose.key: purpose for purpose in before.purposes}
    for purpose in after.purposes:
        yield from _of_purpose(known.get(purpose.key), purpose)
    if before.keep_for and after.keep_for and after.keep_for > before.keep_for:
        yield (
            ChangeKind.KEPT,
            f"was kept for {duration_text(before.keep_for)}, is for {duration_text(after.keep_for)}",
        )
    yield from _of_recipients(before.recipients, after.recipients)


def _of_purpose(before: Purpose | None, after: Purpose) -> Iterator[_Said]:
    """Where a purpose is new, or needs a consent no more."""
    if before is None:
        yield ChangeKind.USED, f"is used for {after.key}, and was not"
        return
    if before.necessity is Necessity.OPTIONAL and after.necessity is Necessity.REQUIRED:
        yield ChangeKind.RIGHT, f"{after.key} was optional, is required"
    if before.basis is not after.basis and after.basis is not Basis.CONSENT:
        yield ChangeKind.USED, f"{after.key} rested on {before.basis}, rests on {after.basis}"


def _of_recipients(before: Iterable[str], after: Iterable[str]) -> Iterator[_Said]:
    """Where somebody gets it who did not."""
    for recipient in sorted(set(after) - set(before)):
        yield ChangeKind.SHARED, f"goes to {recipient}, and did not"
