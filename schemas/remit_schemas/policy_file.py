"""Policy files: YAML read so that every complaint names file, line and the nearest right key.

A narrow YAML: mappings with distinct text keys, lists, texts, whole numbers, `true`, `false`, `null`. Tags, aliases
and merge keys are refused: a policy reads the same to a lawyer and to a machine.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import ClassVar, Self, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError

from remit_schemas.errors import PolicyError

Place = tuple[int | str, ...]
"""Where something stands in a file: the keys and positions that lead to it."""

LIKENESS = 0.6
"""How alike a misspelt key and the right one must be to be named: difflib's own default."""

FILES_REMEMBERED = 8
"""Files kept as plain data, 0.6 MB each at most (measured): the versions of a policy with their registers of sentences."""

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

_TAG = "tag:yaml.org,2002:"
_LOADER: type[yaml.SafeLoader | yaml.CSafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_AS_TEXT = frozenset({"str", "timestamp", "float"})  # dates stay as they were written
_WHOLE = re.compile(r"-?(0|[1-9]\d{0,17})")  # what 64 bits hold


class Written(BaseModel):
    """A part of a file that people write: frozen, and no key of it can be misspelt in silence."""

    model_config = ConfigDict(extra="forbid", frozen=True)

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


def read_yaml(path: Path) -> Source:
    """Read a file.

    Raises:
        PolicyError: There is no such file, or it is not the narrow YAML.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        message = f"{path}: cannot be read: {error.strerror}"
        raise PolicyError(message) from None
    except UnicodeDecodeError:
        message = f"{path}: is not UTF-8 text"
        raise PolicyError(message) from None
    return _read(path, text)


@lru_cache(maxsize=FILES_REMEMBERED)
def _read(path: Path, text: str) -> Source:
    """Read what stands in a file; most programs ask for the same few a handful of times while they start."""
    return _Reader(path).read(text)


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


class _Reader:
    """Turns YAML into plain data and remembers the lines."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lines: dict[Place, int] = {}

    def read(self, text: str) -> Source:
        """Read a whole file."""
        node = self._compose(text)
        if node is None:
            message = f"{self._path}: says nothing"
            raise PolicyError(message)
        return Source(self._path, self._value(node, ()), self._lines)

    def _compose(self, text: str) -> yaml.Node | None:
        """Find the structure of a file; aliases hide what a rule says, and can blow a small file up."""
        try:
            for event in yaml.parse(text, Loader=_LOADER):
                if isinstance(event, yaml.AliasEvent):
                    raise self._error(event, "aliases are not allowed")
            return yaml.compose(text, Loader=_LOADER)
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            message = f"{self._path}:{line}: not YAML: {error.problem}"
            raise PolicyError(message) from None
        except yaml.YAMLError:
            message = f"{self._path}: has characters that YAML does not allow"
            raise PolicyError(message) from None
        except RecursionError:
            message = f"{self._path}: is nested too deeply"
            raise PolicyError(message) from None

    def _value(self, node: yaml.Node, place: Place) -> JsonValue:
        self._lines.setdefault(place, node.start_mark.line + 1)
        kind = node.tag.removeprefix(_TAG)
        if isinstance(node, yaml.MappingNode) and kind == "map":
            return self._mapping(node, place)
        if isinstance(node, yaml.SequenceNode) and kind == "seq":
            return [self._value(item, (*place, n)) for n, item in enumerate(node.value)]
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, kind)
        raise self._error(node, "tags are not allowed")

    def _mapping(self, node: yaml.MappingNode, place: Place) -> dict[str, JsonValue]:
        found: dict[str, JsonValue] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag != f"{_TAG}str":
                raise self._error(key, "a key must be a text (put it in quotes)")
            name = str(key.value)
            if name in found:
                raise self._error(key, f'"{name}" stands here twice')
            self._lines[(*place, name)] = key.start_mark.line + 1
            found[name] = self._value(value, (*place, name))
        return found

    def _scalar(self, node: yaml.ScalarNode, kind: str) -> JsonValue:
        text = str(node.value)
        if kind in _AS_TEXT or (kind == "int" and not _WHOLE.fullmatch(text)):
            return text
        if kind == "int":
            return int(text)
        if kind == "bool":
            return text.lower() in {"true", "yes", "on"}
        if kind == "null":
            return None
        raise self._error(node, "tags are not allowed")

    def _error(self, node: yaml.Node | yaml.Event, words: str) -> PolicyError:
        line = node.start_mark.line + 1 if node.start_mark else 1
        return PolicyError(f"{self._path}:{line}: {words}")
