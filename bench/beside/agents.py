"""Peers that read user agents: each gives browser, system, device class and bot as far as it knows them."""

from typing import Final

from bench.beside.peer import Out, Peer, load

_DESKTOPS: Final = ("Windows", "Mac OS X", "Linux", "Ubuntu", "Fedora", "Chrome OS")


def ua_parser() -> Peer:
    """ua-parser with its default resolver; its device family read as a class, as a team would."""
    parse = load("ua_parser").parse

    def reduce(value: str) -> Out:
        found = parse(value)
        device = found.device.family if found.device else ""
        system = found.os.family if found.os else ""
        return {
            "browser": found.user_agent.family if found.user_agent else None,
            "os": system or None,
            "device": _device(device, system),
            "bot": device == "Spider",
        }

    return reduce


def _device(device: str, system: str) -> str:
    if device == "Spider":
        return "bot"
    if device == "iPad" or "Tablet" in device or device.startswith("Kindle"):
        return "tablet"
    if "TV" in device or system in {"tvOS", "webOS"}:
        return "tv"
    return "desktop" if not device or system in _DESKTOPS else "mobile"


def user_agents() -> Peer:
    """user-agents, which stands on ua-parser."""
    parse = load("user_agents").parse

    def reduce(value: str) -> Out:
        found = parse(value)
        kinds = {
            "bot": found.is_bot,
            "tablet": found.is_tablet,
            "mobile": found.is_mobile,
            "desktop": found.is_pc,
        }
        return {
            "browser": found.browser.family,
            "os": found.os.family,
            "device": next((kind for kind, holds in kinds.items() if holds), "other"),
            "bot": found.is_bot,
        }

    return reduce


def device_detector() -> Peer:
    """The Python port of Matomo's device detector."""
    detector = load("device_detector").DeviceDetector

    def reduce(value: str) -> Out:
        found = detector(value).parse()
        return {
            "browser": found.client_name(),
            "os": found.os_name(),
            "device": found.device_type(),
            "bot": found.is_bot(),
        }

    return reduce


def woothee() -> Peer:
    """woothee, with its categories read as device classes."""
    parse = load("woothee").parse
    classes = {"pc": "desktop", "smartphone": "mobile", "mobilephone": "mobile", "crawler": "bot"}

    def reduce(value: str) -> Out:
        found = parse(value)
        category = found["category"]
        return {
            "browser": found["name"],
            "os": found["os"],
            "device": classes.get(category, "other"),
            "bot": category == "crawler",
        }

    return reduce


def httpagentparser() -> Peer:
    """httpagentparser, whose platform is the system and which knows no device."""
    detect = load("httpagentparser").detect

    def reduce(value: str) -> Out:
        found = detect(value)
        return {
            "browser": found.get("browser", {}).get("name"),
            "os": found.get("platform", {}).get("name"),
            "bot": bool(found.get("bot")),
        }

    return reduce


def crawlerdetect() -> Peer:
    """CrawlerDetect, for bots only."""
    is_crawler = load("crawlerdetect").CrawlerDetect().is_crawler
    return lambda value: {"bot": bool(is_crawler(value))}


def crawler_user_agents() -> Peer:
    """crawler-user-agents, for bots only."""
    is_crawler = load("crawleruseragents").is_crawler
    return lambda value: {"bot": bool(is_crawler(value))}
