"""Roles, and what each may do: the one table that the dashboard and the requests API ask. What does not stand in it is refused."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Role(StrEnum):
    """What somebody is to an installation."""

    ANALYST = "analyst"
    OFFICER = "privacy_officer"
    OPERATOR = "operator"
    AUDITOR = "auditor"


class Act(StrEnum):
    """What can be done, in the words of docs/access.md."""

    ENTER = "enter"
    SEE_COLLECTED = "see_collected"
    SEE_POLICY = "see_policy"
    SEE_LIVE = "see_live"
    SEE_VALUES = "see_values"
    SEE_CONSENT = "see_consent"
    SEE_RETENTION = "see_retention"
    SEE_REQUESTS = "see_requests"
    WORK_REQUESTS = "work_requests"
    HAND_OUT_LINKS = "hand_out_links"
    SEE_RECIPIENTS = "see_recipients"
    SEE_PROOF = "see_proof"
    CHECK_PROOF = "check_proof"
    TAKE_EVIDENCE = "take_evidence"
    SEE_AUDIT = "see_audit"
    SEE_SMALL_COUNTS = "see_small_counts"
    LEAVE = "leave"


_EVERYBODY: Final = frozenset(Role)
_OFFICER: Final = frozenset({Role.OFFICER})
_OVERSEEING: Final = frozenset({Role.OFFICER, Role.AUDITOR})
_RUNNING: Final = _OVERSEEING | {Role.OPERATOR}
_READING: Final = _OVERSEEING | {Role.ANALYST}

TABLE: Final[Mapping[Act, frozenset[Role]]] = MappingProxyType(
    {
        Act.ENTER: _EVERYBODY,
        Act.SEE_COLLECTED: _EVERYBODY,
        Act.SEE_POLICY: _EVERYBODY,
        Act.SEE_LIVE: _READING,
        Act.SEE_VALUES: _OFFICER,
        Act.SEE_CONSENT: _READING,
        Act.SEE_RETENTION: _RUNNING,
        Act.SEE_REQUESTS: _OVERSEEING,
        Act.WORK_REQUESTS: _OFFICER,
        Act.HAND_OUT_LINKS: _OFFICER,
        Act.SEE_RECIPIENTS: _OVERSEEING,
        Act.SEE_PROOF: _RUNNING,
        Act.CHECK_PROOF: _RUNNING,
        Act.TAKE_EVIDENCE: _OVERSEEING,
        Act.SEE_AUDIT: _OVERSEEING,
        Act.SEE_SMALL_COUNTS: _OFFICER,
        Act.LEAVE: _EVERYBODY,
    }
)
"""Which roles may do what."""

ROUTES: Final[Mapping[str, Act]] = MappingProxyType(
    {
        "GET /": Act.ENTER,
        "GET /collected": Act.SEE_COLLECTED,
        "GET /live": Act.SEE_LIVE,
        "GET /policy": Act.SEE_POLICY,
        "GET /policy/{clause}": Act.SEE_POLICY,
        "GET /consent": Act.SEE_CONSENT,
        "GET /retention": Act.SEE_RETENTION,
        "GET /requests": Act.SEE_REQUESTS,
        "POST /requests/new": Act.WORK_REQUESTS,
        "POST /requests/{request}": Act.WORK_REQUESTS,
        "GET /recipients": Act.SEE_RECIPIENTS,
        "GET /proof": Act.SEE_PROOF,
        "POST /proof/check": Act.CHECK_PROOF,
        "GET /proof/evidence": Act.TAKE_EVIDENCE,
        "GET /audit": Act.SEE_AUDIT,
        "POST /leave": Act.LEAVE,
        "GET /v1/requests": Act.SEE_REQUESTS,
        "POST /v1/requests": Act.WORK_REQUESTS,
        "GET /v1/requests/{request}": Act.SEE_REQUESTS,
        "POST /v1/requests/{request}/verify": Act.WORK_REQUESTS,
        "POST /v1/requests/{request}/fulfil": Act.WORK_REQUESTS,
        "POST /v1/requests/{request}/delay": Act.WORK_REQUESTS,
        "POST /v1/requests/{request}/deny": Act.WORK_REQUESTS,
        "POST /v1/links": Act.HAND_OUT_LINKS,
    }
)
"""What each route does, by method and path."""

OF_ONE_TENANT: Final = frozenset(
    {
        Act.ENTER,
        Act.SEE_POLICY,
        Act.SEE_LIVE,
        Act.SEE_VALUES,
        Act.SEE_REQUESTS,
        Act.WORK_REQUESTS,
        Act.HAND_OUT_LINKS,
        Act.LEAVE,
    }
)
"""What can be done of one tenant alone. Figures, receipts and proofs are of the whole installation, so they are of nobody bound."""

AUDITED: Final = frozenset({Act.WORK_REQUESTS, Act.TAKE_EVIDENCE, Act.SEE_AUDIT})
"""What goes on record before it is done; looks at rows do so by themselves (views/audit.py)."""


def act_of(method: str, path: str) -> Act | None:
    """What a route does; None where it stands in no table, and so is nobody's.

    Args:
        method: Of the call; what answers GET answers HEAD.
        path: As the route has it, with its parameters in braces.
    """
    return ROUTES.get(f"{'GET' if method == 'HEAD' else method} {path}")


def may(role: Role, act: Act, *, is_bound: bool = False) -> bool:
    """Whether a role may do something.

    Args:
        role: Of whoever asks.
        act: What they are about to do.
        is_bound: Whether they are bound to a tenant, and so may do only what can be done of that tenant alone.
    """
    return role in TABLE.get(act, frozenset()) and (not is_bound or act in OF_ONE_TENANT)
