"""An erasure that is not done is seen: by doctor, in the list, with its request, and as a metric."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from kit.command import Said
from kit.desk import LOGIN
from kit.erasing import ErasingShop
from kit.own_versions import LOST, lose, put
from kit.shop import NOON
from kit.sweeping import policy_with
from remit_consumers.erasure.scope import SubjectRef
from remit_consumers.erasure.waiting import AT_ONCE, MINOR, ORDERED, ages, waiting
from remit_consumers.metrics import Metrics
from remit_consumers.requests.asked import Asked
from remit_consumers.requests.opened import open_register
from remit_schemas.requests import DeletionGround, Right

Remit = Callable[..., Said]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: Path) -> ErasingShop:
    """A shop with rows whose policy version is not on record; commands work on it."""
    assert folder.is_dir()
    shop = ErasingShop(tmp_path / "shop", policy=put(tmp_path / "policies", policy_with(None)))
    shop.store(*shop.agree(NOON, "ann"))
    shop.store(shop.view())
    lose(shop.root, "page_view")
    for name in ("data", "keys", "vault", "policy"):
        monkeypatch.setenv(f"REMIT_{name.upper()}", str(getattr(shop.settings, name)))
    return shop


def found(remit: Remit, check: str = "erasures") -> dict[str, object]:
    """What doctor says of something."""
    one: dict[str, object] = json.loads(remit("doctor", "--json").out)["checks"][check]
    return one


def listed(remit: Remit) -> list[dict[str, str]]:
    told: list[dict[str, str]] = json.loads(remit("erasure", "list", "--json").out)["waiting"]
    return told


@pytest.mark.clause("S091b", "S101")
def test_a_request_whose_erasure_waits_says_so_until_it_is_done(
    shop: ErasingShop, remit: Remit
) -> None:
    register = open_register(shop.deployment, "me")
    asked = Asked(Right.DELETE, ground=DeletionGround.NO_CONSENT)
    name = register.receive(SubjectRef("", "ann"), asked, NOON).request
    register.verify(name, LOGIN, NOON)
    assert json.loads(remit("requests", "show", name, "--json").out)["waits"] is None
    said = remit("requests", "fulfil", name)
    assert said.code != 0
    assert LOST in said.problem
    shown = json.loads(remit("requests", "show", name, "--json").out)
    assert LOST in shown["waits"]["why"]
    assert LOST in remit("requests", "show", name).out
    assert [LOST in one["why"] for one in listed(remit)] == [True]
    assert LOST in remit("erasure", "list").out
    assert not found(remit)["holds"]
    assert LOST in str(found(remit)["detail"])
    assert LOST in str(found(remit, "policy versions")["detail"])
    put(Path(shop.settings.policy or "").parent, policy_with(None), LOST)
    assert remit("erasure", "resume").code == 0
    assert found(remit)["holds"]
    assert found(remit, "policy versions")["holds"]
    assert listed(remit) == []
    assert len(list((shop.settings.data / "certificates").iterdir())) == 1


def test_how_long_erasures_wait_is_a_metric(shop: ErasingShop) -> None:
    shop.store(shop.say("stated", purpose=None, age_band="13"))
    (one,) = waiting(shop.settings.keys, shop.root)
    assert (one.erasure, one.is_late(NOON), one.is_late(NOON + 2 * AT_ONCE)) == (MINOR, False, True)
    assert shop.revoke().waiting
    (one,) = waiting(shop.settings.keys, shop.root)
    assert "events/page_view" in one.why
    metrics = Metrics()
    metrics.show_waiting(ages(shop.settings, NOON + AT_ONCE))

    def shows(name: str, kind: str) -> float | None:
        return metrics.registry.get_sample_value(name, {"kind": kind})

    assert shows("remit_erasures_waiting", MINOR) == 1
    assert shows("remit_erasure_waits_seconds", MINOR) == AT_ONCE.total_seconds()
    assert shows("remit_erasures_waiting", ORDERED) == 0
