"""The reducers that a policy may name.

Only descriptions stand here. Policies are checked against them (`parameters.complete`), and the consumer implements
exactly these. The keyed pseudonym is none of them: it is made of a subject's secret, never of a field's value, so no
policy can put it on a field.
"""

from collections.abc import Mapping
from types import MappingProxyType

from remit_schemas.precision import (
    PRECISIONS,
    check_by_purpose,
    check_decay,
    decays_less,
    is_finer_for_a_purpose,
)
from remit_schemas.reducer import FINAL, Output, Parameter, ReducerSpec
from remit_schemas.routes import ROUTE_CHARS_MAX, ROUTES_MAX, check_routes, differ

FREE_TEXT_DAYS_MAX = 7
"""Days that scrubbed text may be kept: it may still hold what no pattern knows, so it goes as soon as a fault of the
week is understood (our choice; no peer bounds it)."""

_TEXT = (Output(""),)

_V4_BITS = Parameter(
    name="v4_bits",
    kind=int,
    default=24,
    low=8,
    high=24,
    unit="leading bits kept of an IPv4 address",
    source="a /24 is the smallest block routed between networks, so it names no single host",
)

_V6_BITS = Parameter(
    name="v6_bits",
    kind=int,
    default=48,
    low=16,
    high=64,
    unit="leading bits kept of an IPv6 address",
    source="RFC 6177: a /48 is a site; a /64 is one link, often one household, so never longer",
)

