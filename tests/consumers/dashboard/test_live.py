"""The newest rows of the lake, for as long as they stand there."""

from pathlib import Path

from kit.erasing import ErasingShop
from remit_consumers.dashboard.live import Recent
from remit_consumers.dashboard.moments import Moments


def test_what_is_erased_is_shown_no_more(tmp_path: Path) -> None:
    shop = ErasingShop(tmp_path)
    recent = Recent(shop.root, Moments(shop.root))
    shop.store(shop.view())
    assert len(recent.rows()) == 1
    shop.store(shop.view(subject="bob"))
    assert len(recent.rows()) == 2
    shop.erase("ann")
    assert len(recent.rows()) == 1


def test_who_is_bound_to_a_tenant_sees_its_rows_alone_and_cannot_count_those_of_others(
    tmp_path: Path,
) -> None:
    shop = ErasingShop(tmp_path)
    recent = Recent(shop.root, Moments(shop.root))
    shop.store(shop.view(), *[shop.view(tenant="shop-b", page="/b") for _ in range(20)])
    shop.store(shop.view(tenant="shop-a", page="/a-1"), shop.view(tenant="shop-b", page="/b"))
    shop.store(shop.view(tenant="shop-a", page="/a-2"))

    def pages(tenant: str | None) -> list[tuple[int, str]]:
        rows = recent.of(tenant).rows()
        return [
            (row.number, one.value) for row in rows for one in row.fields if one.field == "page"
        ]

    assert pages("shop-a") == [(2, "/a-2"), (1, "/a-1")]
    assert pages("shop-c") == []
    assert pages("") == [(1, "/a")]
    assert len(pages(None)) == 16 + 2 + 1
    assert recent.of("shop-a") is recent.of("shop-a")
