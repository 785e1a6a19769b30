"""Roles: who may read for which purposes, of whose data."""

from pathlib import Path

import pytest

from kit.policies import OPERATE, REPORT
from remit_consumers.views.roles import FILE, Role, load_roles, refusal
from remit_schemas.errors import PolicyError

ROLES = {
    "analyst": Role(purposes=(REPORT,), users=("ann",)),
    "auditor": Role(purposes=(REPORT, OPERATE), users=("*",), tenants=("*",)),
    "merchant": Role(purposes=(REPORT,), users=("ben",), tenants=("anna",)),
}


@pytest.mark.clause("S110a", "S110c", "S033b", "S053c")
@pytest.mark.parametrize(
    ("role", "user", "purpose", "tenant", "reason"),
    [
        ("analyst", "ann", REPORT, "", ""),
        ("analyst", "ann", OPERATE, "", "purpose"),
        ("analyst", "ben", REPORT, "", "user"),
        ("analyst", "ann", REPORT, "anna", "tenant"),
        ("merchant", "ben", REPORT, "anna", ""),
        ("merchant", "ben", REPORT, "", "tenant"),
        ("auditor", "who", OPERATE, "anna", ""),
        ("", "ann", REPORT, "", "role"),
        ("boss", "ann", REPORT, "", "role"),
    ],
)
def test_a_role_reads_for_its_purposes_and_tenants_and_no_other(
    role: str, user: str, purpose: str, tenant: str, reason: str
) -> None:
    assert refusal(ROLES, role, user, (purpose, tenant)) == reason


def test_without_roles_whoever_runs_the_command_reads_and_nobody_claims_one() -> None:
    assert refusal(None, "", "ann", (REPORT, "anna")) == ""
    assert refusal(None, "analyst", "ann", (REPORT, "")) == "role"


def test_the_file_is_read_and_a_misspelt_purpose_is_named_with_its_line(tmp_path: Path) -> None:
    assert load_roles(tmp_path) is None
    text = "roles:\n  analyst:\n    purposes: [analytics.reporting]\n    users: [ann]\n"
    (tmp_path / FILE).write_text(text)
    assert load_roles(tmp_path) == {"analyst": ROLES["analyst"]}
    (tmp_path / FILE).write_text(text.replace("reporting", "reportin"))
    with pytest.raises(PolicyError, match=r":3: unknown purpose .*analytics.reporting"):
        load_roles(tmp_path)
    (tmp_path / FILE).write_text("roles: {analyst: {purposes: [analytics.reporting]}}\n")
    with pytest.raises(PolicyError, match="users"):
        load_roles(tmp_path)
