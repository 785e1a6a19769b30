"""Ports for programs that cannot be told to take any that is free.

A port that is looked up, let go and taken a moment later is anybody's in between: of another test process, and of any
connection that goes out, because the system takes those from the same range. Worse where a server is stopped for a
while: who tries to reach it again and again may get its port as its own end, and the server cannot come back. So these
lie below that range, and each is one process's own until that process ends.
"""

import random
import socket
import sys
from pathlib import Path

LOWEST = 20_000
TRIES = 1_000

RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
"""Where Linux says which ports it gives to connections that go out."""

_held: list[socket.socket] = []


def free_ports(count: int, first: int = 0) -> list[int]:
    """Give ports of 127.0.0.1 that are free, and differ; the first may be asked for by number."""
    if first and not _is_free(first):
        raise OSError(f"port {first} is taken")
    return [first or free_port(), *(free_port() for _ in range(count - 1))]


def free_port() -> int:
    """Give one."""
    chance, end = random.SystemRandom(), _first_of_connections()
    for _ in range(TRIES):
        port = chance.randrange(LOWEST, end)
        if _is_reserved(port) and _is_free(port):
            return port
    raise OSError(f"no port is free between {LOWEST} and {end}")


def _first_of_connections() -> int:
    """The lowest port that the system gives to connections that go out."""
    low = int(RANGE.read_text("ascii").split()[0]) if RANGE.is_file() else 32_768
    return low if low > LOWEST + TRIES else 65_536  # a range that leaves no room below it


def _is_reserved(port: int) -> bool:
    """Make a port this process's own among those that ask here; it stays so until the process ends."""
    if sys.platform != "linux":  # names without a file are Linux's
        return True
    name = socket.socket(socket.AF_UNIX)
    try:
        name.bind(f"\0remit-tests-port-{port}")
    except OSError:
        name.close()
        return False
    _held.append(name)
    return True


def _is_free(port: int) -> bool:
    """Say whether nobody listens there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
