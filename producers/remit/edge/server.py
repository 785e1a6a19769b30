"""Every port of remit as a server: uvicorn on uvloop and httptools, without an access log, and without patience for the slow."""

import asyncio
import logging
import socket
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from remit.edge.handshakes import Handshakes
from remit.edge.tls import App, Tls, told_to_stay
from remit_schemas.errors import SettingsError

log = logging.getLogger("remit.http")

LOOK_S: Final = 0.25  # how often slow requests are looked for
BACKLOG: Final = 2048
REQUEST_TIMEOUT_S: Final = 10.0
"""Within which a request comes whole, unless somebody says otherwise; as the edge's own (`remit.edge.limits`)."""


HEAD_BYTES_MAX: Final = 64 << 10
"""Of first line and headers, as h11 has it; browsers send some thousand. The parser itself would take any number."""

TOO_LARGE: Final = b"HTTP/1.1 431 \r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
"""Source: RFC 6585, 5."""


class Door(HttpToolsProtocol):
    """A connection that bears neither a request that never comes whole nor a head without end.

    Attributes:
        since: When the request that is on its way began.
        loose: Bytes that came since a head was whole, or something of a body came: of a head, of trailers, or between chunks.
    """

    since: float | None = None
    loose: int = 0

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401  # uvicorn's own type
        """A request may begin."""
        self.since = time.monotonic()
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Bytes came."""
        self.loose += len(data)
        super().data_received(data)
        if self.loose > HEAD_BYTES_MAX and not self.transport.is_closing():
            cycle: Any = self.cycle  # None before the first head is whole, whatever its type says
            if cycle is None or cycle.response_complete:
                self.transport.write(TOO_LARGE)
            self.transport.close()

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self.loose = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of the body came."""
        self.loose = 0
        super().on_body(body)

    def on_message_begin(self) -> None:
        """The first line of a request came."""
        if self.since is None:
            self.since = time.monotonic()
        super().on_message_begin()

    def on_message_complete(self) -> None:
        """The request is whole."""
        self.since, self.loose = None, 0
        super().on_message_complete()


class _Guarded(uvicorn.Server):
    """A server whose TLS handshakes are counted before they begin."""

    def __init__(self, config: uvicorn.Config, handshakes: Handshakes) -> None:
        super().__init__(config)
        self._handshakes = handshakes

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, but not as uvicorn does: it would begin a handshake with whoever connects."""
        await super().startup(sockets=[])
        make = partial(
            Door, config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        for one in sockets or ():
            self._handshakes.begin(one, make)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen no more, and finish what is being answered."""
        self._handshakes.end()
        await super().shutdown(sockets)


class EdgeServer:
    """A web server that can run in a thread beside other work, or in the main one."""

    def __init__(
        self,
        app: App,
        place: tuple[str, int],
        *,
        timeout_s: float = REQUEST_TIMEOUT_S,
        tls: Tls | None = None,
        refused: Callable[[], None] = lambda: None,
    ) -> None:
        """Take the port.

        Args:
            app: Any ASGI application.
            place: Address and port to listen on; port 0 for any.
            timeout_s: Within which a request comes whole, and before it a handshake.
            tls: Its certificate; None speaks plain HTTP.
            refused: Told of each connection that was one handshake too many.

        Raises:
            SettingsError: The port cannot be had.
        """
        host, port = place
        config = uvicorn.Config(
            _telling(app if tls is None else told_to_stay(app)),
            loop="uvloop",
            http=Door,
            ws="none",
            lifespan="off",
            access_log=False,
            log_level="critical",  # a traceback would show values
            log_config=None,  # logging is the program's to set up
            server_header=False,
            date_header=False,
            proxy_headers=False,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=5,
        )
        self._server = (
            uvicorn.Server(config)
            if tls is None
            else _Guarded(config, Handshakes(tls.context, timeout_s, refused))
        )
        self._config = config
        self._timeout_s = timeout_s
        try:
            self._socket = socket.create_server((host, port), backlog=BACKLOG)
        except OSError as error:
            message = f"port {port} of {host} cannot be had ({error.strerror}); choose another with --port"
            raise SettingsError(message) from None
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self.serve, name="remit-edge", daemon=True)

    def serve(self) -> None:
        """Serve until asked to stop; signals stay with the main thread."""
        with asyncio.Runner(loop_factory=self._config.get_loop_factory()) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        slow = asyncio.create_task(self._end_slow())
        try:
            await self._server.serve(sockets=[self._socket])
        finally:
            slow.cancel()

    async def _end_slow(self) -> None:
        """End connections whose request does not come whole in time, be it the headers or the body."""
        while True:
            await asyncio.sleep(LOOK_S)
            before = time.monotonic() - self._timeout_s
            for door in list(self._server.server_state.connections):
                if isinstance(door, Door) and door.since is not None and door.since < before:
                    door.transport.close()

    def start(self) -> None:
        """Begin to serve, in a thread of its own."""
        self._thread.start()

    def ask_to_stop(self) -> None:
        """Have it finish what it is answering, then stop."""
        self._server.should_exit = True

    def stop(self) -> None:
        """Stop, and wait for it."""
        self.ask_to_stop()
        self._thread.join(timeout=10)


def _telling(app: App) -> App:
    """Log what an application failed with by its kind alone (D10); it answers 500 by itself."""

    async def told(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401  # ASGI's own types are these
        try:
            await app(scope, receive, send)
        except Exception as error:
            log.error("a request failed: %s", type(error).__name__)  # noqa: TRY400  # its text may hold a value
            raise

    return told
