"""Peers that make other values smaller: addresses, languages, pages, referrers."""

from ipaddress import IPv4Address, ip_address, ip_network
from typing import Final
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from bench.beside.peer import Out, Peer, load


def octets() -> Peer:
    """Snowplow's `anonOctets: 1` and `anonSegments: 5` as documented (re-implemented); its x is written as 0 here."""

    def reduce(value: str) -> Out:
        mark = ":" if ":" in value else "."
        parts = value.split(mark)
        return mark.join([*parts[:3], *("0" for _ in parts[3:])])

    return reduce


def anonip() -> Peer:
    """Anonip with masks of 8 and 80 bits, /24 and /48, on the value as a line's first word."""
    process: Peer = load("anonip").Anonip(ipv4mask=8, ipv6mask=80).process_line
    return process


def ipaddress() -> Peer:
    """The standard library, in the three lines that teams write."""

    def reduce(value: str) -> Out:
        address = ip_address(value)
        bits = 24 if isinstance(address, IPv4Address) else 48
        network = ip_network(f"{value}/{bits}", strict=False)
        return str(network.network_address)

    return reduce


def werkzeug() -> Peer:
    """Werkzeug's best of an Accept-Language header, and its first subtag."""
    parse = load("werkzeug.http").parse_accept_header
    accept = load("werkzeug.datastructures").LanguageAccept
    return lambda value: (parse(value, accept).best or "").replace("_", "-").partition("-")[0]


def langcodes() -> Peer:
    """Langcodes' reading of the header's first entry."""
    get = load("langcodes").Language.get
    return lambda value: str(get(value.partition(",")[0].partition(";")[0].strip()).language or "")


def w3lib() -> Peer:
    """w3lib's canonical URL."""
    canonical: Peer = load("w3lib.url").canonicalize_url
    return canonical


def url_normalize() -> Peer:
    """url-normalize's normal form."""
    normal: Peer = load("url_normalize").url_normalize
    return normal


def yarl() -> Peer:
    """The path of yarl's URL, without query and fragment."""
    url = load("yarl").URL
    return lambda value: str(url(value).path)


def path_alone() -> Peer:
    """The decoded path without query, as Plausible documents what it stores (re-implemented)."""
    return lambda value: unquote(urlsplit(value).path)[:2000]


_MASKED: Final = frozenset(
    "gclid gclsrc dclid gbraid wbraid fbclid msclkid twclid li_fat_id igshid ttclid rdt_cid epik qclid sccid".split()
)
"""Keys that PostHog's option for personal data masks, as documented."""


def query_masked() -> Peer:
    """Values of listed query keys masked, the rest as it was, as PostHog documents its option (re-implemented)."""

    def reduce(value: str) -> Out:
        parts = urlsplit(value)
        pairs = parse_qsl(parts.query, keep_blank_values=True)
        masked = [(key, "<MASKED>" if key in _MASKED else each) for key, each in pairs]
        return parts._replace(query=urlencode(masked)).geturl()

    return reduce


def referer_parser() -> Peer:
    """referer-parser's Python port: medium, source and the search term that it reads out."""
    read = load("referer_parser").Referer

    def reduce(value: str) -> Out:
        found = read(value)
        return {"medium": found.medium, "source": found.referer, "term": found.search_term}

    return reduce


def tldextract() -> Peer:
    """Tldextract's registrable domain, by the list that it ships."""
    extract = load("tldextract").TLDExtract(suffix_list_urls=(), cache_dir=None)
    return lambda value: {"domain": extract(value).top_domain_under_public_suffix or None}
