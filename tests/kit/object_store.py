"""A real HTTP server that speaks S3, on this machine, and that fails as object stores do: now and then, from a seed."""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from threading import Event, Lock, Thread, Timer
from typing import Any, Self

import boto3
import pytest
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

BUCKET = "remit-lake"
"""The bucket that is made in every store."""

BUSY = "503 Slow Down"
LOST = "500 Internal Server Error"

Answer = Iterable[bytes]
Start = Callable[..., Any]


class _Quiet(WSGIRequestHandler):
    """Writes no line for each request."""

    def log_request(self, *_: object) -> None:
        """Say nothing."""


class ObjectStore:
    """A store with one bucket.

    Attributes:
        env: How the command, boto3 and delta-rs find it.
        faults: How many requests were refused before they did anything (`busy`), and how many did what was asked and were
            answered with an error all the same (`lost`); and how many were kept waiting (`stalled`).
    """

    def __init__(self, seed: int = 1) -> None:
        self._app = DomainDispatcherApplication(create_backend_app)
        self._chance = random.Random(seed)
        self._share, self._only_names = 0.0, False
        self._lock = Lock()
        self._goes = Event()
        self._goes.set()
        self.faults: Counter[str] = Counter()
        self._server = make_server(
            "127.0.0.1", 0, self._answer, threaded=True, request_handler=_Quiet
        )
        self._thread = Thread(target=self._server.serve_forever, daemon=True)
        self.env = {
            "AWS_ACCESS_KEY_ID": "remit",
            "AWS_SECRET_ACCESS_KEY": "of-no-use-elsewhere",
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{self._server.server_port}",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def __enter__(self) -> Self:
        """Begin to answer."""
        self._thread.start()
        self.client().create_bucket(Bucket=BUCKET)
        return self

    def __exit__(self, *_: object) -> None:
        """Answer no more."""
        self._goes.set()
        self._server.shutdown()
        self._thread.join()

    def client(self) -> Any:  # noqa: ANN401 - boto3 has no types
        """A client beside the product's own."""
        return boto3.client(
            "s3",
            endpoint_url=self.env["AWS_ENDPOINT_URL_S3"],
            region_name=self.env["AWS_REGION"],
            aws_access_key_id=self.env["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.env["AWS_SECRET_ACCESS_KEY"],
        )

    def names(self, bucket: str = BUCKET) -> Iterator[str]:
        """The names of all objects of a bucket."""
        pages = self.client().get_paginator("list_objects_v2").paginate(Bucket=bucket)
        for page in pages:
            yield from (one["Key"] for one in page.get("Contents", ()))

    def fail(self, share: float, *, only_names: bool = False) -> None:
        """From here on that share of requests fails, every other of them after it has done its work.

        Args:
            share: 0 to 1.
            only_names: Whether only requests for a free name fail, which is what a commit is.
        """
        self._share, self._only_names = share, only_names

    def stall(self, seconds: float) -> None:
        """From here on for so long take requests and do nothing; then do them all, whoever still waits for an answer."""
        self._goes.clear()
        Timer(seconds, self._goes.set).start()

    def _answer(self, environ: dict[str, Any], start: Start) -> Answer:
        """Answer one request, or fail."""
        with self._lock:
            drawn = self._chance.random()
            self.faults["stalled"] += not self._goes.is_set()
        self._goes.wait()
        if self._only_names and "HTTP_IF_NONE_MATCH" not in environ:
            drawn = 1.0
        if drawn < self._share / 2:
            self.faults["busy"] += 1
            return _failed(BUSY, start)
        answer: Answer = self._app(environ, start if drawn >= self._share else _unheard)
        if drawn >= self._share:
            return answer
        self.faults["lost"] += 1
        list(answer)
        return _failed(LOST, start)


@contextmanager
def named_store(monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStore]:
    """A store of its own, and an environment that names it."""
    with ObjectStore() as made:
        for name, value in made.env.items():
            monkeypatch.setenv(name, value)
        yield made


def _failed(status: str, start: Start) -> Answer:
    """An error without a body."""
    start(status, [("Content-Length", "0")])
    return [b""]


def _unheard(*_: object) -> Callable[[bytes], None]:
    """What takes an answer that nobody gets."""
    return lambda _: None
