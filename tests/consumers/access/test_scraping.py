"""Health and metrics: who may have them, by what lies beside the keys."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.entering import follow
from remit.edge.server import EdgeServer
from remit_consumers.access.scraping import FILE, scraping
from remit_consumers.health import Health
from remit_consumers.http import operator_app
from remit_consumers.metrics import Metrics


@pytest.fixture
def port(tmp_path: Path) -> Iterator[str]:
    health = Health(ready=True, detail="it stores")
    app = operator_app(Metrics(), lambda: health, (), scraping(tmp_path))
    server = EdgeServer(app, ("127.0.0.1", 0))
    server.start()
    yield f"http://127.0.0.1:{server.port}"
    server.stop()


def test_without_a_token_beside_the_keys_whoever_reaches_the_port_has_the_metrics(
    port: str,
) -> None:
    status, _, text = follow(f"{port}/metrics")
    assert status == 200
    assert "remit_access_refused" in text


def test_with_a_token_beside_the_keys_only_who_bears_it_has_the_metrics(
    port: str, tmp_path: Path
) -> None:
    file = tmp_path / FILE
    file.write_text("a token\n")
    file.chmod(0o600)
    for header in ("", "Bearer", "Bearer ", "Bearer another", "Basic a token", "Bearer a toke\xff"):
        status, headers, text = follow(f"{port}/metrics", authorization=header)
        assert (status, headers["www-authenticate"]) == (401, "Bearer"), header
        assert "remit_" not in text
    status, _, text = follow(f"{port}/metrics", authorization="Bearer a token")
    assert status == 200
    assert 'remit_access_refused_total{reason="metrics"} 6.0' in text


@pytest.mark.parametrize("text", ["", "\n", "a token"])
def test_a_token_that_is_none_or_that_others_can_read_opens_the_metrics_to_nobody(
    port: str, tmp_path: Path, text: str
) -> None:
    file = tmp_path / FILE
    file.write_text(text)
    file.chmod(0o644 if text.strip() else 0o600)
    for header in ("", f"Bearer {text.strip()}"):
        assert follow(f"{port}/metrics", authorization=header)[0] == 401


def test_health_answers_whoever_reaches_the_port_and_nothing_is_changed_through_either(
    port: str, tmp_path: Path
) -> None:
    (tmp_path / FILE).write_text("a token")
    assert follow(f"{port}/healthz")[0] == 200
    for path in ("/healthz", "/metrics"):
        assert follow(f"{port}{path}", b"x")[0] == 405
