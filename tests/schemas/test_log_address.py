"""REMIT_LOG, read in one place."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit_schemas.errors import SettingsError
from remit_schemas.log_address import Embedded, KafkaLog, parse_log


@pytest.mark.parametrize("spec", [None, ""])
def test_nothing_names_the_embedded_log(spec: str | None) -> None:
    assert parse_log(spec) == Embedded()


@pytest.mark.parametrize(
    ("spec", "log"),
    [
        ("kafka://broker:9092/shop", KafkaLog("broker:9092", "shop")),
        ("kafka://broker:9092", KafkaLog("broker:9092", "remit")),
        ("kafka://broker:9092/", KafkaLog("broker:9092", "remit")),
        ("kafka://a:1,b:2/x.y-z_1", KafkaLog("a:1,b:2", "x.y-z_1")),
        ("kafka://[::1]:9092/shop", KafkaLog("[::1]:9092", "shop")),
    ],
)
def test_an_address_names_brokers_and_the_prefix_of_topics(spec: str, log: KafkaLog) -> None:
    assert parse_log(spec) == log


def test_packs_lie_in_the_sealed_topic_of_the_prefix() -> None:
    assert KafkaLog("b:1", "shop").sealed_topic == "shop.sealed"


@pytest.mark.parametrize(
    "spec",
    [
        "broker:9092",
        "kafka:/broker",
        "kafka://",
        "kafka:///shop",
        "kafka://user:canary@broker:9092/shop",
        "kafka://broker:9092/shop/more",
        "kafka://broker:9092/canary shop",
        "http://broker:9092/shop",
        "kafka://broker/" + "x" * 201,
    ],
)
def test_anything_else_is_refused_without_its_value(spec: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_log(spec)
    assert "canary" not in str(caught.value)


@given(st.text())
def test_any_text_is_an_address_or_refused(spec: str) -> None:
    with suppress(SettingsError):
        assert isinstance(parse_log(spec), Embedded | KafkaLog)


def test_a_log_on_kafka_has_a_topic_for_packs_and_one_for_what_is_plain() -> None:
    log = KafkaLog("broker:9092", "shop")
    assert (log.sealed_topic, log.plain_topic, log.group) == (
        "shop.sealed",
        "shop.plain",
        "shop.run",
    )
