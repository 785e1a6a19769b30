"""Where the last pack of a partition lies: behind it there may be marks of transactions, which take offsets too."""

import time
from collections.abc import Mapping

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

FIRST_STEP = 2
"""Offsets looked back first: a transaction that was committed leaves one mark."""

Spans = Mapping[int, tuple[int, int]]
"""The first offset of partitions, and the one behind the last."""


def behind_last(
    topic: str, config: Mapping[str, str | int], spans: Spans, timeout_s: float
) -> dict[int, int]:
    """Give the offset behind the last pack of each partition that holds any.

    Args:
        topic: The topic.
        config: For librdkafka, a group id among it; nothing is committed and no group joined.
        spans: Of the partitions that are asked for.
        timeout_s: How long all of it may take.

    Raises:
        KafkaException: The broker did not answer, or said no.
        TimeoutError: It took too long.
    """
    own = {"enable.partition.eof": True, "isolation.level": "read_committed", "log_level": 0}
    reader = Consumer({**config, **own, "enable.auto.commit": False, "auto.offset.reset": "error"})
    until = time.monotonic() + timeout_s
    found: dict[int, int] = {}
    step, left = FIRST_STEP, {n: span for n, span in spans.items() if span[1] > span[0]}
    try:
        while left:
            begins = {n: max(low, high - step) for n, (low, high) in left.items()}
            found |= _read(reader, topic, begins, until)
            left = {n: left[n] for n, at in begins.items() if n not in found and at > left[n][0]}
            step *= 8
    finally:
        reader.close()
    return found


def _read(reader: Consumer, topic: str, begins: Mapping[int, int], until: float) -> dict[int, int]:
    """Read partitions to their ends; give the offset behind the last message of each that had one."""
    reader.assign([TopicPartition(topic, number, at) for number, at in begins.items()])
    found: dict[int, int] = {}
    reading = set(begins)
    while reading:
        message = reader.poll(max(0.0, until - time.monotonic()))
        if message is None:
            raise TimeoutError("the broker does not say where its packs end")
        number, offset, error = message.partition(), message.offset(), message.error()
        if error is not None and error.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001 (librdkafka's name)
            raise KafkaException(error)
        if number is None or offset is None:
            continue
        if error is not None:
            reading.discard(number)
        else:
            found[number] = offset + 1
    return found
