"""The table of roles: every route stands in it, what does not is refused, and the documentation says the same."""

from collections.abc import Iterable
from pathlib import Path

import pytest
from starlette.routing import BaseRoute, Route

from kit.desk import make_deployment
from kit.sites import make_site
from kit.tree import ROOT
from remit_consumers.access.roles import ROUTES, TABLE, Act, Role, act_of, may
from remit_consumers.dashboard.app import dashboard
from remit_consumers.dashboard.paths import DOORS, PATHS
from remit_consumers.metrics import Metrics
from remit_consumers.my.handing_out import handing_out
from remit_consumers.requests.api import Api
from remit_consumers.requests.callers import Callers

OWN_DOORS = {f"GET {path}" for path in DOORS}
"""Routes that decide for themselves who may: where one comes in."""


def named(routes: Iterable[BaseRoute]) -> set[str]:
    """Routes as the table has them."""
    return {
        f"{method} {route.path}"
        for route in routes
        if isinstance(route, Route)
        for method in (route.methods or set()) - {"HEAD"}
    }


def test_every_act_and_every_role_stands_in_the_table() -> None:
    assert set(TABLE) == set(Act)
    assert {role for roles in TABLE.values() for role in roles} == set(Role)
    assert set(ROUTES.values()) | {Act.SEE_VALUES, Act.SEE_SMALL_COUNTS} == set(Act)


def test_what_stands_in_no_table_is_nobodys() -> None:
    assert act_of("GET", "/raw") is None
    assert act_of("DELETE", "/requests/{request}") is None
    assert act_of("HEAD", "/proof") is Act.SEE_PROOF


def test_every_route_stands_in_the_table_and_every_entry_is_a_route(tmp_path: Path) -> None:
    site = make_site(tmp_path, Role.AUDITOR)
    pages = dashboard(site).routes
    deployment = make_deployment(tmp_path)
    callers = Callers.of(deployment, Metrics())
    calls = [*Api(deployment, lambda _: None, callers).routes(), handing_out(deployment, callers)]
    assert named([*pages, *calls]) - OWN_DOORS == set(ROUTES)


def test_whoever_shares_a_port_with_the_dashboard_hands_every_path_of_it_over(
    tmp_path: Path,
) -> None:
    routes = dashboard(make_site(tmp_path, Role.AUDITOR)).routes
    for path in {route.path for route in routes if isinstance(route, Route)} - {"/"}:
        assert path.startswith(PATHS), path


@pytest.mark.parametrize("act", [Act.SEE_VALUES, Act.SEE_SMALL_COUNTS, Act.WORK_REQUESTS])
def test_values_small_counts_and_requests_are_the_privacy_officers_alone(act: Act) -> None:
    assert [role for role in Role if may(role, act)] == [Role.OFFICER]


def test_the_documentation_has_the_same_table() -> None:
    text = (ROOT / "docs" / "access.md").read_text("utf-8")
    for act, roles in TABLE.items():
        cells = " | ".join("yes" if role in roles else "no" for role in Role)
        assert f"| `{act}` | {cells} |" in text
