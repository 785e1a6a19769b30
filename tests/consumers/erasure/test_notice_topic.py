"""A party with a topic finds its notices there, in the cluster of the log, and nowhere else."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from confluent_kafka import Consumer

from kit.erasing import ErasingShop
from kit.flowing import log_of_its_own
from kit.kafka import Kafka
from kit.listening import matched
from kit.ports import free_port
from kit.shop import NOON
from remit_consumers.erasure.informed import inform
from remit_consumers.erasure.notice_topic import topic_of
from remit_consumers.erasure.sending import send
from remit_schemas.log_address import KafkaLog, parse_log


def make_shop(folder: Path, log: str) -> tuple[ErasingShop, bytes]:
    """A shop on a log of Kafka whose source has a topic, and that source's key."""
    shop = ErasingShop(folder)
    settings = replace(shop.deployment.settings, log=log)
    shop.deployment = replace(shop.deployment, settings=settings)
    return shop, inform(settings.keys, "app", [], "kafka:").key


@pytest.mark.clause("S086a")
def test_a_source_with_a_topic_finds_its_notice_there(kafka: Kafka, tmp_path: Path) -> None:
    address = log_of_its_own(kafka)
    shop, key = make_shop(tmp_path, address)
    shop.erase("ann")
    assert send(shop.deployment, NOON) == {"source/app": {"taken": 1}}
    log = parse_log(address)
    assert isinstance(log, KafkaLog)
    config = {"bootstrap.servers": kafka.bootstrap, "group.id": "app"}
    consumer = Consumer({**config, "auto.offset.reset": "earliest"})
    consumer.subscribe([topic_of(log, "source/app")])
    (message,) = consumer.consume(1, 30)
    consumer.close()
    notice = json.loads(message.value() or b"")["notice"]
    assert (message.key() or b"").decode() == notice["notice"]
    assert matched(key, notice, "", "ann", "bob") == ["ann"]


def test_a_broker_that_is_away_is_tried_again(tmp_path: Path) -> None:
    shop, _ = make_shop(tmp_path, f"kafka://127.0.0.1:{free_port()}/shop")
    shop.erase("ann")
    assert send(shop.deployment, NOON) == {"source/app": {"unreached": 1}}
