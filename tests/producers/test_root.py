"""The root of the SDK: what is used is loaded when it is named, and types say the same as the running code."""

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import remit


def test_the_types_of_the_root_come_from_where_its_names_are_loaded() -> None:
    tree = ast.parse(Path(str(remit.__file__)).read_text("utf-8"))
    typed = {
        alias.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert sorted(typed) == remit.__all__
    for name, module in typed.items():
        assert getattr(remit, name) is getattr(import_module(str(module)), name)


def test_importing_the_root_loads_no_other_module_of_ours_and_none_of_others() -> None:
    script = "import sys, remit; print(*{m.partition('.')[0] for m in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert not {"pydantic", "yaml", "cryptography", "remit_schemas"} & set(done.stdout.split())


def test_a_name_that_the_root_does_not_have_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Clinet'"):
        _ = remit.Clinet
