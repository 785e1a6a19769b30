"""Settings and places: read once, an argument wins, and what is wrong is said at the start."""

from dataclasses import fields
from pathlib import Path

import pytest

from remit.settings import Places, Settings
from remit_schemas.errors import SettingsError
from remit_schemas.log_address import Embedded, KafkaLog


def test_every_setting_is_read_from_its_variable() -> None:
    environ = {f"REMIT_{f.name.upper()}": "5" for f in fields(Settings) if f.name != "kafka"}
    environ |= {"REMIT_PACK_BYTES_MAX": "70000", "REMIT_SPOOL_BYTES_MAX": "800000"}
    found = Settings.from_env({**environ, "REMIT_KAFKA_SECURITY_PROTOCOL": "SSL"})
    assert found == Settings(5, 70000, 5.0, 800000, 5.0, 5.0, {"security.protocol": "SSL"})


def test_there_are_at_most_twelve_settings() -> None:
    assert len(fields(Settings)) <= 12


@pytest.mark.parametrize("value", ["0", "-1", "many", "1e99"])
def test_a_number_that_cannot_work_names_its_setting(value: str) -> None:
    with pytest.raises(SettingsError, match=r"(?i)pack_events_max"):
        Settings.from_env({"REMIT_PACK_EVENTS_MAX": value})


def test_an_argument_wins_over_its_variable() -> None:
    environ = {"REMIT_DATA": "/a", "REMIT_LOG": "kafka://a:1", "REMIT_POLICY": "p"}
    found = Places.from_env(environ, policy="q", log="kafka://b:2/shop", data="/b")
    assert (found.data, found.log, found.policy) == (Path("/b"), KafkaLog("b:2", "shop"), "q")
    assert found.keys == Path("/b-keys")
    assert Places.from_env(environ, log="").log == Embedded()


def test_several_brokers_are_taken_and_the_topic_has_a_default() -> None:
    found = Places.from_env({"REMIT_LOG": "kafka://a:1,b:2"})
    assert found.log == KafkaLog("a:1,b:2", "remit")


@pytest.mark.parametrize(
    "log", ["a:1", "http://a:1", "kafka:///x", "kafka://a/b/c", "kafka://u:p@a"]
)
def test_a_log_that_is_none_is_refused_without_repeating_it(log: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Places.from_env({"REMIT_LOG": log})
    assert log not in str(caught.value)
