"""The key store: epochs come, open for as long as they may, and go."""

import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from remit_consumers import keys_format
from remit_consumers.keys import KeyStore, lies_under
from remit_schemas.bundle import Bundle, read_bundle, write_bundle
from remit_schemas.category import Necessity
from remit_schemas.errors import (
    KeyDestroyed,
    KeyLost,
    KeyNeverIssued,
    KeysOutOfReach,
    KeysUnconfirmed,
    SettingsError,
    Tampered,
)
from remit_schemas.format_file import format_of, record_format
from remit_schemas.header import NO_NONCE, Counts, Header
from remit_schemas.policy import builtin_policy
from remit_schemas.sealing import data_key_info, wrap_data_key

POLICY = builtin_policy("salesmartly", "2021-11-01")
NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
DATA_KEY = bytes(range(32))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data-keys"


def open_store(folder: Path) -> KeyStore:
    return KeyStore.open(folder, POLICY)


def make_header(bundle: Bundle, *, producer: bytes = b"p" * 16, lane: int = 3) -> Header:
    info = data_key_info(producer, lane)
    return Header(
        form=1,
        producer=producer,
        lane=lane,
        sequence=1,
        fingerprint=b"f" * 8,
        necessity=Necessity.REQUIRED,
        count=None,
        key_id=bundle.key_id,
        wrapped_key=wrap_data_key(bundle.public_key, DATA_KEY, info),
        nonce=NO_NONCE,
        policy_version=POLICY.version,
        tenant="",
        counts=Counts(),
    )


@pytest.mark.clause("S005")
def test_the_folder_is_for_its_owner_only(folder: Path) -> None:
    open_store(folder).ensure(NOW)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o600}


def test_the_first_epoch_is_made_and_its_bundle_published(folder: Path) -> None:
    store = open_store(folder)
    bundle = store.ensure(NOW)
    assert bundle.not_after == NOW + 12 * HOUR
    assert read_bundle(folder / "bundle.json", trust=store.verify_key, pin=None) == bundle


def test_an_epoch_lasts_until_half_of_it_is_over(folder: Path) -> None:
    store = open_store(folder)
    first = store.ensure(NOW)
    assert store.ensure(NOW + 6 * HOUR - timedelta(seconds=1)).key_id == first.key_id
    second = store.ensure(NOW + 6 * HOUR)
    assert second.key_id != first.key_id
    assert second.not_after == NOW + 18 * HOUR
    assert second.lane_key == first.lane_key


def test_what_an_older_epoch_sealed_still_opens(folder: Path) -> None:
    store = open_store(folder)
    header = make_header(store.ensure(NOW))
    store.rotate(NOW + HOUR)
    assert open_store(folder).data_key(header) == DATA_KEY


@pytest.mark.clause("S005", "S107b")
def test_a_key_is_destroyed_when_its_oldest_pack_reaches_the_raw_limit(folder: Path) -> None:
    store = open_store(folder)
    header = make_header(store.ensure(NOW))
    private = store.private_key(header.key_id)
    limit = NOW + POLICY.raw_limit_h * HOUR
    assert store.destroy_due(limit - timedelta(seconds=1)) == []
    assert store.data_key(header) == DATA_KEY
    assert store.destroy_due(limit) == [header.key_id]
    assert not any(private in file.read_bytes() for file in folder.iterdir())
    for known in (store, open_store(folder)):
        with pytest.raises(KeyDestroyed):
            known.data_key(header)


def test_a_destroyed_key_is_forgotten_by_another_process_that_had_it(folder: Path) -> None:
    one, other = open_store(folder), open_store(folder)
    header = make_header(one.ensure(NOW))
    assert other.data_key(header) == DATA_KEY
    later = NOW + POLICY.raw_limit_h * HOUR
    one.ensure(later)
    other.ensure(later)
    with pytest.raises(KeyDestroyed):
        other.data_key(header)


def test_a_destruction_that_a_crash_cut_short_is_finished(folder: Path) -> None:
    store = open_store(folder)
    bundle = store.ensure(NOW)
    (folder / f"epoch-{bundle.key_id.hex()}.key").unlink()
    store = open_store(folder)
    with pytest.raises(KeysOutOfReach):
        store.private_key(bundle.key_id)
    store.ensure(NOW + 72 * HOUR)
    with pytest.raises(KeyDestroyed):
        store.private_key(bundle.key_id)


def test_a_key_that_was_never_issued_is_told_from_a_destroyed_one(folder: Path) -> None:
    store = open_store(folder)
    store.ensure(NOW)
    with pytest.raises(KeyNeverIssued):
        store.private_key(b"12345678")


def test_a_data_key_opens_for_its_own_producer_and_lane_only(folder: Path) -> None:
    store = open_store(folder)
    header = make_header(store.ensure(NOW))
    assert store.data_key(header) == DATA_KEY
    for other in (
        make_header(store.bundle(), lane=4),
        make_header(store.bundle(), producer=b"q" * 16),
    ):
        forged = replace(header, lane=other.lane, producer=other.producer)
        with pytest.raises(Tampered):
            store.data_key(forged)


