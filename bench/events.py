"""Events to measure with: invented, nobody's, the same on every machine; or drawn from an access log of your own.

Shaped like a shop's: 20,000 subjects of whom few come often (Zipf), each with an address, an agent and a language of
its own; pages with ids and queries. Addresses are from the networks kept for documentation and benchmarks.

Source: RFC 2544 (198.18.0.0/15), RFC 3849 (2001:db8::/32), RFC 2606 (names ending in .example).
"""

import gzip
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Final

from remit.access_log import COMBINED, split_request, time_ms

Value = str | int | None
SUBJECTS: Final = 20_000
ARTICLES: Final = 3_000  # pages of a middling shop
BEGIN_MS: Final = 1_767_600_000_000  # 5 January 2026, 08:00 UTC
NOBODY: Final = 0.2  # share of views without a login
CHROMES: Final = range(110, 132)
SYSTEMS: Final = (
    "Windows NT 10.0; Win64; x64",
    "Macintosh; Intel Mac OS X 10_15_7",
    "X11; Linux x86_64",
    "Linux; Android 10; K",
    "Linux; Android 14; Pixel 8",
    "Linux; Android 13; SM-G991B",
)
APPLE: Final = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS {0}_{1} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/{0}.{1} Mobile/15E148 Safari/604.1"
)
LANGUAGES: Final = (
    "en-US,en;q=0.9",
    "de-DE,de;q=0.9,en-US;q=0.8,en;q=0.7",
    "zh-CN,zh;q=0.9",
    "fr-FR,fr;q=0.9,en;q=0.8",
    "pt-BR,pt;q=0.9",
    "es-ES,es;q=0.9,en;q=0.8",
    "ja,en-US;q=0.9,en;q=0.8",
    "en-GB,en;q=0.9,de;q=0.8,fr;q=0.7",
)
SCREENS: Final = ("1920x1080", "2560x1440", "1536x864", "390x844", "412x915", "1440x900", "360x800")
HARDWARE: Final = tuple(
    f"cores={c} memory_gb={m}" for c, m in ((2, 4), (4, 8), (8, 8), (8, 16), (16, 32))
)
STATUSES: Final = (200,) * 80 + (304,) * 12 + (404,) * 4 + (302,) * 3 + (500,)
WORDS: Final = "blue red linen wool running winter summer light classic mini grand shirt shoe lamp desk chair bag watch scarf".split()


@dataclass(frozen=True, slots=True)
class Given:
    """One event as an app has it.

    Attributes:
        values: By field.
        subject: Whom it is about; None where nobody is logged in.
    """

    values: Mapping[str, Value]
    subject: str | None


@dataclass(frozen=True, slots=True)
class _Visitor:
    subject: str
    ip: str
    fixed: Mapping[str, Value]


def page_views(count: int, seed: int = 1, log: str = "") -> list[Given]:
    """Give page views in the order of their time.

    Args:
        count: How many.
        seed: Another seed gives other views by the same visitors.
        log: An access log in the combined format, plain or .gz; its visitors' names are invented. Empty invents all.
    """
    if log:
        return _from_log(Path(log), count, seed)
    chance = random.Random(seed)
    visitors = _visitors()
    articles = _articles()
    moment = float(BEGIN_MS + seed * 86_400_000)
    given = []
    paths = _zipf(chance, len(articles), count)
    for who, which in zip(_zipf(chance, SUBJECTS, count), paths, strict=True):
        moment += chance.expovariate(1)
        visitor = visitors[who]
        values: dict[str, Value] = {
            **visitor.fixed,
            "occurred_at": int(moment),
            "collected_at": int(moment) + 3,
            "ip": visitor.ip,
            "page": _page(chance, articles[which]),
            "referrer": _referrer(chance, articles),
            "method": "POST" if chance.random() < 0.06 else "GET",  # noqa: PLR2004  # a shop's share
            "status": chance.choice(STATUSES),
            "duration_ms": int(chance.lognormvariate(4, 0.8)),
            "platform": "web",
        }
        given.append(Given(values, None if chance.random() < NOBODY else visitor.subject))
    return given


