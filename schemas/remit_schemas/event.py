"""What all typed events have in common. The events themselves are generated: see `remit_schemas.events`.

They are plain slotted classes. Measured for a full `PageView`, each built and then encoded, in one run: pydantic model 6.1 µs,
pydantic dataclass 6.1, dataclass with checks 5.2, this 3.4; and importing pydantic takes longer than `import remit` may.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from time import time_ns
from typing import Any, ClassVar, NoReturn, Self

from remit_schemas.avro_value import YEAR_10000_MS
from remit_schemas.errors import EncodeError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""Where milliseconds are counted from."""

MS = timedelta(milliseconds=1)

NS_PER_MS = 1_000_000

TEXT = (str, type(None))
WHOLE = (int, type(None))
NUMBER = (float, type(None))
TRUTH = (bool, type(None))
"""For fields that may be null: the types of values that are taken as they are."""

unsealed: Callable[[type], Any] = object.__new__
"""A new event that can still be written to: an instance of the class that holds the slots."""


class Event:
    """Something that happened in an app: never changed once built, and shown without its values."""

    __slots__ = ()
    __contract__: ClassVar[str]
    __fields__: ClassVar[tuple[str, ...]]

    @classmethod
    def of(cls, values: Mapping[str, object]) -> Self:
        """Build an event from values under their fields' names, as they come from JSON.

        Args:
            values: Times may be ISO 8601 text with an offset, too.

        Raises:
            EncodeError: A name is no field, or a value is not of its field's type.
        """
        known = frozenset(cls.__fields__)
        for name in values:
            if name not in known:
                nearest = get_close_matches(name, known, n=1)
                hint = f", did you mean {nearest[0]}" if nearest else ""
                raise EncodeError(
                    f"{cls.__contract__}: a name of {len(name)} characters is no field{hint}"
                )
        build: Callable[..., Self] = cls
        return build(**values)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} cannot be changed once built")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} cannot be changed once built")

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.__fields__)

    def __hash__(self) -> int:
        return hash((self.__contract__, *(getattr(self, name) for name in self.__fields__)))

    def __repr__(self) -> str:
        given = (f"{name}=…" for name in self.__fields__ if getattr(self, name) is not None)
        return f"{type(self).__name__}({', '.join(given)})"

    def __reduce__(self) -> tuple[object, ...]:
        return type(self).of, ({name: getattr(self, name) for name in self.__fields__},)


def now_ms() -> int:
    """The time, in milliseconds since 1970."""
    return time_ns() // NS_PER_MS


def text(value: object, where: str) -> str:
    """The plain text of what is not plainly a `str`: a member of a `StrEnum` is one.

    Args:
        value: What was given.
        where: The contract and field, for the message.
    """
    if isinstance(value, str):
        return str.__str__(value)
    raise EncodeError(f"{where}: text is wanted, not {type(value).__name__}")


def whole(value: object, where: str) -> int:
    """The plain number of what is not plainly an `int`: `HTTPStatus.OK` is one, `True` is none."""
    if isinstance(value, int) and not isinstance(value, bool):
        return int.__int__(value)
    raise EncodeError(f"{where}: a whole number is wanted, not {type(value).__name__}")


def number(value: object, where: str) -> float:
    """The number of what is not plainly a `float`."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    raise EncodeError(f"{where}: a number is wanted, not {type(value).__name__}")


def truth(value: object, where: str) -> bool:
    """Refuse what is neither true nor false."""
    raise EncodeError(f"{where}: true or false is wanted, not {type(value).__name__}")


def moment_ms(value: object, where: str) -> int:
    """Milliseconds since 1970 of a time.

    Args:
        value: An aware datetime, milliseconds since 1970, or ISO 8601 text with an offset.
        where: The contract and field, for the message.
    """
    if isinstance(value, str):
        value = _parsed(value, where)
    if isinstance(value, datetime):
        if value.utcoffset() is None:
            raise EncodeError(
                f"{where}: a time without an offset may mean any hour; give it a tzinfo"
            )
        value = (value - EPOCH) // MS
    ms = whole(value, where)
    if not 0 <= ms < YEAR_10000_MS:
        raise EncodeError(f"{where}: a time from 1970 to 9999 is wanted, in milliseconds")
    return ms


def _parsed(iso: str, where: str) -> datetime:
    """The datetime of ISO 8601 text."""
    try:
        return datetime.fromisoformat(iso)
    except ValueError:
        pass
    raise EncodeError(f"{where}: {len(iso)} characters are no ISO 8601 time")


def is_there(value: object) -> bool:
    """Whether a field holds anything: neither null nor an empty text."""
    return value is not None and value != ""