_ALL = (
    ReducerSpec(
        name="ip",
        takes="string",
        outputs=_TEXT,
        parameters=(_V4_BITS, _V6_BITS),
        summary="Keeps the network of an IP address and loses the host; anything else becomes null.",
        example=("203.0.113.77", "203.0.113.0"),
    ),
    ReducerSpec(
        name="ip_place",
        takes="string",
        outputs=(Output("", FINAL), Output("country", FINAL), Output("region", FINAL)),
        parameters=(
            _V4_BITS,
            _V6_BITS,
            Parameter(
                name="place",
                kind=str,
                default="country",
                choices=("region", "country"),
                unit="the finest place that is looked up",
                source="a country has many people; a region can have few, so it has to be asked for",
            ),
        ),
        summary="Looks up the country, or country and region, of an IP address, then keeps its network alone.",
        example=(
            "192.31.196.77",  # AS112, a service of the DNS: no person's, and no documentation's, which has no place
            '{"ip_place": "192.31.196.0", "country": "US", "region": null}',
        ),
    ),
    ReducerSpec(
        name="ip_encrypted",
        takes="string",
        outputs=(Output("", FINAL),),
        parameters=(
            Parameter(
                name="v4_bits",
                kind=int,
                default=24,
                low=8,
                high=32,
                unit="leading bits kept of an IPv4 address, encrypted",
                source="a /24 as for `ip`; all 32 tell hosts apart without naming them, and have to be asked for",
            ),
            _V6_BITS,
            Parameter(
                name="rotate_days",
                kind=int,
                default=0,
                low=0,
                high=3650,
                endless=0,
                unit="days for which one key is kept, counted from 1970-01-01; 0 is for ever",
                source="the policy's choice: what is to be compared over a quarter needs a key that lasts one",
            ),
        ),
        summary="Keeps the network of an IP address, encrypted: networks that share a prefix still do, and none is named.",
        example=("203.0.113.77", "62.249.102.0"),  # under a key of 32 zeros
    ),
    ReducerSpec(
        name="user_agent",
        takes="string",
        outputs=(
            Output("browser"),
            Output("browser_major"),
            Output("os"),
            Output("os_major"),
            Output("device"),
            Output("bot", "bool"),
        ),
        parameters=(),
        summary=(
            "Keeps the family and major version of browser and system, a device class, and whether it is a bot; "
            "Client Hints behind the agent string win over it."
        ),
        example=(
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            (
                '{"browser": "Firefox", "browser_major": "140", "os": "Linux", "os_major": null, '
                '"device": "desktop", "bot": false}'
            ),
        ),
    ),
    ReducerSpec(
        name="language",
        takes="string",
        outputs=_TEXT,
        parameters=(),
        summary="Keeps the first preferred language and loses region, script, order and the other languages.",
        example=("de-CH,de;q=0.9,en;q=0.8", "de"),
    ),
    ReducerSpec(
        name="timestamp",
        takes="timestamp",
        outputs=(Output("", "timestamp[ms, UTC]"),),
        parameters=(
            Parameter(
                name="precision",
                kind=str,
                default="second",
                choices=PRECISIONS,
                unit="what a time is rounded down to, in UTC",
                source="the server logs of this policy's kind name date and time; finer than a second names a request",
            ),
            Parameter(
                name="by_purpose",
                kind=tuple,
                default=(),
                low=0,
                high=32,
                unit="precision kept for a purpose, such as `analytics.reporting hour`; others have `precision`",
                source="GDPR article 5(1)(c): what a purpose does not need is not kept for it",
                check=check_by_purpose,
                is_looser=is_finer_for_a_purpose,
            ),
            Parameter(
                name="decay",
                kind=tuple,
                default=(),
                low=0,
                high=8,
                unit="precision kept from an age on, such as `30 days hour`; ages rise, precisions get no finer",
                source="GDPR article 5(1)(e): in a form that identifies no longer than is needed",
                check=check_decay,
                is_looser=decays_less,
            ),
        ),
        summary="Rounds a time down to the precision, in UTC.",
        example=("2021-11-01T10:20:30.456Z", "2021-11-01T10:20:30Z"),
    ),
    ReducerSpec(
        name="page",
        takes="string",
        outputs=_TEXT,
        parameters=(
            Parameter(
                name="allow",
                kind=tuple,
                default=(),
                low=0,
                high=32,
                unit="query keys whose value is kept where it is a plain word",
                source="queries carry identifiers and search terms: nothing is kept that is not asked for by name",
            ),
            Parameter(
                name="routes",
                kind=tuple,
                default=(),
                low=0,
                high=ROUTES_MAX,
                unit="routes of the app whose words are kept, as FastAPI, Flask or Django write them",
                source="the app itself knows which segments are words and which are data",
                entry_chars_max=ROUTE_CHARS_MAX,
                check=check_routes,
                is_looser=differ,
            ),
        ),
        summary="Keeps a page's path with segments that look like identifiers named by kind; query and fragment go.",
        example=("/orders/123456?email=a%40example.com#top", "/orders/{number}"),
    ),
    ReducerSpec(
        name="referrer",
        takes="string",
        outputs=(Output("domain"), Output("medium"), Output("source")),
        parameters=(
            Parameter(
                name="own",
                kind=tuple,
                default=(),
                low=0,
                high=64,
                unit="registrable domains of the app itself, kept with the medium `internal`",
                source="whether a visitor came from outside is asked of every referrer, and only the app knows its own",
            ),
        ),
        summary="Keeps the registrable domain that led here, its medium, and its name where well known; path and query go.",
        example=(
            "https://www.google.co.uk/search?q=shoes",
            '{"domain": "google.co.uk", "medium": "search", "source": "Google"}',
        ),
    ),
    ReducerSpec(
        name="free_text",
        takes="string",
        outputs=_TEXT,
        parameters=(
            Parameter(
                name="chars_max",
                kind=int,
                default=4096,
                low=16,
                high=65_536,
                unit="characters kept of a text, after scrubbing",
                source="log lines beyond 4,096 characters are dumps of data, not messages (our choice)",
            ),
        ),
        summary="Replaces addresses, e-mails, names of accounts, phone, card and id numbers, secrets, URLs and queries by a mark of their kind.",
        example=("login of a@example.com from 203.0.113.77", "login of <email> from <ip>"),
        keep_days_max=FREE_TEXT_DAYS_MAX,
    ),
    ReducerSpec(
        name="closed",
        takes="string",
        outputs=_TEXT,
        parameters=(
            Parameter(
                name="values",
                kind=tuple,
                default=None,
                low=1,
                high=64,
                unit="the only values kept, in any case of letters",
                source="a closed list holds nothing that was not written by the policy's author",
            ),
        ),
        summary="Keeps a value of the policy's own list, written as there; anything else becomes `other`.",
        example=("get", "GET"),
    ),
    ReducerSpec(
        name="identifier",
        takes="string",
        outputs=_TEXT,
        parameters=(),
        summary="Keeps a programmer's name (letters, digits, `_.:-`, up to 64, no long numbers); else null.",
        example=("shop.checkout", "shop.checkout"),
    ),
    ReducerSpec(
        name="identifiers",
        takes="string",
        outputs=_TEXT,
        parameters=(),
        summary="Keeps those of up to 32 names that `identifier` would keep, each once and sorted; else null.",
        example=(
            "payment.progress, page_view.ip, ada@example.com",
            "page_view.ip payment.progress",
        ),
    ),
    ReducerSpec(
        name="presence",
        takes="string",
        outputs=(Output("given", "bool"),),
        parameters=(),
        summary="Keeps only that a value was there; the value itself goes.",
        example=("ada@example.com", "true"),
    ),
    ReducerSpec(
        name="hardware",
        takes="string",
        outputs=(Output("cpu"), Output("memory")),
        parameters=(),
        summary="Keeps closed bins of the number of processors and of memory in GB; models and serials go.",
        example=("cores=8 memory_gb=16", '{"cpu": "5-8", "memory": "16"}'),
    ),
    ReducerSpec(
        name="screen",
        takes="string",
        outputs=_TEXT,
        parameters=(),
        summary="Keeps the class of a screen by its longer side: small, medium, large or huge.",
        example=("1920x1080", "large"),
    ),
)

SPECS: Mapping[str, ReducerSpec] = MappingProxyType({spec.name: spec for spec in _ALL})
"""Every reducer that a policy may put on a field, by name."""