def test_a_folder_that_cannot_be_used_is_out_of_reach(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(KeysOutOfReach):
        open_store(tmp_path / "file")


def test_a_register_that_goes_is_out_of_reach_and_never_a_store_without_keys(folder: Path) -> None:
    store = open_store(folder)
    header = make_header(store.ensure(NOW))
    (folder / "epochs.json").unlink()
    with pytest.raises(KeysOutOfReach):
        store.private_key(header.key_id)
    with pytest.raises(KeysOutOfReach):
        store.ensure(NOW)


@pytest.mark.parametrize("name", ["epochs.json", "signing.key", "lane.key", "index.key"])
def test_a_damaged_file_is_out_of_reach_and_not_made_anew(folder: Path, name: str) -> None:
    bundle = open_store(folder).ensure(NOW)
    (folder / name).write_bytes(b"torn")
    with pytest.raises(KeysOutOfReach):
        open_store(folder).private_key(bundle.key_id)
    assert (folder / name).read_bytes() == b"torn"


def test_the_key_of_addresses_is_made_when_asked_for_kept_and_not_made_anew(folder: Path) -> None:
    store = open_store(folder)
    store.ensure(NOW)
    assert not (folder / "address.key").exists()
    assert store.address_key == open_store(folder).address_key
    assert (folder / "address.key").stat().st_mode & 0o777 == 0o600
    (folder / "address.key").write_bytes(b"torn")
    with pytest.raises(KeysOutOfReach):
        _ = open_store(folder).address_key


def test_the_kill_switch_reaches_the_bundle_and_survives(folder: Path) -> None:
    store = open_store(folder)
    store.ensure(NOW)
    store.stop("user.device.ip_address")
    assert open_store(folder).bundle().stopped == {"user.device.ip_address"}
    read = read_bundle(folder / "bundle.json", trust=store.verify_key, pin=None)
    assert read.stopped == {"user.device.ip_address"}
    assert store.start("user.device.ip_address").stopped == frozenset()


def test_a_category_that_does_not_exist_is_not_stopped(folder: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        open_store(folder).stop("user.canary")
    assert "canary" not in str(caught.value)


def test_the_bundle_is_exported_where_it_is_asked_for(folder: Path, tmp_path: Path) -> None:
    store = open_store(folder)
    bundle = store.ensure(NOW)
    path = store.export_bundle(tmp_path / "out.json")
    assert read_bundle(path, trust=store.verify_key, pin=None) == bundle


def test_status_says_what_each_key_does_and_nothing_secret(folder: Path) -> None:
    store = open_store(folder)
    header = make_header(store.ensure(NOW))
    secret = store.private_key(header.key_id)
    store.rotate(NOW + HOUR)
    facts = store.status(NOW + 2 * HOUR)
    assert [epoch.state for epoch in facts.epochs] == ["opens", "seals"]
    assert not facts.exposed
    assert secret.hex() not in str(facts.to_dict())
    assert store.status(NOW + 100 * HOUR).overdue == 2
    store.destroy_due(NOW + 72 * HOUR)
    assert [epoch.state for epoch in store.status(NOW + 72 * HOUR).epochs] == ["destroyed", "opens"]


def test_a_folder_that_others_may_enter_is_said_to_be_exposed(folder: Path) -> None:
    store = open_store(folder)
    folder.chmod(0o755)
    assert store.status(NOW).exposed


def test_a_folder_under_the_data_folder_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "data")
    assert lies_under(tmp_path / "link" / "keys", tmp_path / "data")
    assert not lies_under(tmp_path / "data-keys", tmp_path / "data")


def test_a_time_without_a_zone_makes_no_epoch(folder: Path) -> None:
    store = open_store(folder)
    with pytest.raises(ValueError, match="time"):
        store.ensure(datetime(2026, 11, 23))  # noqa: DTZ001
    assert store.ensure(NOW).not_after == NOW + 12 * HOUR


OPENS_AT_ONCE = """
import sys
from datetime import datetime
from pathlib import Path
from remit_consumers.keys import KeyStore
from remit_schemas.policy import builtin_policy
store = KeyStore.open(Path(sys.argv[1]), builtin_policy("salesmartly", "2021-11-01"))
print(store.ensure(datetime.fromisoformat(sys.argv[2])).key_id.hex(), store.verify_key.hex())
"""


def test_processes_that_start_at_once_agree_on_every_key(folder: Path) -> None:
    command = [sys.executable, "-c", OPENS_AT_ONCE, str(folder), NOW.isoformat()]
    started = [
        subprocess.Popen(command, stdout=subprocess.PIPE, env=dict(os.environ)) for _ in range(3)
    ]
    answers = {process.communicate()[0] for process in started}
    assert len(answers) == 1
    assert len(open_store(folder).status(NOW).epochs) == 1


def test_a_bundle_is_signed_again_before_it_is_stale(folder: Path) -> None:
    store = open_store(folder)
    first = store.ensure(NOW)
    assert first.fresh_until == NOW + 6 * HOUR
    assert store.ensure(NOW + 2 * HOUR).fresh_until == first.fresh_until
    again = store.ensure(NOW + 4 * HOUR)
    assert (again.key_id, again.fresh_until) == (first.key_id, NOW + 10 * HOUR)
    path = folder / "bundle.json"
    assert read_bundle(path, trust=store.verify_key, pin=None).fresh_until == again.fresh_until


def test_stopping_a_category_makes_a_bundle_no_fresher_and_no_staler(folder: Path) -> None:
    one, other = open_store(folder), open_store(folder)
    one.ensure(NOW)
    other.ensure(NOW + 4 * HOUR)
    assert one.stop("user.device").fresh_until == NOW + 10 * HOUR
    assert other.bundle().stopped == {"user.device"}
    assert other.bundle().fresh_until == NOW + 10 * HOUR


def test_a_bundle_without_freshness_gets_it_at_the_next_look(folder: Path) -> None:
    store = open_store(folder)
    plain = replace(store.ensure(NOW), fresh_until=None)
    write_bundle(folder / "bundle.json", plain, (folder / "signing.key").read_bytes())
    assert open_store(folder).ensure(NOW + HOUR).fresh_until == NOW + 7 * HOUR


def test_an_epoch_whose_key_is_lost_is_followed_by_a_new_one_at_once(folder: Path) -> None:
    store = open_store(folder)
    header = make_header(store.ensure(NOW))
    file = folder / f"epoch-{header.key_id.hex()}.key"
    kept = file.read_bytes()
    file.unlink()
    fresh = open_store(folder)
    with pytest.raises(KeyLost):
        fresh.data_key(header)
    bundle = fresh.ensure(NOW + timedelta(seconds=1))
    assert bundle.key_id != header.key_id
    assert [one.state for one in fresh.status(NOW).epochs] == ["lost", "seals"]
    assert fresh.ensure(NOW + timedelta(seconds=2)) == bundle
    file.write_bytes(kept)
    assert fresh.data_key(header) == DATA_KEY


def test_a_key_is_not_lost_while_the_whole_folder_is_away(folder: Path) -> None:
    store = open_store(folder)
    header = make_header(store.ensure(NOW))
    folder.rename(folder.with_name("unmounted"))
    with pytest.raises(KeysOutOfReach) as caught:
        store.private_key(header.key_id)
    assert not isinstance(caught.value, KeyLost)


def test_keys_begun_anew_beside_older_data_open_and_issue_nothing_until_confirmed(
    folder: Path,
) -> None:
    store = open_store(folder)
    store.rotate(NOW, is_beside_older=True)
    assert not (folder / "bundle.json").exists()
    asked = (
        store.bundle,
        store.export_bundle,
        lambda: store.ensure(NOW),
        lambda: store.private_key(bytes(8)),
        open_store(folder).bundle,
    )
    for each in asked:
        with pytest.raises(KeysUnconfirmed):
            each()
    store.stop("user.device.ip_address")
    assert not (folder / "bundle.json").exists()
    store.confirm()
    assert b"awaits" not in (folder / "epochs.json").read_bytes(), "an older remit reads it"
    assert read_bundle(folder / "bundle.json", trust=store.verify_key, pin=None).stopped


def test_keys_that_are_older_than_what_comes_back_need_no_word(folder: Path) -> None:
    store = open_store(folder)
    store.ensure(NOW)
    assert not store.distrust(NOW)
    assert store.ensure(NOW).fresh_until
    assert store.distrust(NOW - HOUR)
    with pytest.raises(KeysUnconfirmed):
        store.ensure(NOW)
    assert not (folder / "bundle.json").exists()


def test_keys_of_a_newer_remit_are_left_alone_by_who_opens_them_and_who_has_them_open(
    folder: Path,
) -> None:
    store = open_store(folder)
    header = make_header(store.ensure(NOW))
    file = folder / keys_format.FILE
    assert format_of(file) == keys_format.FORMAT
    record_format(file, keys_format.FORMAT + 1)
    (folder / "epochs.json").touch()
    before = {each: each.read_bytes() for each in folder.iterdir()}
    asked = (
        lambda: open_store(folder),
        lambda: store.rotate(NOW),
        lambda: store.ensure(NOW + 7 * HOUR),
        lambda: store.data_key(header),
    )
    for each in asked:
        with pytest.raises(KeysOutOfReach, match="written by a newer remit"):
            each()
    assert {each: each.read_bytes() for each in folder.iterdir()} == before
    file.write_bytes(b"later")
    with pytest.raises(KeysOutOfReach, match="nobody knows"):
        open_store(folder)


def test_keys_from_before_formats_have_one_from_their_next_change_on(folder: Path) -> None:
    open_store(folder).ensure(NOW)
    (folder / keys_format.FILE).unlink()
    store = open_store(folder)
    assert not (folder / keys_format.FILE).exists(), "who only reads changes nothing"
    store.rotate(NOW)
    assert format_of(folder / keys_format.FILE) == keys_format.FORMAT
