"""SDKs as their pages say to set them up; `is_big` raises the limit of a queue, so that a burst shows the call's cost.

Each is imported where it is used: every one but remit stands in an environment of its own, without remit.
"""

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bench.beside.peer import load

Event = Mapping[str, Any]
QUEUE_BIG: Final = 1_000_000
FLUSH_S: Final = 30.0
OK: Final = 200


@dataclass(frozen=True, slots=True)
class Door:
    """One SDK, started.

    Attributes:
        send: Takes one event; says whether the SDK took it, as far as the SDK says that.
        flush: Waits until what was taken is sent.
        make: What an app has in its hands before the call: the values, or an event made of them.
    """

    send: Callable[[Any], bool]
    flush: Callable[[], object]
    make: Callable[[Event], object] = dict


def remit(to: str, *, is_big: bool) -> Door:
    """Emit a `PageView`: validated, sealed and spooled when the call returns."""
    client, view_of = _remit(to, is_big=is_big)
    emit = client.emit

    def send(made: tuple[object, str]) -> bool:
        event, subject = made
        return bool(emit(event, subject=subject))

    return Door(
        send, lambda: client.flush(FLUSH_S), lambda event: (view_of(event), event["subject"])
    )


def remit_building(to: str, *, is_big: bool) -> Door:
    """The same with the `PageView` built in the call that is measured."""
    client, view_of = _remit(to, is_big=is_big)
    emit = client.emit

    def send(event: Event) -> bool:
        return bool(emit(view_of(event), subject=event["subject"]))

    return Door(send, lambda: client.flush(FLUSH_S))


def _remit(to: str, *, is_big: bool) -> tuple[Any, Callable[[Event], object]]:
    sdk, settings = load("remit"), load("remit.settings")
    spool = 1 << 30 if is_big else settings.Settings().spool_bytes_max
    client = sdk.Client("bench", log=to, settings=settings.Settings(spool_bytes_max=spool))
    view = sdk.PageView

    def view_of(event: Event) -> object:
        return view(
            occurred_at=event["occurred_at"],
            ip=event["ip"],
            user_agent=event["user_agent"],
            language=event["language"],
            page=event["page"],
            referrer=event["referrer"],
            screen=event["screen"],
            status=event["number"],
            platform="web",
        )

    return client, view_of


def confluent_kafka(to: str, *, is_big: bool) -> Door:
    """JSON and `produce`, acknowledged and idempotent."""
    from confluent_kafka import Producer  # noqa: PLC0415

    bootstrap, _, topic = to.partition("/")
    options: dict[str, str | int | bool] = {
        "bootstrap.servers": bootstrap,
        "enable.idempotence": True,
    }
    if is_big:
        options |= {
            "queue.buffering.max.messages": QUEUE_BIG,
            "queue.buffering.max.kbytes": 1 << 20,
        }
    producer = Producer(options, logger=logging.getLogger("sdk"))
    produce, poll = producer.produce, producer.poll

    def send(event: Event) -> bool:
        try:
            produce(topic, json.dumps(event).encode(), key=event["subject"])
        except BufferError:
            return False
        poll(0)
        return True

    return Door(send, lambda: producer.flush(FLUSH_S))


def snowplow(to: str, *, is_big: bool) -> Door:
    """snowplow-tracker, asynchronous, in batches of a hundred over one session: ten at a time is its default."""
    snowplow_tracker = load("snowplow_tracker")
    logging.getLogger("snowplow_tracker").setLevel(logging.CRITICAL)
    host, _, port = to.partition(":")
    more = {"buffer_capacity": QUEUE_BIG} if is_big else {}
    emitter = snowplow_tracker.AsyncEmitter(
        host,
        port=int(port),
        protocol="http",
        batch_size=100,
        session=load("requests").Session(),
        **more,
    )
    tracker = snowplow_tracker.Tracker("bench", emitters=emitter, app_id="bench")

    def send(event: Event) -> bool:
        subject = snowplow_tracker.Subject()
        subject.set_platform("web").set_user_id(event["subject"]).set_ip_address(event["ip"])
        subject.set_useragent(event["user_agent"]).set_lang(event["language"])
        tracker.track(
            snowplow_tracker.PageView(
                page_url=event["page"],
                referrer=event["referrer"],
                true_timestamp=event["occurred_at"],
                event_subject=subject,
            )
        )
        return True

    return Door(send, lambda: tracker.flush(is_async=False))


def segment(to: str, *, is_big: bool) -> Door:
    """segment-analytics-python."""
    more = {"max_queue_size": QUEUE_BIG} if is_big else {}
    client = load("segment.analytics.client").Client("key", host=f"http://{to}", **more)

    def send(event: Event) -> bool:
        return bool(client.track(event["subject"], "page_view", dict(event))[0])

    return Door(send, client.flush)


def posthog(to: str, *, is_big: bool) -> Door:
    """Posthog's client."""
    more = {"max_queue_size": QUEUE_BIG} if is_big else {}
    client = load("posthog").Posthog("phc_key", host=f"http://{to}", **more)

    def send(event: Event) -> bool:
        taken = client.capture("page_view", distinct_id=event["subject"], properties=dict(event))
        return taken is not None

    return Door(send, client.flush)


def opentelemetry(to: str, *, is_big: bool) -> Door:
    """opentelemetry-sdk: log records through its batch processor, OTLP over HTTP."""
    logs, sdk = load("opentelemetry._logs"), load("opentelemetry.sdk._logs")
    exporting = load("opentelemetry.exporter.otlp.proto.http._log_exporter")
    batching = load("opentelemetry.sdk._logs.export")
    provider = sdk.LoggerProvider()
    exporter = exporting.OTLPLogExporter(endpoint=f"http://{to}/v1/logs")
    more = {"max_queue_size": QUEUE_BIG} if is_big else {}
    provider.add_log_record_processor(batching.BatchLogRecordProcessor(exporter, **more))
    logger = provider.get_logger("bench")

    def send(event: Event) -> bool:
        logger.emit(
            timestamp=event["occurred_at"] * 1_000_000,
            severity_number=logs.SeverityNumber.INFO,
            attributes=event,
            event_name="page_view",
        )
        return True

    return Door(send, provider.force_flush)


DOORS: Final[Mapping[str, Callable[..., Door]]] = {
    "remit": remit,
    "remit, building the event": remit_building,
    "confluent-kafka": confluent_kafka,
    "snowplow-tracker": snowplow,
    "segment-analytics-python": segment,
    "posthog": posthog,
    "opentelemetry-sdk": opentelemetry,
}
"""By the name of the package."""
