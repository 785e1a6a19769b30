"""Ports for programs that cannot be told to take any that is free."""

import socket
from contextlib import ExitStack


def free_ports(count: int, first: int = 0) -> list[int]:
    """Give ports of 127.0.0.1 that are free now, and differ; the first may be asked for by number."""
    with ExitStack() as stack:
        ports = []
        for port in (first, *[0] * (count - 1)):
            probe = stack.enter_context(socket.socket())
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            ports.append(int(probe.getsockname()[1]))
        return ports


def free_port() -> int:
    """Give one."""
    return free_ports(1)[0]
