"""Schema ids: from the contracts themselves, or from a registry that may be hostile."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from kit.jars import Missing
from kit.maven import APICURIO
from kit.parts import RealParts
from kit.registry import Registry as RealRegistry
from remit.bridge.schema_ids import ANSWER_BYTES_MAX, Registry, own_ids
from remit_schemas.codec import SCHEMA_ID_MAX, own_schema_id
from remit_schemas.contract import builtin
from remit_schemas.errors import RegistryAway, SettingsError

PAGE_VIEW = builtin().by_name("page_view")
RECORD = {"type": "record", "name": "x", "fields": [{"name": "a", "type": "string"}]}


def test_every_version_has_an_id_of_its_own_that_any_registry_could_have_given() -> None:
    versions = builtin().versions
    ids = own_ids(versions)
    assert [ids(own_schema_id(contract)) for contract in versions] == [
        contract.fingerprint for contract in versions
    ]
    assert all(0 <= own_schema_id(contract) <= SCHEMA_ID_MAX for contract in versions)
    assert ids(1) is None


@pytest.mark.parametrize(
    "url",
    [
        "http://registry.example:8081",
        "ftp://127.0.0.1",
        "https://user:secret@registry.example",
        "registry:8081",
        "https://",
    ],
)
def test_a_registry_that_others_could_speak_for_is_refused(url: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Registry(url)
    assert "secret" not in str(caught.value)


@pytest.fixture
def serve() -> Iterator[Callable[[int, bytes], Registry]]:
    """Starts a registry that always gives one answer; `asked` counts."""
    servers: list[ThreadingHTTPServer] = []

    def make(status: int, body: bytes) -> Registry:
        class Answers(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                paths.append(self.path)
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return Registry(f"http://127.0.0.1:{server.server_port}/")

    paths: list[str] = []
    make.paths = paths  # type: ignore[attr-defined]  # what was asked, for the test to see
    yield make
    for server in servers:
        server.shutdown()
        server.server_close()


def schema(text: object) -> bytes:
    return json.dumps({"schema": text}).encode()


def test_a_schema_that_is_a_contracts_is_asked_for_once(
    serve: Callable[[int, bytes], Registry],
) -> None:
    registry = serve(200, schema(PAGE_VIEW.schema_json))
    assert [registry(7), registry(7)] == [PAGE_VIEW.fingerprint] * 2
    assert serve.paths == ["/schemas/ids/7"]  # type: ignore[attr-defined]  # the stub notes what it was asked for


def test_a_schema_of_something_else_has_a_fingerprint_that_no_contract_has(
    serve: Callable[[int, bytes], Registry],
) -> None:
    fingerprint = serve(200, schema(json.dumps(RECORD)))(7)
    assert fingerprint not in {contract.fingerprint for contract in builtin().versions}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff",
        schema(None),
        schema("{"),
        schema("[" * 100_000),
        schema('"nothing"'),
        schema('{"type": "record"}'),
        schema('{"type": "record", "name": "x", "fields": 7}'),
        b"[" * 100_000,
        b"x" * (ANSWER_BYTES_MAX + 1),
    ],
    ids=range(13),
)
def test_an_answer_that_is_no_schema_is_no_contract(
    serve: Callable[[int, bytes], Registry], body: bytes
) -> None:
    registry = serve(200, body)
    assert [registry(7), registry(7)] == [None, None]
    assert len(serve.paths) == 1  # type: ignore[attr-defined]  # the stub notes what it was asked for


def test_what_is_not_registered_is_no_contract_and_an_answer_that_fails_is_none(
    serve: Callable[[int, bytes], Registry],
) -> None:
    assert serve(404, b"{}")(7) is None
    for status in (301, 302, 307, 503):  # nobody is followed elsewhere
        with pytest.raises(RegistryAway, match=str(status)):
            serve(status, b"")(7)
    with pytest.raises(RegistryAway, match="does not answer"):
        Registry("http://127.0.0.1:1")(7)


@pytest.mark.slow
def test_a_real_registry_gives_ids_that_are_the_contracts(real_parts: RealParts) -> None:
    try:
        with RealRegistry() as real:
            real_parts.ran(APICURIO.name, "started by the test")
            ids = {
                contract.name: real.register(f"{contract.name}-value", contract.schema_json)
                for contract in builtin()
            }
            registry = Registry(real.url)
            for contract in builtin():
                assert registry(ids[contract.name]) == contract.fingerprint
            assert registry(4711) is None
    except Missing as missing:
        real_parts.not_ran(APICURIO.name, str(missing))
        pytest.skip(str(missing))
