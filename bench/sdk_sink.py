"""Where the HTTP SDKs send to: a server that takes everything and remembers which events it has seen.

`python -m bench.sdk_sink` prints its port, then obeys lines on standard input: `down` (closes the port and every
connection), `up` (the same port again), `seen` (prints `{"events": …, "twice": …}`), `reset`.
An event bears its number as `nr-00000042` in its page, so that no format has to be parsed.
"""

import asyncio
import gzip
import json
import re
import sys
from collections import Counter
from typing import Final, cast

import uvloop

NUMBER: Final = re.compile(rb"nr-(\d{8})")
LENGTH: Final = re.compile(rb"\ncontent-length: *(\d+)", re.IGNORECASE)
GZIP: Final = re.compile(rb"\ncontent-encoding: *gzip", re.IGNORECASE)
BODY: Final = b'{"status":1,"success":true}'
ANSWER: Final = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(BODY)
    + BODY
)
END: Final = b"\r\n\r\n"


class Sink:
    """What was seen, and the connections that are open."""

    def __init__(self) -> None:
        self.seen: Counter[bytes] = Counter()
        self.open: set[asyncio.BaseTransport] = set()
        self._server: asyncio.Server | None = None
        self.port = 0

    async def up(self) -> None:
        """Listen: on the port of before, or on any."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Connection(self), "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def down(self) -> None:
        """Refuse connections, and drop those there are."""
        if self._server is not None:
            self._server.close()
        for transport in list(self.open):
            transport.close()

    def told(self) -> str:
        """Say what was seen."""
        twice = sum(count - 1 for count in self.seen.values())
        return json.dumps({"events": len(self.seen), "twice": twice})


class Connection(asyncio.Protocol):
    """One connection that is kept alive."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._data = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep it."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one by its methods
        self._sink.open.add(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        del exc
        if self._transport is not None:
            self._sink.open.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        """Take requests as they become whole."""
        self._data += data
        while (head := self._data.find(END)) >= 0:
            length = LENGTH.search(self._data, 0, head + 2)
            end = head + len(END) + (int(length[1]) if length else 0)
            if len(self._data) < end:
                return
            body = bytes(self._data[head + len(END) : end])
            if GZIP.search(self._data, 0, head + 2):
                body = gzip.decompress(body)
            self._sink.seen.update(NUMBER.findall(body))
            del self._data[:end]
            if self._transport is not None:
                self._transport.write(ANSWER)


async def _main() -> None:
    sink = Sink()
    await sink.up()
    print(sink.port, flush=True)
    lines = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := (await lines.readline()).decode().strip():
        if line == "up":
            await sink.up()
        elif line == "down":
            sink.down()
        elif line == "reset":
            sink.seen.clear()
        print(sink.told(), flush=True)


if __name__ == "__main__":
    uvloop.run(_main())
