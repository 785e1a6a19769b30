"""What a policy tells a reducer: checked against its description, and completed."""

from collections.abc import Mapping
from difflib import get_close_matches
from types import MappingProxyType

from remit_schemas.errors import PolicyError
from remit_schemas.reducer import Parameter, Scalar
from remit_schemas.specs import SPECS


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
        word
        for word in value
        if isinstance(word, str) and 0 < len(word) <= parameter.entry_chars_max
    )
    if len(words) != len(value) or not _within(parameter, len(words)):
        message = f"{where} must be {_wanted(parameter)}"
        raise PolicyError(message)
    if len({word.casefold() for word in words}) != len(words):
        message = f"{where} has an entry twice"
        raise PolicyError(message)
    if parameter.check is not None:
        try:
            parameter.check(words)
        except PolicyError as error:
            message = f"{where}: {error}"
            raise PolicyError(message) from None
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
        return (
            f"a list of {parameter.low} to {parameter.high} words "
            f"of up to {parameter.entry_chars_max} characters"
        )
    return f"one of {', '.join(parameter.choices)}" if parameter.choices else "a text"
