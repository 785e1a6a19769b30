"""docs/web.md: each example runs as it stands."""

import os
import re
from pathlib import Path

import pytest

from kit.spooled import Home
from kit.tree import ROOT

PAGE = ROOT / "docs" / "web.md"
EXAMPLES = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda text: text.splitlines()[0])
def test_an_example_runs_as_it_stands(
    example: str, home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(os.environ, "REMIT_DATA", str(home.data))
    names: dict[str, object] = {}
    exec(compile(example, PAGE.name, "exec"), names)  # noqa: S102  # our own page
    app = names.get("app")
    assert app is not None or "MIDDLEWARE" in names
    if hasattr(app, "build_middleware_stack"):
        app.build_middleware_stack()  # Starlette makes what was added only when it is first asked
