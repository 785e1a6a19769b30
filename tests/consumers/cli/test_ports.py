"""Ports are on record while they are open, speak TLS where a certificate is set, and `remit doctor` says which are weak."""

import http.client
import signal
import ssl
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kit.certificate import write_certificate
from kit.installation import Installation
from kit.ports import free_ports
from kit.watching import until
from remit.edge.tls import CERTIFICATE, KEY
from remit_cli.ports import SOON, Open, certificate, on_record, open_ports

TIMEOUT_S = 120.0


def named(folder: Path, days: int = 90) -> dict[str, str]:
    """Make a certificate and its key; gives the settings that name them."""
    folder.mkdir(exist_ok=True)
    key, shown = write_certificate(folder, days=days)
    return {CERTIFICATE: str(shown), KEY: str(key)}


@pytest.fixture
def installed(tmp_path: Path) -> Iterator[Installation]:
    """An installation whose programs end with the test."""
    made = Installation(tmp_path)
    yield made
    made.end_all()


def doctor(installed: Installation, *, expect: int = 0) -> Mapping[str, Mapping[str, Any]]:
    """Give what `remit doctor` says of each thing."""
    checks = installed.facts("doctor", expect=expect)["checks"]
    assert isinstance(checks, dict)
    return checks


@pytest.mark.parametrize(
    ("words", "path", "names"),
    [
        (["up"], "/healthz", {"edge"}),
        (["up"], "/", {"edge"}),
        (["run"], "/metrics", {"operator"}),
        (["dashboard"], "/", {"dashboard"}),
    ],
    ids=["up", "up's dashboard", "run", "dashboard"],
)
def test_every_port_speaks_tls_where_a_certificate_is_set(
    words: list[str], path: str, names: set[str], installed: Installation, tmp_path: Path
) -> None:
    installed.prepare()
    installed.env |= named(tmp_path / "tls")
    (port,) = free_ports(1)
    said = tmp_path / "said"
    process = installed.start_into(said, *words, "--port", str(port))
    address = f"https://127.0.0.1:{port}/"

    def listens() -> bool:
        assert process.poll() is None, said.read_text()[-3000:]
        return address in said.read_text() and bool(open_ports(installed.data))

    until(listens, "no port is open")
    trusting = ssl.create_default_context(cafile=installed.env[CERTIFICATE])
    asked = http.client.HTTPSConnection("127.0.0.1", port, timeout=TIMEOUT_S, context=trusting)
    asked.request("GET", path)
    answer = asked.getresponse()
    answer.read()
    assert answer.status in (200, 503)  # not ready yet, perhaps
    assert answer.headers.get_all("strict-transport-security") == ["max-age=31536000"]
    asked.close()
    assert {one.name for one in open_ports(installed.data)} == names
    assert all(one.has_tls and one.port == port for one in open_ports(installed.data))
    process.terminate()
    process.wait(TIMEOUT_S)
    assert not open_ports(installed.data)


def test_an_edge_without_tls_beyond_this_machine_is_weak_until_it_ends(
    installed: Installation, tmp_path: Path
) -> None:
    installed.prepare()
    words = ("edge", "--host", "0.0.0.0", "--port", "0")  # noqa: S104  # what is looked for
    process = installed.start_into(tmp_path / "said", *words)
    until(lambda: bool(open_ports(installed.data)), "no port is open")
    found = doctor(installed)["ports"]
    assert (found["holds"], found["weak"]) == (True, True)
    assert "edge on port " in found["detail"]
    assert CERTIFICATE in found["detail"]
    process.send_signal(signal.SIGKILL)  # leaves its record behind, and nobody holds it
    process.wait(TIMEOUT_S)
    assert list((installed.data / "ports").iterdir())
    found = doctor(installed)["ports"]
    assert (found["weak"], found["detail"]) == (False, "none is open")


@pytest.mark.parametrize(
    ("host", "has_tls", "is_weak"),
    [
        ("127.0.0.1", False, False),
        ("::1", False, False),
        ("localhost", False, False),
        ("192.0.2.7", True, False),
        ("192.0.2.7", False, True),
        ("::", False, True),
    ],
)
def test_only_plain_http_beyond_this_machine_is_weak(
    host: str, installed: Installation, *, has_tls: bool, is_weak: bool
) -> None:
    installed.prepare()
    with on_record(installed.data, Open.at("edge", host, 8080, "TLS" if has_tls else None)):
        assert doctor(installed)["ports"]["weak"] == is_weak


def test_a_port_goes_without_a_record_where_the_data_folder_is_none_to_write_to(
    tmp_path: Path,
) -> None:
    (tmp_path / "data").write_text("no folder")
    with on_record(tmp_path / "data", Open.at("edge", "::", 8080, None)):
        assert not open_ports(tmp_path / "data")


def test_a_certificate_that_ends_soon_is_weak_and_one_that_is_over_does_not_hold(
    installed: Installation, tmp_path: Path
) -> None:
    environ = named(tmp_path / "tls")
    end = datetime.now(UTC) + timedelta(days=90)
    assert not certificate(environ).is_weak
    assert certificate(environ, end - SOON + timedelta(hours=1)).is_weak
    over = certificate(environ, end + timedelta(hours=1))
    assert not over.holds
    assert "clients refuse it" in over.detail
    installed.env |= named(tmp_path / "old", days=-1)
    assert not doctor(installed, expect=1)["certificate"]["holds"]


def test_a_key_that_others_can_read_is_found(installed: Installation, tmp_path: Path) -> None:
    installed.env |= named(tmp_path / "tls")
    Path(installed.env[KEY]).chmod(0o644)
    found = doctor(installed, expect=1)["secret files"]
    assert KEY in found["detail"]
    Path(installed.env[KEY]).chmod(0o600)
    assert doctor(installed)["secret files"]["holds"]
