"""An invented access log to try things with: nobody's data, the same on every machine."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

LINES = 20_000
"""A log that imports within seconds and still fills every table of the report."""

SEED = 2021_11_01
"""Fixed, so that everybody sees the same figures; the date of the policy that remit ships."""

BEGIN = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
"""When the invented visits begin."""

NETWORKS = ("192.0.2", "198.51.100", "203.0.113")
"""Addresses that are nobody's: RFC 5737."""

NETWORK_6 = "2001:db8"
"""Likewise for IPv6: RFC 3849."""

AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15",
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
        "Version/17.5 Mobile/15E148 Safari/604.1"
    ),
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.6478.71 Mobile Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
    "Mozilla/5.0 (compatible; ExampleBot/2.1; +https://bot.example/about)",
)
"""Agents as browsers send them."""

REFERRERS = (
    "-",
    "https://www.search.example/?q=live+chat+for+shops",
    "https://news.example/a/2026/01/05",
    "-",
)
"""Where invented visitors come from."""


def sample_lines(lines: int = LINES, seed: int = SEED) -> Iterator[str]:
    """Invent an access log in the combined format, line by line; a few lines are torn, as in any real log."""
    chance = random.Random(seed)  # noqa: S311 - invented data, nothing secret
    moment = BEGIN
    for _ in range(lines):
        moment += timedelta(seconds=chance.expovariate(2))
        if chance.random() < 0.002:  # noqa: PLR2004 - two lines in a thousand
            yield ' "Mozilla/5.0"'
            continue
        yield (
            f"{address(chance)} - - [{moment:%d/%b/%Y:%H:%M:%S} +0000] "
            f'"GET {_page(chance)} HTTP/1.1" {chance.choice((200, 200, 200, 304, 404))} {chance.randrange(90_000)} '
            f'"{chance.choice(REFERRERS)}" "{chance.choice(AGENTS)}"'
        )


def address(chance: random.Random) -> str:
    """Invent an address of a documentation network."""
    if chance.random() < 0.2:  # noqa: PLR2004 - a fifth comes by IPv6
        return f"{NETWORK_6}:{chance.randrange(16):x}::{chance.randrange(1, 1 << 16):x}"
    return f"{chance.choice(NETWORKS)}.{chance.randrange(1, 255)}"


def _page(chance: random.Random) -> str:
    """A page with what pages carry: ids, e-mail addresses, tokens."""
    number, token = chance.randrange(10_000, 99_999), f"{chance.getrandbits(128):032x}"
    pages = (
        "/",
        "/pricing",
        f"/orders/{number}?email=visitor{number}%40mail.example&utm_source=newsletter",
        f"/chat/{token}/messages?page={chance.randrange(9)}",
        f"/u/visitor{number}@mail.example/profile",
        f"/help/articles/{chance.choice(('widget', 'billing', 'team'))}#section-{number}",
    )
    return chance.choice(pages)
