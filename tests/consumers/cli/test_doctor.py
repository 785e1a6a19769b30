"""`remit doctor`: what is wrong is found, and says how it is mended."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from kit.command import Said
from kit.contracts import make_field_json, make_record, write_contract
from kit.installation import Installation
from kit.kafka import Kafka
from kit.means import write_places
from kit.own_policy import own
from remit_cli.weak import memory, way
from remit_consumers.erasure.notice import ERASED, Happened, make
from remit_consumers.erasure.notices import record
from remit_consumers.keys import KeyStore
from remit_consumers.source.topic import Topic
from remit_schemas.log_address import KafkaLog
from remit_schemas.policy import find_policy


def checks(said: Said) -> dict[str, dict[str, Any]]:
    """What was looked at; the exit code says whether all of it holds."""
    told: dict[str, Any] = json.loads(said.out)
    found: dict[str, dict[str, Any]] = told["checks"]
    assert told["holds"] == all(check["holds"] for check in found.values())
    assert said.code == (0 if told["holds"] else 1)
    return found


def test_a_fresh_installation_holds(remit: Callable[..., Said]) -> None:
    assert remit("doctor").code == 0
    remit("keys", "rotate")
    assert all(check["holds"] for check in checks(remit("doctor", "--json")).values())


@pytest.mark.parametrize("name", ["keys", "vault"])
def test_keys_and_vault_under_the_data_folder_are_found(
    name: str, remit: Callable[..., Said], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"REMIT_{name.upper()}", str(folder / "data" / name))
    found = checks(remit("doctor", "--json"))[f"{name} apart"]
    assert not found["holds"]
    assert f"set REMIT_{name.upper()}" in found["detail"]


def test_a_folder_of_keys_that_others_can_read_is_found(
    remit: Callable[..., Said], folder: Path
) -> None:
    remit("keys", "rotate")
    (folder / "data-keys").chmod(0o755)
    found = checks(remit("doctor", "--json"))["keys private"]
    assert not found["holds"]
    assert "chmod 700" in found["detail"]


def test_an_epoch_that_is_over_is_found(remit: Callable[..., Said], folder: Path) -> None:
    KeyStore.open(folder / "data-keys", find_policy()).ensure(
        datetime.now(UTC) - timedelta(hours=20)
    )
    found = checks(remit("doctor", "--json"))["epoch"]
    assert not found["holds"]
    assert "remit keys rotate" in found["detail"]
    remit("keys", "rotate")
    assert checks(remit("doctor", "--json"))["epoch"]["holds"]


def test_the_data_that_say_where_an_address_is_are_named(
    remit: Callable[..., Said], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert checks(remit("doctor", "--json"))["places"]["detail"] == "the policy asks for none"
    monkeypatch.setenv("REMIT_POLICY", str(own(folder, "ip_place: {}")))
    assert checks(remit("doctor", "--json"))["places"]["detail"].startswith("iptocc ")
    path = folder / "city.mmdb"
    monkeypatch.setenv("REMIT_PLACES", str(path))
    assert not checks(remit("doctor", "--json"))["places"]["holds"]
    write_places(path)
    assert checks(remit("doctor", "--json"))["places"]["detail"].startswith("Invented-City 20")


def test_a_policy_that_cannot_be_used_is_found(
    remit: Callable[..., Said], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "mine.yaml").write_text("format: remit policy 1\nnmae: mine\n")
    monkeypatch.setenv("REMIT_POLICY", str(folder / "mine.yaml"))
    found = checks(remit("doctor", "--json"))["policy"]
    assert not found["holds"]
    assert "mine.yaml:2" in found["detail"]


def ending(folder: Path, days: int) -> Path:
    """A policy of one's own whose contract `probe` ends in so many days."""
    day = datetime.now(UTC).date() + timedelta(days=days)
    about = {"owner": "search team", "expires_on": day.isoformat()}
    write_contract(folder / "contracts", make_record(make_field_json(), remit=about))
    return own(folder, "ip: {}")


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (40, "none ends soon"),
        (20, "contract probe expires in 20 days"),
        (-1, "contract probe has expired"),
    ],
)
def test_a_contract_that_ends_is_told_of(
    remit: Callable[..., Said],
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    days: int,
    words: str,
) -> None:
    holds = days > 0
    monkeypatch.setenv("REMIT_POLICY", str(ending(folder, days)))
    found = checks(remit("doctor", "--json"))["contracts"]
    assert found["holds"] == holds
    assert words in found["detail"]
    told = json.loads(remit("policy", "check", "--json").out)
    assert any(words in said for said in told["notes"]) == (holds and days < 30)
    assert any(words in said for said in told["problems"]) != holds
    assert (words in remit("policy", "check").out) == (days < 30)