def service_logs(count: int, seed: int = 1) -> list[Given]:
    """Give lines of a shop's services, as their loggers have them: one in three carries somebody's data."""
    chance = random.Random(seed)
    visitors = _visitors()
    given = []
    for number, who in enumerate(_zipf(chance, SUBJECTS, count)):
        level, logger, template, arguments = _line(chance, visitors[who])
        moment = BEGIN_MS + seed * 86_400_000 + number
        values: dict[str, Value] = {
            "occurred_at": moment,
            "collected_at": moment + 3,
            "level": level,
            "logger": logger,
            "template": template,
            "arguments": json.dumps(arguments),
            "message": template % tuple(arguments),
        }
        given.append(Given(values, None))
    return given


def peer_event(given: Given, number: int) -> dict[str, Value]:
    """Give an event as a peer's SDK sends it: the same values, the subject among them, and a random id of its own."""
    identity = random.Random(number).getrandbits(128)
    return {"event_id": f"{identity:032x}", "subject": given.subject, **given.values}


def shop_views(count: int) -> list[Given]:
    """Give the page view that the peers were measured with: every string its own, a long product page, UTM and all."""
    chance = random.Random(42)
    bits = chance.getrandbits
    agents = [agent for agent in _agents() if "Chrome/126" in agent or "Version/17" in agent]
    return [
        Given(
            {
                "occurred_at": 1_760_000_000_000 + bits(30),
                "ip": f"198.{18 + bits(1)}.{bits(8)}.{bits(8)}",
                "user_agent": agents[bits(8) % 3],
                "language": "en-GB,en;q=0.9,de;q=0.8,fr;q=0.7",
                "page": f"https://shop.example/c/{bits(32):08x}/products/{bits(32):08x}-blue-running-shoes"
                f"?utm_source=newsletter&ref={bits(24):06x}",
                "referrer": f"https://www.search.example/search?q={bits(32):08x}+running+shoes+blue",
                "screen": f"{1920 + bits(4) * 16}x{1080 + bits(4) * 8}",
            },
            f"sub_{bits(128):032x}",
        )
        for _ in range(count)
    ]


def _visitors() -> Sequence[_Visitor]:
    """Invent the visitors: the same for every seed of views."""
    chance = random.Random(0)
    agents = _agents()
    which = _zipf(chance, len(agents), SUBJECTS)
    return [
        _Visitor(
            f"c{chance.randrange(10**9, 10**10)}",
            _address(chance),
            {
                "user_agent": agents[agent],
                "language": chance.choice(LANGUAGES),
                "screen": chance.choice(SCREENS),
                "hardware": chance.choice(HARDWARE),
            },
        )
        for agent in which
    ]


def _agents() -> list[str]:
    chromes = [
        f"Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{major}.0.0.0 "
        f"{'Mobile ' if 'Android' in system else ''}Safari/537.36"
        for major in reversed(CHROMES)
        for system in SYSTEMS
    ]
    foxes = [
        f"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:{major}.0) Gecko/20100101 Firefox/{major}.0"
        for major in reversed(CHROMES)
    ]
    return (
        chromes
        + foxes
        + [APPLE.format(major, minor) for major in (17, 16, 15) for minor in range(7)]
    )


def _address(chance: random.Random) -> str:
    if chance.random() < 0.3:  # noqa: PLR2004  # the share that comes by IPv6
        groups = ":".join(f"{chance.getrandbits(16):x}" for _ in range(4))
        return f"2001:db8:{chance.getrandbits(16):x}::{groups}"
    return f"198.{chance.randrange(18, 20)}.{chance.randrange(256)}.{chance.randrange(1, 255)}"


def _articles() -> list[str]:
    chance = random.Random(2)
    return [
        f"/{chance.choice(('products', 'blog', 'help'))}/{'-'.join(chance.sample(WORDS, 3))}"
        for _ in range(ARTICLES)
    ]


