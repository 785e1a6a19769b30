"""Programs at the API of requests: by a token of ours or of the identity provider, within limits, on record, and of their tenant alone."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from kit.dashboard import get
from kit.desk import make_deployment
from kit.entering import follow, post
from kit.identity_provider import AUDIENCE, IdentityProvider, identity_provider
from remit.edge.server import EdgeServer
from remit_consumers.access.limits import FAILED_MAX, WINDOW_S, Limit
from remit_consumers.access.provider import Provider, ProviderSettings
from remit_consumers.access.roles import Role
from remit_consumers.deployment import Deployment
from remit_consumers.erasure.scope import SubjectRef
from remit_consumers.health import Health
from remit_consumers.http import operator_app
from remit_consumers.lake.queries import history
from remit_consumers.metrics import Metrics
from remit_consumers.my.handing_out import handing_out
from remit_consumers.my.links import Links
from remit_consumers.proof.residue.canary import forms_of
from remit_consumers.proof.residue.detector import Detector
from remit_consumers.requests import tokens
from remit_consumers.requests.api import Api
from remit_consumers.requests.callers import Callers
from remit_consumers.requests.opened import open_register

ASKED = {"right": "access", "subject": "zq7xcanary"}


@dataclass
class Desk:
    """The API, served.

    Attributes:
        url: Where it is.
        deployment: What it stands on.
        metrics: What it counts.
        callers: Who may call it.
        theirs: The identity provider.
    """

    url: str
    deployment: Deployment
    metrics: Metrics
    callers: Callers
    theirs: IdentityProvider

    def take(self, bearer: str, **said: str) -> tuple[int, Any]:
        """Take a request; gives status and headers."""
        body = json.dumps(ASKED | said).encode()
        return post(f"{self.url}/v1/requests", body, authorization=f"Bearer {bearer}")

    def look(self, bearer: str, request: str = "") -> tuple[int, str]:
        """Look at requests; gives status and text."""
        url = f"{self.url}/v1/requests{request and '/'}{request}"
        status, _, text = get(url, authorization=f"Bearer {bearer}")
        return status, text

    def token(self, name: str, role: Role = Role.OFFICER, tenant: str | None = None) -> str:
        """A token of ours."""
        return tokens.add(self.deployment.settings.keys, name, role, tenant)

    def reads(self) -> list[dict[str, Any]]:
        """What stands on record."""
        found: list[dict[str, Any]] = history(
            self.deployment.settings.lake, datetime.now(UTC)
        ).to_pylist()
        return found

    def refused(self, reason: str) -> float:
        """How many calls were refused for a reason."""
        labels = {"reason": reason}
        name = "remit_request_calls_refused_total"
        return self.metrics.registry.get_sample_value(name, labels) or 0.0


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    deployment, metrics = make_deployment(tmp_path), Metrics()
    with identity_provider() as theirs:
        roles = {"privacy": Role.OFFICER, "audit": Role.AUDITOR, "run": Role.OPERATOR}
        settings = ProviderSettings(
            issuer=theirs.issuer, audience=AUDIENCE, roles=roles, tenant_claim="shop"
        )
        callers = Callers.of(deployment, metrics)
        callers = replace(callers, provider=Provider(settings), calls=Limit(30, WINDOW_S))
        routes = [
            *Api(deployment, lambda _: None, callers).routes(),
            handing_out(deployment, callers),
        ]
        health = Health(ready=True, detail="")
        server = EdgeServer(operator_app(metrics, lambda: health, routes), ("127.0.0.1", 0))
        server.start()
        yield Desk(f"http://127.0.0.1:{server.port}", deployment, metrics, callers, theirs)
        server.stop()


def test_a_program_comes_in_by_a_token_of_the_identity_provider_in_the_role_of_its_claim(
    desk: Desk,
) -> None:
    assert desk.take(desk.theirs.token(shop="a"))[0] == 201
    (found,) = open_register(desk.deployment, "desk").all()
    assert (found.tenant, found.actor[:9]) == ("a", "provider:")
    auditor = desk.theirs.token(shop="a", roles=["audit"])
    assert desk.look(auditor)[0] == 200
    assert desk.take(auditor)[0] == 403
    assert desk.look(desk.theirs.token(shop="a", roles=["run"]))[0] == 403
    for other in (
        {},
        {"shop": ""},
        {"shop": ["a"]},
        {"shop": "a", "exp": 1},
        {"shop": "a", "aud": "x"},
    ):
        assert desk.look(desk.theirs.token(**other))[0] == 401
    assert desk.look(f"{desk.theirs.token(shop='a')}x")[0] == 401


def test_every_call_and_every_refusal_is_on_record_before_it_is_answered_and_without_a_value(
    desk: Desk,
) -> None:
    officer, auditor = desk.token("a private name"), desk.token("b", Role.AUDITOR)
    assert desk.take(officer)[0] == 201
    (found,) = open_register(desk.deployment, "desk").all()
    assert found.actor == "a private name"
    assert desk.look(auditor)[0] == 200
    assert desk.look(auditor, found.request)[0] == 200
    assert desk.take(auditor)[0] == 403
    assert (
        post(
            f"{desk.url}/v1/links", b'{"subject":"zq7xcanary"}', authorization=f"Bearer {auditor}"
        )[0]
        == 403
    )
    assert desk.take("nobody")[0] == 401
    reads = desk.reads()
    told = [(one["role"], one["tables"], one["outcome"], one["reason"]) for one in reads]
    assert told == [
        ("privacy_officer", "api:work_requests", "done", ""),
        ("auditor", "api:see_requests", "done", ""),
        ("auditor", "api:see_requests", "done", ""),
        ("auditor", "api:work_requests", "refused", "role"),
        ("auditor", "api:hand_out_links", "refused", "role"),
    ]
    known = {f"program:{one.id}" for one in tokens.read(desk.deployment.settings.keys)}
    assert {one["user"] for one in reads} == known
    for value in ("zq7xcanary", "private", officer, auditor, found.request):
        assert value not in str(reads)
    assert (desk.refused("role"), desk.refused("unauthorised")) == (2, 1)


def test_what_stands_on_record_of_a_program_is_no_residue(desk: Desk) -> None:
    for name in ("helpdesk", "crm", "bot"):
        assert desk.look(desk.token(name))[0] == 200
    detector = Detector(forms_of([]))
    for one in desk.reads():
        assert not detector.plain(one["user"].encode())


def test_where_it_cannot_be_put_on_record_nothing_is_done(desk: Desk) -> None:
    officer = desk.token("helpdesk")
    (desk.deployment.settings.lake / "queries").write_text("no table")
    assert desk.take(officer)[0] == 503
    assert open_register(desk.deployment, "desk").all() == []


def test_who_calls_too_often_waits_and_that_is_on_record_once(desk: Desk) -> None:
    busy, other = desk.token("busy"), desk.token("other")
    answers = [get(f"{desk.url}/v1/requests", authorization=f"Bearer {busy}") for _ in range(34)]
    assert [status for status, _, _ in answers] == [200] * 30 + [429] * 4
    assert int(answers[-1][1]["retry-after"]) > 0
    assert desk.look(other)[0] == 200
    told = [one["reason"] for one in desk.reads() if one["outcome"] == "refused"]
    assert told == ["too_many"]
    assert desk.refused("too_many") == 4


def test_bad_tokens_wait_but_a_good_one_of_the_same_address_never_does(desk: Desk) -> None:
    good = desk.token("helpdesk")
    answers = [desk.look("guess")[0] for _ in range(FAILED_MAX + 2)]
    assert answers == [401] * FAILED_MAX + [429] * 2
    assert desk.look(good)[0] == 200
    assert [one["outcome"] for one in desk.reads()] == ["done"], "calls of nobody fill no table"


def test_who_is_bound_to_a_tenant_sees_and_does_nothing_of_another(desk: Desk) -> None:
    of_a, of_b = desk.token("a", tenant="a"), desk.token("b", tenant="b")
    everybody = desk.token("all")
    assert desk.take(of_a)[0] == 201
    assert desk.take(of_a, tenant="a")[0] == 201
    assert desk.take(of_a, tenant="b")[0] == 400, "the same subject there is somebody else"
    assert desk.take(of_b)[0] == 201
    assert desk.take(everybody, tenant="c")[0] == 201
    mine = json.loads(desk.look(of_a)[1])["requests"]
    assert [one["tenant"] for one in mine] == ["a", "a"]
    assert len(json.loads(desk.look(everybody)[1])["requests"]) == 4
    theirs = json.loads(desk.look(of_b)[1])["requests"][0]["request"]
    assert desk.look(of_a, theirs)[0] == 404
    assert desk.look(of_b, theirs)[0] == 200
    terms = desk.deployment.policy.requests
    assert terms is not None
    steps: dict[str, dict[str, str]] = {
        "verify": {"proof": "account_login"},
        "fulfil": {},
        "delay": {"why": next(iter(terms.delays))},
        "deny": {"why": next(iter(terms.denials))},
    }
    for step, said in steps.items():
        url = f"{desk.url}/v1/requests/{theirs}/{step}"
        bearer = f"Bearer {of_a}"
        assert post(url, json.dumps(said).encode(), authorization=bearer)[0] == 404, step
    assert [one.state for one in open_register(desk.deployment, "desk").history(theirs)] == [
        "received"
    ]
    assert {one["tenant"] for one in desk.reads()} == {"", "a", "b"}


def test_a_bound_look_forgets_nothing_of_other_tenants(desk: Desk) -> None:
    everybody, of_a = desk.token("all"), desk.token("a", tenant="a")
    assert desk.take(everybody, tenant="b")[0] == 201
    assert desk.look(of_a)[0] == 200
    register = open_register(desk.deployment, "desk")
    (found,) = register.all()
    assert register.about(found).subject == "zq7xcanary"


def test_a_link_of_a_bound_program_is_of_its_tenant(desk: Desk) -> None:
    bearer = f"Bearer {desk.token('a', tenant='a')}"
    others = json.dumps({"subject": "ann", "tenant": "b"}).encode()
    assert follow(f"{desk.url}/v1/links", others, authorization=bearer)[0] == 400
    body = json.dumps({"subject": "ann"}).encode()
    status, _, text = follow(f"{desk.url}/v1/links", body, authorization=bearer)
    assert status == 201
    visit = Links.of(desk.deployment).use(json.loads(text)["token"], datetime.now(UTC))
    assert visit.about == SubjectRef("a", "ann")
    assert desk.reads()[-1]["tenant"] == "a"
