"""The rules of free text in the order in which they are applied: what holds other kinds in it comes first."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from remit_consumers.reducers.scrub import accounts, ids, issuers, network, phones, secrets, web
from remit_consumers.reducers.scrub.rule import Rule

RULES: tuple[Rule, ...] = (
    secrets.KEY,
    web.URL,
    web.AGENT,
    web.QUERY,
    issuers.ISSUED,
    secrets.JWT,
    accounts.PRINCIPAL,
    web.EMAIL,
    secrets.LOGIN,
    secrets.BEARER,
    secrets.KEYED,
    secrets.SPOKEN,
    accounts.WRITTEN,
    accounts.CALLED,
    accounts.HOME,
    network.MAC,
    network.NUMBERED_HOST,
    network.V4,
    network.V6,
    network.CALLING_HOST,
    network.ADDRESSED_HOST,
    ids.IBAN,
    ids.NATIONAL_ID,
    ids.NAMED_ID,
    phones.PHONE,
    ids.CARD,
    phones.TOLD_PHONE,
    phones.LONE_PHONE,
    web.DOMAIN,
    secrets.ALONE,
)


def _any_of(rules: Iterable[Rule]) -> str:
    """Join the looks of rules."""
    return "|".join(sorted({f"(?:{rule.look})" for rule in rules}))


WORDS = _any_of(rule for rule in RULES if rule.is_worded)
"""One look that is true for every text which a rule made of words could change."""

SHAPES = _any_of(rule for rule in RULES if not rule.is_worded)
"""One look that is true for every text which any other rule could change.

Words and shapes in one have so many states that the engine keeps forgetting them
(measured: 1.85 against 1.2 µs a line of real service logs, but 0.21 against 0.35 where no line holds anything).
"""

_MODULES = (accounts, ids, issuers, network, phones, secrets, web)


def _family_of(rule: Rule) -> str:
    """Join the looks of the rules of the same module and sort."""
    mine = next(module for module in _MODULES if rule in vars(module).values())
    return _any_of(
        other
        for other in RULES
        if other in vars(mine).values() and other.is_worded == rule.is_worded
    )


FAMILIES: Mapping[str, str] = MappingProxyType(
    {_family_of(rule): WORDS if rule.is_worded else SHAPES for rule in RULES}
)
"""For each family of rules, its joined looks and the look that comes before them.

polars remembers 32 compiled regexes, and compiling one costs as much as reading a thousand lines with it (measured:
0.3 ms). So a rule is only asked where one of its family may find something: most families do not in most batches.
"""

FAMILY = tuple(_family_of(rule) for rule in RULES)
"""The family of each rule."""
