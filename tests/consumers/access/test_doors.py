"""Each role at the real dashboard and the real API, over HTTP: what it may, what it may not, and what is on record of both."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from starlette.routing import Route

from kit.dashboard import get
from kit.desk import make_deployment
from kit.entering import enter, own_word, post
from kit.identity_provider import AUDIENCE, identity_provider
from kit.sites import Served, make_site, served
from remit.edge.server import EdgeServer
from remit_consumers.access.invitations import revoke
from remit_consumers.access.limits import FAILED_MAX
from remit_consumers.access.provider import Provider, ProviderSettings
from remit_consumers.access.roles import ROUTES, Act, Role, act_of, may
from remit_consumers.dashboard.app import dashboard
from remit_consumers.dashboard.gate import COOKIE
from remit_consumers.dashboard.paths import PAGES
from remit_consumers.health import Health
from remit_consumers.http import operator_app
from remit_consumers.lake.queries import history
from remit_consumers.metrics import Metrics
from remit_consumers.requests import tokens
from remit_consumers.requests.api import Api
from remit_consumers.requests.callers import Callers

NO_REQUEST = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("access")


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The requests API, and where its tokens lie."""
    deployment, metrics = make_deployment(tmp_path_factory.mktemp("api")), Metrics()
    routes = Api(deployment, lambda _: None, Callers.of(deployment, metrics)).routes()
    app = operator_app(metrics, lambda: Health(ready=True, detail=""), routes)
    server = EdgeServer(app, ("127.0.0.1", 0))
    server.start()
    yield f"http://127.0.0.1:{server.port}/v1/requests", deployment.settings.keys
    server.stop()


@pytest.fixture(scope="module")
def door(folder: Path) -> Iterator[Served]:
    with served(make_site(folder, Role.AUDITOR, is_open=False)) as found:
        yield found


@pytest.mark.parametrize("role", Role)
def test_a_role_sees_the_pages_of_the_table_and_is_offered_no_other(
    door: Served, role: Role
) -> None:
    cookie = enter(door, role, f"pages {role}")
    _, headers, start = get(f"{door.address}/", cookie=cookie)
    assert headers["cache-control"] == "no-store"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    for name in PAGES:
        act = act_of("GET", f"/{name}")
        assert act is not None
        status, _, _ = get(f"{door.address}/{name}", cookie=cookie)
        assert status == (200 if may(role, act) else 403), name
        assert (f'<a href="/{name}"' in start) is may(role, act), name


@pytest.mark.parametrize("role", Role)
def test_a_role_sends_the_forms_of_the_table_alone(door: Served, role: Role) -> None:
    cookie = enter(door, role, f"forms {role}")
    body = own_word(door.address, cookie)
    forms = [(key[5:], act) for key, act in ROUTES.items() if key.startswith("POST /")]
    for path, act in forms:
        if path.startswith("/v1/") or act is Act.LEAVE:
            continue
        url = f"{door.address}{path.replace('{request}', NO_REQUEST)}"
        status, _ = post(url, body, cookie=cookie, origin=door.address)
        assert (status != 403) is may(role, act), path


def test_what_a_role_may_not_is_counted_and_on_record_without_a_name(door: Served) -> None:
    cookie = enter(door, Role.OPERATOR, "a very private name")
    door.refused.clear()
    status, _, text = get(f"{door.address}/proof/evidence", cookie=cookie)
    assert status == 403
    assert "take evidence" in text
    assert door.refused == ["role"]
    last = history(door.site.settings.lake, datetime.now(UTC)).to_pylist()[-1]
    assert last["role"] == "operator"
    assert last["tables"] == "dashboard:take_evidence"
    assert (last["outcome"], last["reason"]) == ("refused", "role")
    assert last["user"].startswith("invited:")
    assert "private" not in str(last)


