"""The shops in examples/ start as their README says, and what is clicked in them is in the lake."""

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from kit.installation import Installation
from kit.leash import leashed
from kit.tree import ROOT
from kit.watching import until

EXAMPLES = ROOT / "examples"
ADDRESS = re.compile(r"http://127\.0\.0\.1:([1-9]\d*)")
STOP_S = 120


@dataclass(frozen=True, slots=True)
class Shop:
    """How a shop is started, and where its pages are.

    Attributes:
        command: Behind `python -m`, or the file.
        order: The path of an order, before its number and behind it.
    """

    command: tuple[str, ...]
    order: tuple[str, str] = ("/orders/", "")


SHOPS = {
    "fastapi": Shop(
        ("-m", "uvicorn", "--app-dir", str(EXAMPLES), "fastapi_shop:app", "--port", "0")
    ),
    "flask": Shop(
        ("-m", "gunicorn", "--chdir", str(EXAMPLES), "-w4", "-b127.0.0.1:0", "flask_shop:app")
    ),
    "django": Shop(
        (str(EXAMPLES / "django_shop.py"), "runserver", "--noreload", "127.0.0.1:0"),
        ("/orders/", "/"),
    ),
}


def start(installed: Installation, log: Path, *command: str) -> "subprocess.Popen[bytes]":
    """Start a program; what it says goes to a file."""
    environment = installed.env | {"PYTHONUNBUFFERED": "1"}
    with log.open("wb") as lines:
        return subprocess.Popen(
            leashed([sys.executable, *command]), env=environment, stdout=lines, stderr=lines
        )


@pytest.fixture
def receiving(embedded: Installation, tmp_path: Path) -> Iterator[Installation]:
    """An installation with `remit up` beside it."""
    embedded.prepare()
    up = start(embedded, tmp_path / "up.log", "-m", "remit_cli", "up", "--port", "0")
    yield embedded
    up.terminate()
    up.wait(STOP_S)


def click_through(address: str, order: tuple[str, str]) -> None:
    """Be a visitor who looks around, agrees, and looks on."""
    before, after = order
    with httpx.Client(base_url=address, timeout=60, trust_env=False) as browser:
        assert "Shop" in browser.get("/").text
        assert browser.get(f"{before}17{after}").json() == {"order": 17}
        assert browser.post("/consent/given").status_code == 204
        assert browser.get(f"{before}18{after}").json() == {"order": 18}
        assert browser.get("/none").status_code == 404
        assert browser.get("/healthz").status_code == 200


@pytest.mark.slow
@pytest.mark.parametrize("name", SHOPS)
def test_what_is_clicked_in_a_shop_is_in_the_lake(
    name: str, receiving: Installation, tmp_path: Path
) -> None:
    shop, log = SHOPS[name], tmp_path / "shop.log"
    server = start(receiving, log, *shop.command)
    try:
        until(lambda: ADDRESS.search(log.read_text()) is not None, f"{name} does not listen")
        found = ADDRESS.search(log.read_text())
        assert found is not None
        click_through(found[0], shop.order)
    finally:
        server.terminate()
        server.wait(STOP_S)
    receiving.settle()
    rows = receiving.rows("page_view").to_pylist()
    before, after = shop.order
    assert Counter(row["page"] for row in rows) == {
        "/": 1,
        f"{before}{{id}}{after}": 2,
        "/consent/{text}": 1,
        "/none": 1,
    }
    assert {row["status"] for row in rows} == {200, 204, 404}
    assert sum(row["subject"] is not None for row in rows) == 2  # those after the answer
    (change,) = receiving.rows("consent_change").to_pylist()
    assert (change["purpose"], change["status"]) == ("analytics.reporting", "given")
    assert "Traceback" not in log.read_text()
    assert receiving.breaches() == {}


def test_the_readme_names_each_shop_and_each_command() -> None:
    readme = (EXAMPLES / "README.md").read_text()
    for path in EXAMPLES.glob("*.py"):
        assert path.name in readme
        shown = re.search(r"`(.*)`", path.read_text().splitlines()[0])
        assert shown is not None
        assert shown[1] in readme
