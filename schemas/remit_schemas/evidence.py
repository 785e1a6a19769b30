"""Where it shows that a rule is kept: the metrics and the lines of report and proof that belong to each part of a policy.

Written so: a metric as Prometheus names it with the labels that matter, `remit_values_total{category="user.device"}`;
a part of the report, `report: purposes.analytics.reporting`; a check of the proof, `verify: chain`; a line of
`remit policy explain`, `explain: pseudonyms`.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from remit_schemas.category import Necessity
from remit_schemas.contract import Contracts
from remit_schemas.policy import Policy
from remit_schemas.policy_file import Place
from remit_schemas.promises import PROMISES
from remit_schemas.rule import Rule

Shown = Callable[[Policy, Place, Contracts], tuple[str, ...]]
"""Tells where a part of a policy shows."""


def evidence_of(policy: Policy, place: Place, contracts: Contracts) -> tuple[str, ...]:
    """Name the metrics and lines that show what a part of a policy says; none for a section that shows nowhere.

    Args:
        policy: The policy.
        place: Of the clause in it, as `cited` tells it.
        contracts: What can be emitted, for the categories of fields.
    """
    shown = SECTIONS.get(str(place[0]))
    return shown(policy, place, contracts) if shown else ()


def _of_rule(policy: Policy, place: Place, contracts: Contracts) -> tuple[str, ...]:
    rule = policy.rules[int(place[1])]
    category = _category_of(rule, contracts)
    return f'remit_values_total{{category="{category}"}}', f"report: clauses.{rule.clause}"


def _category_of(rule: Rule, contracts: Contracts) -> str:
    """The category that a rule speaks of: its own, or that of its field."""
    if rule.category or rule.event not in contracts.names:
        return rule.category or ""
    fields = contracts.by_name(rule.event).fields
    return next((field.category for field in fields if field.name == rule.field), "")


def _of_purpose(policy: Policy, place: Place, _: Contracts) -> tuple[str, ...]:
    key = str(place[1])
    lines = ("remit_values_total{purposes}", f"report: purposes.{key}")
    is_optional = policy.purposes[key].necessity is Necessity.OPTIONAL
    return (*lines, f"report: consents.{key}") if is_optional else lines


def _of_floor(policy: Policy, place: Place, _: Contracts) -> tuple[str, ...]:
    return (f"report: floors.{policy.floors[int(place[1])].event}",)


def _of_signal(policy: Policy, place: Place, _: Contracts) -> tuple[str, ...]:
    withheld = policy.signals[str(place[1])].withholds
    return tuple(f"report: consents.{key}" for key in withheld)


def _of_volume(policy: Policy, place: Place, _: Contracts) -> tuple[str, ...]:
    volume = policy.volumes[int(place[1])]
    reasons = ["sampled_out"] * bool(volume.sample) + ["over_quota"] * bool(volume.events_max)
    return tuple(f'remit_refused_total{{reason="{reason}"}}' for reason in reasons)


def _of_function(policy: Policy, place: Place, _: Contracts) -> tuple[str, ...]:
    is_campaign = policy.functions[str(place[1])].campaign
    reasons = ["not_subscribed"] + ["no_campaign"] * is_campaign
    return tuple(f'remit_refused_total{{reason="{reason}"}}' for reason in reasons)


def _of_promise(_: Policy, place: Place, __: Contracts) -> tuple[str, ...]:
    return PROMISES[str(place[1])].shown_by


def always(*shown: str) -> Shown:
    """Tell the same of every part of a section."""
    return lambda _, __, ___: shown


SECTIONS: Final[Mapping[str, Shown]] = MappingProxyType(
    {
        "purposes": _of_purpose,
        "prohibited": always('remit_refused_total{reason="prohibited"}', "report: reasons"),
        "pseudonyms": always("explain: pseudonyms"),
        "rules": _of_rule,
        "floors": _of_floor,
        "signals": _of_signal,
        "volumes": _of_volume,
        "alternatives": always('remit_refused_total{reason="incomplete"}', "report: reasons"),
        "minors": always('remit_refused_total{reason="minor_without_ground"}', "report: reasons"),
        "editions": always('remit_refused_total{reason="not_subscribed"}', "report: reasons"),
        "functions": _of_function,
        "retention": always(
            "remit_retention_overdue_rows{category}", "report: removals", "explain: retention"
        ),
        "views": always("report: reads"),
        "promises": _of_promise,
    }
)
"""How each section of a policy shows; a section that is not here shows nowhere, and coverage says so."""
