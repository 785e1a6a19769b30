"""One-time tokens: each opens once, has an end, can be revoked, and lies nowhere as it is."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from remit_consumers.access.invitations import FILE, invite, read, revoke, stands, take
from remit_consumers.access.roles import Role
from remit_schemas.errors import SettingsError

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_a_token_opens_once_also_where_several_use_it_at_once(tmp_path: Path) -> None:
    token = invite(tmp_path, "ann", Role.AUDITOR, NOON + HOUR, NOON)
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: take(tmp_path, token, NOON), range(8)))
    (taken,) = [one for one in found if one is not None]
    assert taken.role is Role.AUDITOR
    assert stands(tmp_path, taken.id, NOON)


def test_a_token_has_an_end_and_so_has_the_session_that_it_opened(tmp_path: Path) -> None:
    late = invite(tmp_path, "bob", Role.ANALYST, NOON + HOUR, NOON)
    assert take(tmp_path, late, NOON + HOUR) is None
    token = invite(tmp_path, "ann", Role.ANALYST, NOON + HOUR, NOON)
    taken = take(tmp_path, token, NOON)
    assert taken is not None
    assert not stands(tmp_path, taken.id, NOON + HOUR)


def test_what_is_no_token_opens_nothing(tmp_path: Path) -> None:
    assert take(tmp_path, "nothing", NOON) is None
    invite(tmp_path, "ann", Role.OFFICER, NOON + HOUR, NOON)
    for token in ("", "nothing", "\ud800", "é" * 10_000, read(tmp_path)[0].sha256):
        assert take(tmp_path, token, NOON) is None


def test_only_a_hash_lies_on_the_disk_and_nobody_else_can_read_it(tmp_path: Path) -> None:
    token = invite(tmp_path, "ann", Role.OFFICER, NOON + HOUR, NOON)
    file = tmp_path / FILE
    assert token not in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600


def test_who_is_revoked_cannot_come_in_and_not_go_on(tmp_path: Path) -> None:
    token = invite(tmp_path, "ann", Role.OFFICER, NOON + HOUR, NOON)
    taken = take(tmp_path, token, NOON)
    assert taken is not None
    revoke(tmp_path, "ann")
    assert not stands(tmp_path, taken.id, NOON)
    with pytest.raises(SettingsError, match="nobody of that name"):
        revoke(tmp_path, "ann")


def test_a_name_is_invited_once_until_it_ended(tmp_path: Path) -> None:
    invite(tmp_path, "ann", Role.OFFICER, NOON + HOUR, NOON)
    with pytest.raises(SettingsError, match="of that name"):
        invite(tmp_path, "ann", Role.OFFICER, NOON + HOUR, NOON)
    invite(tmp_path, "ann", Role.OFFICER, NOON + 3 * HOUR, NOON + HOUR)
    assert len(read(tmp_path)) == 1


@pytest.mark.parametrize("text", ["", "[]", '{"tokens": [{"role": "king"}]}', '{"tokens": 1}'])
def test_a_file_that_remit_did_not_write_lets_nobody_in(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(SettingsError, match="cannot be read"):
        take(tmp_path, "any", NOON)
