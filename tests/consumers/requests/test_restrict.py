"""Who is restricted is shown to nobody: not under a name of a later period, nor in views that were built before."""

from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from kit.erasing import ErasingShop
from kit.own_versions import put
from kit.shop import NOON
from kit.sweeping import SAID, policy_with
from remit_consumers.erasure.scope import SubjectRef
from remit_consumers.requests.asked import Asked
from remit_consumers.requests.fulfil import Given, fulfil
from remit_consumers.requests.opened import open_register
from remit_consumers.views.building import build
from remit_consumers.views.withdrawals import still_read, withdrawn
from remit_schemas.policy import Policy
from remit_schemas.requests import ProofKind, Right

ANN = SubjectRef("", "ann")
SERVICE = "essential.service"


@pytest.fixture
def shop(tmp_path: Path) -> ErasingShop:
    """A shop that ann and bob came to, whose names change every thirty days."""
    told = policy_with(None).model_dump(mode="json", exclude_none=True)
    told["pseudonyms"] = {"rotate_every": "30 days", **SAID}
    shop = ErasingShop(tmp_path, policy=put(tmp_path / "policies", Policy.model_validate(told)))
    shop.store(shop.view(), shop.view(subject="bob"))
    return shop


def restrict(shop: ErasingShop) -> None:
    """Have ann ask for it, and do it."""
    register = open_register(shop.deployment, "desk")
    found = register.receive(ANN, Asked(Right.RESTRICT), shop.now)
    register.verify(found.request, ProofKind.ACCOUNT_LOGIN, shop.now)
    fulfil(shop.deployment, register, found.request, Given(), shop.now)


def test_a_name_of_a_later_period_is_restricted_too(shop: ErasingShop) -> None:
    restrict(shop)
    shop.now = NOON + timedelta(days=400)
    shop.store(shop.view(), shop.view(subject="bob"))
    read = still_read(shop.rows(), withdrawn(shop.root, SERVICE))
    assert (shop.rows().num_rows, read.num_rows) == (4, 2)


def test_views_that_were_built_before_are_made_anew(shop: ErasingShop) -> None:
    settings, policy = shop.settings, shop.deployment.policy
    build(settings, policy, SERVICE, shop.now)

    def built() -> int:
        files = (settings.views / SERVICE).glob("page_view/**/*.parquet")
        return sum(pq.read_metadata(file).num_rows for file in files)

    assert built() == 2
    restrict(shop)
    assert built() == 1