def test_a_form_of_another_site_changes_nothing_whatever_the_role(door: Served) -> None:
    cookie = enter(door, Role.OFFICER, "foreign")
    body = own_word(door.address, cookie)
    for origin in ("https://shop.example", "null"):
        status, _ = post(f"{door.address}/proof/check", body, cookie=cookie, origin=origin)
        assert status == 403


def test_who_leaves_or_is_revoked_is_out_at_once(door: Served) -> None:
    cookie = enter(door, Role.OFFICER, "leaving")
    body = own_word(door.address, cookie)
    status, headers = post(f"{door.address}/leave", body, cookie=cookie, origin=door.address)
    assert status == 200
    assert f"{COOKIE}=" in headers["set-cookie"]
    assert get(f"{door.address}/", cookie=cookie)[0] == 403
    cookie = enter(door, Role.OFFICER, "revoked")
    assert get(f"{door.address}/", cookie=cookie)[0] == 200
    revoke(door.site.settings.keys, "revoked")
    assert get(f"{door.address}/", cookie=cookie)[0] == 403


def test_a_route_that_stands_in_no_table_is_refused_to_everybody(folder: Path) -> None:
    site = make_site(folder, Role.OFFICER)
    app = dashboard(site)
    with served(site) as found:
        status, _, _ = get(f"{found.address}/nothing")
        assert status == 404
    routes: Any = app.user_middleware[-1].kwargs["routes"]
    routes.append(Route("/raw", lambda _: None))
    server = EdgeServer(app, ("127.0.0.1", 0))
    server.start()
    try:
        status, _, text = get(f"http://127.0.0.1:{server.port}/raw")
        assert (status, text) == (403, "This is nobody's.\n")
    finally:
        server.stop()


def test_who_tries_tokens_has_to_wait(folder: Path) -> None:
    with served(make_site(folder, Role.AUDITOR, is_open=False)) as found:
        for _ in range(FAILED_MAX):
            assert get(f"{found.address}/enter?token=guess")[0] == 403
        status, headers, _ = get(f"{found.address}/enter?token={found.site.gate.token}")
        assert status == 429
        assert int(headers["retry-after"]) > 0
        assert found.refused == ["no_token"] * FAILED_MAX + ["too_many"]


def test_where_the_record_cannot_be_written_nothing_is_handed_over(tmp_path: Path) -> None:
    site = make_site(tmp_path, Role.OFFICER)
    with served(site) as found:
        (site.settings.lake / "queries").write_text("no table")
        assert get(f"{found.address}/proof/evidence")[0] == 503
        assert found.refused == ["out_of_reach"]


@pytest.mark.parametrize("role", Role)
def test_a_token_of_the_requests_api_has_a_role(api: tuple[str, Path], role: Role) -> None:
    url, keys = api
    bearer = f"Bearer {tokens.add(keys, f'program {role}', role)}"
    status, _, _ = get(url, authorization=bearer)
    assert status == (200 if may(role, Act.SEE_REQUESTS) else 403)
    body = json.dumps({"right": "access", "subject": "ann"}).encode()
    status, _ = post(url, body, authorization=bearer)
    assert status == (201 if may(role, Act.WORK_REQUESTS) else 403)


def test_a_program_comes_in_by_a_token_of_the_identity_provider(folder: Path) -> None:
    with identity_provider() as theirs:
        settings = ProviderSettings(
            issuer=theirs.issuer, audience=AUDIENCE, roles={"privacy": Role.OPERATOR}
        )
        site = make_site(folder, Role.OFFICER)
        site.gate.provider = Provider(settings)
        with served(site) as found:
            bearer = f"Bearer {theirs.token()}"
            assert get(f"{found.address}/proof", authorization=bearer)[0] == 200
            assert get(f"{found.address}/requests", authorization=bearer)[0] == 403
            assert get(f"{found.address}/proof", authorization=f"{bearer}x")[0] == 403
            assert found.refused == ["role", "no_session"]
