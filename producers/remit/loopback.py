"""Whether a host is this machine."""

import ipaddress


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
