"""Who may have the metrics: whoever reaches the port, or where a token lies beside the keys, who bears it."""

import hmac
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Final

from remit_consumers.access.provider import bearer_of

FILE: Final = "metrics-token"  # its name; what it holds is the token itself, as a scraper needs it
READABLE_BY_OTHERS: Final = 0o077

log = logging.getLogger("remit.access")


def scraping(keys: Path) -> Callable[[str], bool]:
    """Tell of an Authorization header whether it may have the metrics; the file is read at each call, so that a new token holds at once."""
    path = keys / FILE

    def may_scrape(header: str) -> bool:
        try:
            if path.stat().st_mode & READABLE_BY_OTHERS:
                log.warning("%s beside the keys can be read by others: chmod 600", FILE)
                return False
            token = path.read_bytes().strip()
        except FileNotFoundError:
            return True
        except OSError:
            log.warning("%s beside the keys cannot be read", FILE)
            return False
        given = bearer_of(header).encode("utf-8", "replace")
        return bool(token) and hmac.compare_digest(given, token)

    return may_scrape
