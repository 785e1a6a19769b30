"""YAML files that people write, read as plain data that knows its lines.

A narrow YAML: mappings with distinct text keys, lists, texts, whole numbers, `true`, `false`, `null`. Tags, aliases
and merge keys are refused: a policy reads the same to a lawyer and to a machine.
"""

import re
from functools import lru_cache
from pathlib import Path

import yaml
from pydantic import JsonValue

from remit_schemas.errors import PolicyError
from remit_schemas.policy_file import Place, Source

FILES_REMEMBERED = 8
"""Files kept as plain data, 0.6 MB each at most (measured): the versions of a policy with their registers of sentences."""

_TAG = "tag:yaml.org,2002:"
_LOADER: type[yaml.SafeLoader | yaml.CSafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_AS_TEXT = frozenset({"str", "timestamp", "float"})  # dates stay as they were written
_WHOLE = re.compile(r"-?(0|[1-9]\d{0,17})")  # what 64 bits hold


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
