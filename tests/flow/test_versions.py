"""A policy version that widens collection: nothing of it is stored of whoever has not agreed to it, and then it is."""

import json
from pathlib import Path

import pytest

from kit.installation import Installation, each_once
from kit.versions import NEWER, OLDER, two_versions

pytestmark = [pytest.mark.clause("S002", "S003", "S112", "S113", "S114a", "S114b")]


def emit(installed: Installation, contract: str, *events: dict[str, object]) -> None:
    """Emit events and have them stored."""
    lines = "".join(f"{json.dumps(event)}\n" for event in events)
    installed.remit("emit", contract, "--wait", stdin=lines)


def view(number: int, subject: str | None) -> dict[str, object]:
    """A page view, known by its status, with a language, which only the newer version collects."""
    return {"page": "/cart", "subject": subject, "language": "zh-CN", "status": number}


def said(status: str, version: str, subject: str, **fields: object) -> dict[str, object]:
    """What somebody says of a version."""
    return {"status": status, "agreed_version": version, "subject": subject, **fields}


def kept(installed: Installation) -> dict[int, tuple[str, str | None]]:
    """For each page view, the version that governed, and the language."""
    rows = installed.rows("page_view").to_pylist()
    return {row["status"]: (row["policy_version"], row.get("language")) for row in rows}


@pytest.fixture
def installed(installed: Installation, tmp_path: Path) -> Installation:
    """An installation under the older version; the newer one lies beside it."""
    two_versions(tmp_path / "policies")
    installed.env["REMIT_POLICY"] = str(tmp_path / "policies" / f"{OLDER}.yaml")
    return installed


def newer(installed: Installation) -> None:
    """Bring the newer version into force."""
    path = Path(installed.env["REMIT_POLICY"])
    installed.env["REMIT_POLICY"] = str(path.with_name(f"{NEWER}.yaml"))


def test_what_a_version_widens_is_stored_after_its_subject_agreed_to_it_and_never_before(
    installed: Installation,
) -> None:
    emit(
        installed,
        "consent_change",
        said("concluded", OLDER, "ann", method="install"),
        said("accepted", OLDER, "bob", channel="popup"),
    )
    emit(installed, "page_view", view(201, "ann"))
    newer(installed)
    emit(installed, "page_view", view(202, "ann"), view(203, "bob"), view(204, "eve"))
    emit(installed, "page_view", view(205, None))
    emit(
        installed,
        "consent_change",
        said("concluded", NEWER, "ann", method="use"),
        said("notified", NEWER, "ann", channel="email"),
        said("accepted", NEWER, "bob", channel="popup"),
    )
    emit(installed, "page_view", view(206, "ann"), view(207, "bob"))
    assert kept(installed) == {
        201: (OLDER, None),
        202: (OLDER, None),
        203: (OLDER, None),
        204: (NEWER, "zh"),
        205: (NEWER, "zh"),
        206: (OLDER, None),
        207: (NEWER, "zh"),
    }
    assert each_once(installed.rows("page_view"))
    told = installed.facts("report")
    assert told["policy_versions"] == {OLDER: 6, NEWER: 6}
    assert told["notices"] == {NEWER: {"email": 1}}
    assert installed.breaches() == {}
