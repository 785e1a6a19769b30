"""Policy files: what they say, made into models so that every complaint names file, line and the nearest right key.

How a file is read is in `yaml_file`, apart: an app goes by a signed bundle, and never pays for YAML.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import ClassVar, Self, TypeVar

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError

from remit_schemas.errors import PolicyError

Place = tuple[int | str, ...]
"""Where something stands in a file: the keys and positions that lead to it."""

LIKENESS = 0.6
"""How alike a misspelt key and the right one must be to be named: difflib's own default."""

LISTED_MAX = 16
"""Words listed where none is near: the keys of the longest part fit, and a line stays a line (our choice)."""

_PLAIN: Mapping[str, str] = {
    "missing": "is missing",
    "string_type": "must be a text: put it in quotes",
    "int_type": "must be a whole number",
    "tuple_type": "must be a list, such as [one, two]",
    "dict_type": "must be keys with values",
    "mapping_type": "must be keys with values",
    "model_type": "must be keys with values",
    "date_from_datetime_parsing": "must be a date, such as 2021-11-01",
    "date_type": "must be a date, such as 2021-11-01",
}
"""What pydantic's complaints are called for somebody who has never heard of it, by its codes."""


class Written(BaseModel):
    """A part of a file that people write: frozen, and no key of it can be misspelt in silence."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, defer_build=True
    )  # a part is built with the whole that it stands in: each by itself, too, were a fifth of the first client's start

    part: ClassVar[str] = "this file"
    """What a complaint calls this part."""

    @model_validator(mode="before")
    @classmethod
    def _knows_every_key(cls, data: object) -> object:
        """Refuse a key that is not one, and name the one that was probably meant."""
        for key in data if isinstance(data, Mapping) else ():
            if key not in cls.model_fields:
                near = nearest(str(key), cls.model_fields)
                message = f'"{key}" is not a key of {cls.part}{near}'
                raise complaint(message, (str(key),))
        return data

    @model_validator(mode="after")
    def _says_what_can_be(self) -> Self:
        """Refuse the first of the mistakes."""
        for place, words in self._mistakes():
            raise complaint(words, place)
        return self

    def _mistakes(self) -> Iterator[tuple[Place, str]]:
        """Find what no such part can say; each mistake with its place below the part."""
        yield from ()


WrittenT = TypeVar("WrittenT", bound=Written)


@dataclass(frozen=True, slots=True)
class Source:
    """A file as plain data.

    Attributes:
        path: The file.
        data: What it says.
        lines: The line, from 1, on which each place starts.
    """

    path: Path
    data: JsonValue
    lines: Mapping[Place, int]

    def at(self, place: Place) -> str:
        """Name file and line of a place, or of the nearest place around it."""
        while place and place not in self.lines:
            place = place[:-1]
        return f"{self.path}:{self.lines.get(place, 1)}"


def complaint(words: str, place: Place = ()) -> PydanticCustomError:
    """Make an error that knows which place below the failing part it speaks of."""
    return PydanticCustomError("policy", "{words}", {"words": words, "place": place})


def nearest(word: str, right: Mapping[str, object]) -> str:
    """Name the right word that was probably meant, or all of them if they fit into a line."""
    near = get_close_matches(word, right, n=1, cutoff=LIKENESS)
    if near:
        return f'; did you mean "{near[0]}"?'
    return f"; there are {', '.join(right)}" if 0 < len(right) <= LISTED_MAX else ""


def validate(model: type[WrittenT], source: Source) -> WrittenT:
    """Make a model of a file.

    Raises:
        PolicyError: The file says something that the model does not allow; the first such thing is named.
    """
    try:
        return model.model_validate(source.data)
    except ValidationError as error:
        raise PolicyError(_first(error, source)) from None


def _first(error: ValidationError, source: Source) -> str:
    """Put the complaint that stands first in the file into one line."""
    told = [(_place(details), _words(details)) for details in error.errors(include_url=False)]
    place, words = min(told, key=lambda one: source.lines.get(one[0], 0))
    others = f" (and {len(told) - 1} more)" if len(told) > 1 else ""
    return f"{source.at(place)}: {words}{others}"


def _place(details: ErrorDetails) -> Place:
    """Find where a complaint points."""
    below = details.get("ctx", {}).get("place", ())
    return (*details["loc"], *below)


def _words(details: ErrorDetails) -> str:
    """Put a complaint into words."""
    if details["type"] == "policy":
        return details["msg"]
    name = details["loc"][-1] if details["loc"] else "the file"
    if details["type"] in _PLAIN:
        return f'"{name}" {_PLAIN[details["type"]]}'
    message = details["msg"].removeprefix("Value error, ")
    return f'"{name}": {message[0].lower()}{message[1:]}'
