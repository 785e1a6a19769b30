"""The project's own source, as the house rules read it: modules, what they import, functions, public things."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = {
    "remit": ROOT / "producers" / "remit",
    "remit_cli": ROOT / "consumers" / "remit_cli",
    "remit_consumers": ROOT / "consumers" / "remit_consumers",
    "remit_schemas": ROOT / "schemas" / "remit_schemas",
}
Function = ast.FunctionDef | ast.AsyncFunctionDef
Documented = ast.Module | ast.ClassDef | Function


@dataclass(frozen=True)
class Module:
    """One module of ours.

    Attributes:
        name: Its import path.
        path: Its file.
        tree: Its parsed source.
    """

    name: str
    path: Path
    tree: ast.Module

    @property
    def package(self) -> str:
        """The package that its relative imports start from: itself, for an `__init__`."""
        return self.name if self.path.name == "__init__.py" else self.name.rpartition(".")[0]

    @property
    def root(self) -> str:
        """The first part of its import path."""
        return self.name.partition(".")[0]


@cache
def modules() -> dict[str, Module]:
    """Give every module of ours by import path."""
    found = {}
    for root, folder in PACKAGES.items():
        for path in sorted(folder.rglob("*.py")):
            parts = path.relative_to(folder).with_suffix("").parts
            name = ".".join((root, *(part for part in parts if part != "__init__")))
            found[name] = Module(name, path, ast.parse(path.read_text(encoding="utf-8")))
    return found


def imports_of(module: Module, node: ast.AST | None = None) -> Iterator[tuple[str, str | None]]:
    """Yield what a module imports, wherever in it: the module, and the name taken from it if one is.

    A submodule taken from a package is given as the submodule and None.
    """
    for part in ast.walk(node or module.tree):
        if isinstance(part, ast.Import):
            yield from ((alias.name, None) for alias in part.names)
        elif isinstance(part, ast.ImportFrom):
            base = _absolute(module, part)
            for alias in part.names:
                whole = f"{base}.{alias.name}"
                yield (whole, None) if whole in modules() else (base, alias.name)


def functions_of(module: Module) -> Iterator[tuple[str, Function]]:
    """Yield every function of a module, also those inside others, with its dotted name."""
    yield from _functions(module.name, module.tree)


def lines_of(function: Function) -> int:
    """Count the lines of a function from its `def` to its end, without its docstring."""
    last = function.end_lineno or function.lineno
    lines = last - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function, clean=False) is not None and first.end_lineno is not None:
        lines -= first.end_lineno - first.lineno + 1
    return lines


def public_things(module: Module) -> Iterator[tuple[str, Documented]]:
    """Yield what others may use of a module: itself, its classes, functions and methods without an underscore."""
    if any(part.startswith("_") and part != "__main__" for part in module.name.split(".")):
        return
    yield module.name, module.tree
    yield from _public(module.name, module.tree)


def _absolute(module: Module, part: ast.ImportFrom) -> str:
    if not part.level:
        return part.module or ""
    base = module.package.split(".")
    base = base[: len(base) - part.level + 1]
    return ".".join([*base, part.module] if part.module else base)


def _functions(name: str, node: ast.AST) -> Iterator[tuple[str, Function]]:
    for part in ast.iter_child_nodes(node):
        inner = f"{name}.{part.name}" if isinstance(part, Function | ast.ClassDef) else name
        if isinstance(part, Function):
            yield inner, part
        yield from _functions(inner, part)


def _public(name: str, node: ast.Module | ast.ClassDef) -> Iterator[tuple[str, Documented]]:
    for part in node.body:
        if isinstance(part, Function | ast.ClassDef) and not part.name.startswith("_"):
            yield f"{name}.{part.name}", part
            if isinstance(part, ast.ClassDef):
                yield from _public(f"{name}.{part.name}", part)