def test_a_key_of_visitors_that_should_be_gone_is_named_with_what_destroys_it(
    tmp_path: Path,
) -> None:
    shop = Installation(tmp_path)
    shop.prepare()
    old = Path(shop.env["REMIT_KEYS"], "visitor-2026-01-01.key")
    old.write_bytes(bytes(range(32)))
    assert "keys should be destroyed" in shop.remit("doctor", expect=1).stdout
    shop.settle()
    assert not old.exists()
    shop.remit("doctor")


def test_roles_that_name_what_the_policy_has_not_are_found(
    remit: Callable[..., Said], folder: Path
) -> None:
    remit("keys", "rotate")
    assert "none" in checks(remit("doctor", "--json"))["roles"]["detail"]
    roles = folder / "data-keys" / "roles.yaml"
    roles.write_text(
        "roles:\n  seller: {purposes: [analytics.reporting.ad_performance], users: [ann]}\n"
    )
    roles.chmod(0o600)
    found = checks(remit("doctor", "--json"))["roles"]
    assert not found["holds"]
    assert "ad_performance" in found["detail"]
    roles.write_text("roles:\n  analyst: {purposes: [analytics.reporting], users: [ann]}\n")
    roles.chmod(0o666)
    assert "chmod 600" in checks(remit("doctor", "--json"))["roles"]["detail"]


