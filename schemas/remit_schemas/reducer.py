"""The reducers that a policy may name: what each takes, gives and may be told.

Only descriptions stand here. Policies are checked against them (`complete`), and the consumer implements exactly
these. The keyed pseudonym is none of them: it is made of a subject's secret, never of a field's value, so no
policy can put it on a field.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType

from remit_schemas.errors import PolicyError

Scalar = int | str | bool | tuple[str, ...]
"""What a parameter of a reducer can be."""

ENTRY_CHARS_MAX = 64
"""Characters of one entry of a list parameter: entries are words of a closed list, not texts (our choice)."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """Something a policy may tell a reducer.

    Attributes:
        name: The key in the policy.
        kind: `int`, `str` or `tuple` (a list of strings).
        default: The value where the policy says nothing; None where the policy must say it.
        low: The least value of an `int`, or the least number of entries of a `tuple`.
        high: The greatest value, or the greatest number of entries.
        choices: The only values a `str` can have; empty where any will do.
        unit: The unit of the value.
        source: Why the default and the bounds are what they are.
    """

    name: str
    kind: type
    default: Scalar | None
    low: int | None = None
    high: int | None = None
    choices: tuple[str, ...] = ()
    unit: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Output:
    """A column that a reducer writes.

    Attributes:
        suffix: The column is `<field>_<suffix>`; empty means the field's own name.
        arrow: The Arrow type by name: `string`, `int32`, `bool` or `timestamp[ms, UTC]`.
    """

    suffix: str
    arrow: str = "string"

    def column(self, field: str) -> str:
        """Name the column that this output of `field` is written to."""
        return f"{field}_{self.suffix}" if self.suffix else field


@dataclass(frozen=True, slots=True)
class ReducerSpec:
    """A named way to make a value smaller.

    Attributes:
        name: The name in policies, receipts and column metadata.
        takes: What kind of field it can stand on: `string`, `timestamp` or `int`.
        outputs: The columns it writes, in order.
        parameters: What a policy may tell it.
        summary: What it does, in a sentence for a reader of the policy.
        example: A value, and what is left of it (JSON where there are several outputs).
    """

    name: str
    takes: str
    outputs: tuple[Output, ...]
    parameters: tuple[Parameter, ...]
    summary: str
    example: tuple[str, str]


_TEXT = (Output(""),)

_ALL = (
    ReducerSpec(
        name="ip",
        takes="string",
        outputs=_TEXT,
        parameters=(
            Parameter(
                name="v4_bits",
                kind=int,
                default=24,
                low=8,
                high=24,
                unit="leading bits kept of an IPv4 address",
                source="a /24 is the smallest block routed between networks, so it names no single host",
            ),
            Parameter(
                name="v6_bits",
                kind=int,
                default=48,
                low=16,
                high=64,
                unit="leading bits kept of an IPv6 address",
                source="RFC 6177: a /48 is a site; a /64 is one link, often one household, so never longer",
            ),
        ),
        summary="Keeps the network of an IP address and loses the host; anything else becomes null.",
        example=("203.0.113.77", "203.0.113.0"),
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
        summary="Keeps the family and major version of browser and system, a device class, and whether it is a bot.",
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
                choices=("second", "minute", "hour", "day"),
                unit="what a time is rounded down to, in UTC",
                source="the server logs of this policy's kind name date and time; finer than a second names a request",
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
        ),
        summary="Keeps a page's path with segments that look like identifiers named by kind; query and fragment go.",
        example=("/orders/123456?email=a%40example.com#top", "/orders/{number}"),
    ),
    ReducerSpec(
        name="referrer",
        takes="string",
        outputs=_TEXT,
        parameters=(),
        summary="Keeps the registrable domain of the page that led here; path, query and host names go.",
        example=("https://news.example.co.uk/item?id=7", "example.co.uk"),
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
        summary="Replaces addresses, e-mails, phone, card and account numbers, secrets and URLs by a mark of their kind.",
        example=("login of a@example.com from 203.0.113.77", "login of <email> from <ip>"),
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


def complete(name: str, given: Mapping[str, object]) -> Mapping[str, Scalar]:
    """Check what a policy tells a reducer and fill in the rest.

    Args:
        name: The reducer.
        given: Parameters as the policy's file has them; lists stand for tuples.

    Returns:
        Every parameter of the reducer, in its own order.

    Raises:
        PolicyError: The reducer or a parameter is unknown, missing, of another type or out of bounds.
    """
    spec = SPECS.get(name)
    if spec is None:
        message = f"unknown reducer {name!r}{_nearest(name, list(SPECS))}"
        raise PolicyError(message)
    known = [parameter.name for parameter in spec.parameters]
    for key in given:
        if key not in known:
            message = f"reducer {name!r} has no parameter {key!r}{_nearest(key, known)}"
            raise PolicyError(message)
    return MappingProxyType(
        {parameter.name: _checked(name, parameter, given) for parameter in spec.parameters}
    )


def _nearest(word: str, right: list[str]) -> str:
    """Say which right word was probably meant."""
    if not right:
        return "; it has none"
    near = get_close_matches(word, right, n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else f"; there are {', '.join(right)}"


def _checked(reducer: str, parameter: Parameter, given: Mapping[str, object]) -> Scalar:
    """Take one parameter from what is given, or its default."""
    where = f"parameter {parameter.name!r} of reducer {reducer!r}"
    value = given.get(parameter.name, parameter.default)
    if value is None:
        message = f"{where} is missing ({parameter.unit})"
        raise PolicyError(message)
    if isinstance(value, bool):
        message = f"{where} must be {_wanted(parameter)}"
        raise PolicyError(message)
    if parameter.kind is tuple and isinstance(value, list | tuple):
        return _checked_list(where, parameter, value)
    if parameter.kind is str and isinstance(value, str):
        if parameter.choices and value not in parameter.choices:
            message = f"{where} is {value!r}{_nearest(value, list(parameter.choices))}"
            raise PolicyError(message)
        return value
    if parameter.kind is int and isinstance(value, int):
        if not _within(parameter, value):
            message = f"{where} is {value}, but must be {_wanted(parameter)}"
            raise PolicyError(message)
        return value
    message = f"{where} must be {_wanted(parameter)}"
    raise PolicyError(message)


def _checked_list(
    where: str, parameter: Parameter, value: list[object] | tuple[object, ...]
) -> tuple[str, ...]:
    """Take a list of distinct words of bounded length."""
    words = tuple(
        word for word in value if isinstance(word, str) and 0 < len(word) <= ENTRY_CHARS_MAX
    )
    if len(words) != len(value) or not _within(parameter, len(words)):
        message = f"{where} must be {_wanted(parameter)}"
        raise PolicyError(message)
    if len({word.casefold() for word in words}) != len(words):
        message = f"{where} has an entry twice"
        raise PolicyError(message)
    return words


def _within(parameter: Parameter, number: int) -> bool:
    """Whether a number lies within the bounds, both included."""
    return (parameter.low is None or number >= parameter.low) and (
        parameter.high is None or number <= parameter.high
    )


def _wanted(parameter: Parameter) -> str:
    """Describe what a parameter can be."""
    if parameter.kind is int:
        return f"a whole number from {parameter.low} to {parameter.high}"
    if parameter.kind is tuple:
        return f"a list of {parameter.low} to {parameter.high} words of up to {ENTRY_CHARS_MAX} characters"
    return f"one of {', '.join(parameter.choices)}" if parameter.choices else "a text"
