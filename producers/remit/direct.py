"""HTTP to one host, and to no other: no redirect is followed, and no proxy is asked on the way to this machine."""

import ipaddress
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
)


def is_loopback(host: str) -> bool:
    """Say whether a host names this machine, by the name or the addresses that stand for it everywhere.

    Source: RFC 6761 section 6.3, RFC 1122 section 3.2.1.3, RFC 4291 section 2.5.3.
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def direct_opener(host: str) -> OpenerDirector:
    """Speak HTTP and nothing else; follow nobody elsewhere: a redirect is a fault."""
    opener = OpenerDirector()
    handlers = [HTTPHandler(), HTTPSHandler(), HTTPErrorProcessor(), HTTPDefaultErrorHandler()]
    for handler in handlers if is_loopback(host) else [ProxyHandler(), *handlers]:
        opener.add_handler(handler)
    return opener