@pytest.mark.kafka
def test_a_topic_that_is_kept_beyond_the_raw_limit_is_found(
    kafka: Kafka, remit: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"kept{uuid4().hex[:8]}"
    monkeypatch.setenv("REMIT_LOG", f"kafka://{kafka.bootstrap}/{name}")
    found = checks(remit("doctor", "--json"))["broker retention"]
    assert found["holds"]
    assert "no topic" in found["detail"]
    kafka.create_topic(f"{name}.sealed", config={"retention.ms": "604800000"})
    said = remit("doctor", "--json")
    found = checks(said)["broker retention"]
    assert not found["holds"]
    assert "168 h, the policy allows 72 h" in found["detail"]
    assert "259200000" in found["detail"]


@pytest.mark.kafka
def test_a_topic_that_remit_makes_is_kept_for_the_raw_limit(
    kafka: Kafka, remit: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"made{uuid4().hex[:8]}"
    monkeypatch.setenv("REMIT_LOG", f"kafka://{kafka.bootstrap}/{name}")
    Topic(f"{name}.sealed", {"bootstrap.servers": kafka.bootstrap}).make()
    found = checks(remit("doctor", "--json"))["broker retention"]
    assert found["holds"]
    assert found["detail"] == "72 h, and the policy allows 72 h"


@pytest.mark.kafka
@pytest.mark.clause("S086a", "S109")
def test_a_recipients_topic_that_is_kept_for_more_than_three_days_is_found(
    kafka: Kafka, remit: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"shared{uuid4().hex[:8]}"
    monkeypatch.setenv("REMIT_LOG", f"kafka://{kafka.bootstrap}/{name}")
    found = checks(remit("doctor", "--json"))["recipients' topics"]
    assert (found["holds"], found["detail"]) == (True, "none yet")
    most = {"retention.ms": "259200000"}
    kafka.create_topic(f"{name}.share.good", config=most)
    found = checks(remit("doctor", "--json"))["recipients' topics"]
    assert (found["holds"], found["detail"]) == (True, "1, each kept for 72 h at most")
    kafka.create_topic(f"{name}.share.long", config={"retention.ms": "259200001"})
    kafka.create_topic(f"{name}.share.ever", config={"retention.ms": "-1"})
    kafka.create_topic(f"{name}.share.keyed", config=most | {"cleanup.policy": "compact"})
    found = checks(remit("doctor", "--json"))["recipients' topics"]
    assert not found["holds"]
    assert found["detail"] == (
        "set cleanup.policy to delete and retention.ms to 259200000 at most: "
        f"{name}.share.ever, {name}.share.keyed, {name}.share.long"
    )


def test_a_notice_that_nobody_answered_in_time_is_found(
    remit: Callable[..., Said], folder: Path
) -> None:
    remit("keys", "rotate")
    lake = folder / "data" / "lake"
    long_ago = datetime.now(UTC) - timedelta(days=16)
    happened = Happened(ERASED, "an-erasure", {})
    record(lake, [make("source/shop", happened, ["name"], long_ago)])
    found = checks(remit("doctor", "--json"))["notices"]
    assert not found["holds"]
    assert "1 overdue" in found["detail"]


def test_a_server_that_sends_and_is_told_nothing_is_named(remit: Callable[..., Said]) -> None:
    remit("sources", "add", "till", "--kind", "server")
    assert (
        "1 servers send and are told nothing"
        in checks(remit("doctor", "--json"))["notices"]["detail"]
    )
    assert json.loads(remit("notices", "sources", "--json").out)["not_told"] == ["till"]
    remit("notices", "inform", "till")
    assert checks(remit("doctor", "--json"))["notices"]["detail"] == "none"


def test_plaintext_to_another_machine_is_found_and_never_on_this_one() -> None:
    far, here = KafkaLog("broker.example:9092"), KafkaLog("127.0.0.1:9092,[::1]:9092,localhost:1")
    assert not way(far, {}).holds
    assert not way(far, {"security.protocol": "SASL_PLAINTEXT"}).holds
    assert not way(KafkaLog("127.0.0.1:1,broker.example:1"), {}).holds
    assert way(here, {}).holds
    assert way(far, {"security.protocol": "SASL_SSL"}).holds


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("enable.ssl.certificate.verification", "false"),
        ("ssl.endpoint.identification.algorithm", "none"),
    ],
)
def test_tls_that_does_not_verify_is_found(name: str, value: str) -> None:
    found = way(KafkaLog("127.0.0.1:9093"), {"security.protocol": "ssl", name: value})
    assert not found.holds
    assert name in found.detail


def test_secret_files_that_others_can_read_are_found(
    remit: Callable[..., Said], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remit("keys", "rotate")
    assert checks(remit("doctor", "--json"))["secret files"]["holds"]
    path = next(path for path in (folder / "data-keys").iterdir() if path.is_file())
    path.chmod(0o640)
    found = checks(remit("doctor", "--json"))["secret files"]
    assert (found["holds"], found["detail"].partition(" ")[0]) == (False, "1")
    path.chmod(0o600)
    password = folder / "password"
    password.write_text("canary")
    password.chmod(0o644)
    for name, value in {
        "SECURITY_PROTOCOL": "SASL_SSL",
        "SASL_PASSWORD_FILE": str(password),
    }.items():
        monkeypatch.setenv(f"REMIT_KAFKA_{name}", value)
    said = remit("doctor", "--json")
    assert "REMIT_KAFKA_SASL_PASSWORD_FILE" in checks(said)["secret files"]["detail"]
    assert "canary" not in said.out + said.err
    password.chmod(0o600)
    assert checks(remit("doctor", "--json"))["secret files"]["holds"]


def test_receipts_that_nobody_outside_is_shown_are_weak(
    remit: Callable[..., Said], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = checks(remit("doctor", "--json"))["witness"]
    assert (found["holds"], found["weak"]) == (True, True)
    monkeypatch.setenv("REMIT_WITNESS", str(folder / "witness"))
    assert not checks(remit("doctor", "--json"))["witness"]["weak"]


def test_core_dumps_and_swap_are_weak(tmp_path: Path) -> None:
    swaps = tmp_path / "swaps"
    swaps.write_text("Filename Type Size\n")
    assert not memory(swaps, 0).is_weak
    assert "ulimit -c 0" in memory(swaps, -1).detail
    swaps.write_text("Filename Type Size\n/dev/sda2 partition 1\n")
    found = memory(swaps, 0)
    assert found.is_weak
    assert "swapoff" in found.detail


@pytest.mark.kafka
def test_a_broker_with_one_copy_and_no_authorizer_is_weak_and_trust_is_unpinned(
    kafka: Kafka, remit: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"weak{uuid4().hex[:8]}"
    monkeypatch.setenv("REMIT_LOG", f"kafka://{kafka.bootstrap}/{name}")
    config = {"unclean.leader.election.enable": "true", "retention.ms": "259200000"}
    kafka.create_topic(f"{name}.sealed", config=config)
    found = checks(remit("doctor", "--json"))
    assert found["Kafka's guard"]["weak"]
    for words in ("1 copies", "min.insync.replicas is 1", "unclean", "no ACLs"):
        assert words in found["Kafka's guard"]["detail"]
    assert found["trust"]["weak"]
    monkeypatch.setenv("REMIT_TRUST", "pinned")
    assert not checks(remit("doctor", "--json"))["trust"]["weak"]


def test_the_acls_that_are_needed_are_printed_for_a_shell(
    remit: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert remit("doctor", "--acls").code == 2
    monkeypatch.setenv("REMIT_LOG", "kafka://broker.example:9093/shop")
    lines = remit("doctor", "--acls").out.splitlines()
    assert lines[0] == (
        "kafka-acls.sh --bootstrap-server broker.example:9093 --add --allow-principal "
        "User:remit-producer --operation Write --operation Describe --topic shop.sealed"
    )
    assert any(
        line.endswith("--topic shop.share. --resource-pattern-type prefixed") for line in lines
    )
    told = json.loads(remit("doctor", "--acls", "--json").out)["grants"]
    assert [one["command"] for one in told] == lines
    assert {one["name"] for one in told if one["role"] == "producer"} == {"shop.sealed"}