def _page(chance: random.Random, article: str) -> str:
    kind = chance.random()
    if kind < 0.15:  # noqa: PLR2004  # shares of a shop: order pages,
        return f"/orders/{chance.randrange(10**6, 10**7)}?tab={chance.randrange(4)}"
    if kind < 0.2:  # noqa: PLR2004  # conversations,
        return f"/chat/{chance.getrandbits(64):016x}/messages"
    if kind < 0.45:  # noqa: PLR2004  # campaigns and lists
        return f"{article}?utm_source=newsletter&utm_campaign=w{chance.randrange(52)}&page={chance.randrange(9)}"
    return article


def _referrer(chance: random.Random, articles: Sequence[str]) -> str | None:
    kind = chance.random()
    if kind < 0.5:  # noqa: PLR2004  # from one page of the shop to the next
        return f"https://shop.example{chance.choice(articles)}"
    if kind < 0.7:  # noqa: PLR2004  # from a search
        return f"https://www.search.example/search?q={'+'.join(chance.sample(WORDS, 2))}"
    if kind < 0.8:  # noqa: PLR2004  # from elsewhere; a fifth come from nowhere
        return f"https://news{chance.randrange(40)}.example/a/{chance.randrange(9999)}"
    return None


def _line(chance: random.Random, visitor: _Visitor) -> tuple[str, str, str, list[str | int]]:
    number = chance.randrange(10**6, 10**7)
    lines: tuple[tuple[str, str, str, list[str | int]], ...] = (
        (
            "INFO",
            "shop.http",
            "%s answered %d in %d ms",
            ["/api/cart", chance.choice(STATUSES), number % 900],
        ),
        ("INFO", "shop.http", "%s %s answered %d", ["GET", f"/orders/{number}", 200]),
        ("DEBUG", "shop.cache", "kept %d keys, dropped %d", [number % 5000, number % 70]),
        ("INFO", "shop.jobs", "job %s done after %d s", [chance.choice(WORDS), number % 60]),
        (
            "WARNING",
            "shop.login",
            "login of %s from %s failed",
            [f"{visitor.subject}@mail.example", visitor.ip],
        ),
        (
            "ERROR",
            "shop.pay",
            "payment %s refused: %s",
            [f"{chance.getrandbits(128):032x}", "timeout"],
        ),
    )
    return lines[chance.choice((0, 0, 0, 1, 2, 3, 4, 5))]


def _zipf(chance: random.Random, many: int, count: int) -> list[int]:
    """Draw numbers below `many`, each the rarer the higher: the n-th 1/n as often as the first."""
    weights = list(accumulate(1 / (number + 1) for number in range(many)))
    return chance.choices(range(many), cum_weights=weights, k=count)


def _from_log(path: Path, count: int, seed: int) -> list[Given]:
    chance = random.Random(seed)
    visitors = _visitors()
    who = _zipf(chance, SUBJECTS, count)
    views = list(_lines_of(path, count))
    return [Given(views[at % len(views)], visitors[who[at]].subject) for at in range(count)]


def _lines_of(path: Path, count: int) -> Iterator[Mapping[str, Value]]:
    with ExitStack() as stack:
        if path.suffix == ".gz":
            lines = stack.enter_context(gzip.open(path, "rt", errors="replace"))
        else:
            lines = stack.enter_context(path.open(errors="replace"))
        for line in lines:
            found = COMBINED.fullmatch(line.rstrip("\r\n"))
            if found is None:
                continue
            ip, moment, request, status, referrer, agent = found.groups()
            method, page = split_request(request)
            at = time_ms(moment)
            yield {
                "occurred_at": at,
                "collected_at": BEGIN_MS,
                "ip": ip,
                "page": page,
                "method": method,
                "status": int(status),
                "referrer": None if referrer in {"-", ""} else referrer,
                "user_agent": None if agent in {"-", ""} else agent,
                "platform": "web",
            }
            count -= 1
            if not count:
                return
