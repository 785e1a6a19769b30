"""Edge and operator's port by their own OpenAPI documents: called by Schemathesis, neither fails nor answers otherwise than it says."""

import json
import subprocess
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest
from prometheus_client import CollectorRegistry
from starlette.routing import Route

from kit.apart import NotInstalled, python_of
from kit.entering import WORD
from kit.installation import Installation
from kit.parts import RealParts
from kit.ports import free_port
from kit.sites import make_site
from kit.watching import until
from remit.edge import sources
from remit.edge.app import ROOMS
from remit.edge.described import described as edge_described
from remit.edge.published import Published
from remit.edge.rest import rest_of
from remit_consumers.access.roles import Role
from remit_consumers.dashboard.app import dashboard
from remit_consumers.dashboard.described import described as operator_described
from remit_consumers.dashboard.described import document
from remit_consumers.dashboard.described_forms import URLENCODED
from remit_consumers.dashboard.paths import PERSON
from remit_consumers.deployment import Deployment
from remit_consumers.health import Health
from remit_consumers.http import operator_app
from remit_consumers.metrics import Metrics
from remit_consumers.my.app import My
from remit_consumers.my.handing_out import handing_out
from remit_consumers.requests.api import Api
from remit_consumers.requests.callers import Callers
from remit_consumers.requests.fulfil import Say, Withdraw

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
OPERATORS = "/openapi.json"
SEED = 7
REQUEST_TIMEOUT_S = "120"  # an evidence bundle on a busy machine
SHORT = 2
"""Examples of an operation in the short form."""


@dataclass(frozen=True, slots=True)
class Served:
    """`remit up`, and what opens it.

    Attributes:
        url: Where it is.
        key: A write key of a server.
        token: Of a program that works on requests.
    """

    url: str
    key: str
    token: str

    def with_own_word(self, path: str) -> dict[str, dict[str, object]]:
        """Read a document, with the word in every form of the dashboard that its pages bear here."""
        with urllib.request.urlopen(f"{self.url}/requests", timeout=60) as page:  # noqa: S310 - our own port
            word = WORD.search(page.read().decode())
        assert word
        found = self.document(path)
        for known, methods in found["paths"].items():
            form = cast("dict[str, Any]", methods).get("post", {}).get("requestBody", {})
            schema = form.get("content", {}).get(URLENCODED, {}).get("schema")
            if schema and not known.startswith(PERSON):
                schema["properties"]["form"] = {"const": word[1]}
        return found

    def document(self, path: str) -> dict[str, dict[str, object]]:
        """Read a document."""
        with urllib.request.urlopen(self.url + path, timeout=60) as answer:  # noqa: S310 - our own port
            found: dict[str, dict[str, object]] = json.loads(answer.read())
            return found


@pytest.fixture
def served(embedded: Installation, tmp_path: Path) -> Iterator[Served]:
    embedded.prepare()
    key = sources.add(embedded.data, "shop", kind=sources.Kind.SERVER, rate=1e6)
    token = embedded.remit("requests", "tokens", "add", "helpdesk").stdout.split()[-1]
    port, log = free_port(), tmp_path / "up.log"
    embedded.start_into(log, "up", "--port", str(port), "--role", "privacy_officer")
    until(lambda: "/healthz" in log.read_text(), "it does not serve")
    yield Served(f"http://127.0.0.1:{port}", key, token)
    embedded.end_all()
    assert "Traceback" not in log.read_text()


def called(served: Served, path: str, folder: Path, examples: int) -> str:
    """Have Schemathesis call what a document describes; gives what it says where something is wrong."""
    config = folder / "schemathesis.toml"
    config.write_text(f'[parameters]\n"query.key" = "{served.key}"\n')
    program = python_of("schemathesis").with_name("schemathesis")
    document = folder / "openapi.json"
    document.write_text(json.dumps(served.with_own_word(path)))
    command = [str(program), "--config-file", str(config), "run", str(document)]
    command += ["--url", served.url, "--request-timeout", REQUEST_TIMEOUT_S]
    command += ["--header", f"Origin: {served.url}"] if path == OPERATORS else []
    command += ["--checks", CHECKS, "--max-examples", str(examples), "--seed", str(SEED)]
    command += ["--header", f"Authorization: Bearer {served.token}", "--warnings", "off"]
    command += ["--phases", "examples,coverage,fuzzing" if examples > SHORT else "fuzzing"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    assert "generated" in done.stdout or done.returncode, done.stdout
    return "" if done.returncode == 0 else done.stdout[-6000:] + done.stderr[-2000:]


@pytest.mark.slow
def test_neither_door_fails_or_answers_otherwise_than_its_document_says(
    served: Served, tmp_path: Path, real_parts: RealParts, *, prove: bool
) -> None:
    try:
        python_of("schemathesis")
    except NotInstalled as missing:
        real_parts.not_ran("Schemathesis", str(missing))
        pytest.skip(str(missing))
    real_parts.ran("Schemathesis", "by the documents of edge and operator's port")
    for path in ("/v1/openapi.json", OPERATORS):
        wrong = called(served, path, tmp_path, 200 if prove else SHORT)
        assert not wrong, wrong


def test_the_edge_describes_every_path_that_it_answers_and_no_other() -> None:
    app = rest_of(
        CollectorRegistry(), cast("Published", None), lambda: True
    )  # read only when it is asked for
    answered = {getattr(route, "path", "") for route in app.routes} | set(ROOMS)
    assert set(json.loads(edge_described())["paths"]) == answered


def test_the_operators_port_describes_every_call_of_programs_every_page_and_every_form(
    tmp_path: Path,
) -> None:
    nothing, metrics = cast("Deployment", None), Metrics()  # opened only when somebody calls
    callers = cast("Callers", None)
    api = Api(nothing, cast("Withdraw", None), callers)
    routes = [*api.routes(), handing_out(nothing, callers), document()]
    routes += [
        one
        for one in operator_app(metrics, lambda: Health(ready=True, detail="")).routes
        if isinstance(one, Route)
    ]
    mine = My(nothing, cast("Say", None), metrics).app().routes
    own = {f"{PERSON}{route.path}" for route in mine if isinstance(route, Route)}
    site = make_site(tmp_path, Role.AUDITOR)
    pages = {route.path for route in dashboard(site).routes if isinstance(route, Route)}
    answered = {route.path for route in routes} | pages | own
    described = operator_described()["paths"]
    assert set(described) == answered
    for route in routes:
        assert {one.lower() for one in (route.methods or ())} - {"head"} <= {
            *(method for path in described if path == route.path for method in described[path])
        }
