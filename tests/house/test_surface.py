"""What stands in a root package's `__all__` is a promise: complete, importable and documented."""

import ast
import importlib
import inspect

import pytest

from kit.tree import PACKAGES, modules, public_things

everyone = pytest.mark.parametrize("name", sorted(PACKAGES))


@everyone
def test_a_root_package_says_all_it_gives(name: str) -> None:
    package = importlib.import_module(name)
    assert isinstance(package.__all__, list | tuple)
    visible = {
        word
        for word in dir(package)
        if not word.startswith("_") and not inspect.ismodule(getattr(package, word))
    }
    assert set(package.__all__) - {"__version__"} == visible


@everyone
def test_nothing_in_all_stands_twice_or_out_of_order(name: str) -> None:
    promised = list(importlib.import_module(name).__all__)
    assert len(promised) == len(set(promised))


@everyone
def test_everything_promised_says_what_it_is(name: str) -> None:
    package = importlib.import_module(name)
    silent = [
        word
        for word in package.__all__
        if callable(getattr(package, word)) and not inspect.getdoc(getattr(package, word))
    ]
    assert not silent


@everyone
def test_a_package_is_marked_as_typed(name: str) -> None:
    assert (PACKAGES[name] / "py.typed").exists()


def test_everything_public_has_a_docstring() -> None:
    silent = [
        name
        for module in modules().values()
        for name, thing in public_things(module)
        if not ast.get_docstring(thing)
    ]
    assert not silent
