"""`remit notices`: sources are registered, listed and left out; what is due goes out, and what came back is noted."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kit.command import Said
from remit_consumers.erasure.informed import inform, informed
from remit_consumers.erasure.notice import ERASED, Happened, make
from remit_consumers.erasure.notices import record


def test_a_source_gets_its_key_once_and_nobody_else_sees_it(
    remit: Callable[..., Said], folder: Path
) -> None:
    key = remit("notices", "inform", "shop", "--to", "https://shop.example/remit").out.strip()
    assert informed(folder / "data-keys")[0].key.hex() == key
    told = remit("notices", "sources", "--json").out
    assert json.loads(told)["sources"] == [
        {"source": "shop", "tenants": [], "to": "https://shop.example/remit"}
    ]
    assert key not in told
    assert remit("notices", "leave-out", "shop").code == 0
    assert json.loads(remit("notices", "sources", "--json").out)["sources"] == []


def test_a_source_with_a_tenants_write_key_is_told_of_that_tenant_alone(
    remit: Callable[..., Said],
) -> None:
    remit("sources", "add", "till", "--kind", "server", "--tenant", "anna")
    assert json.loads(remit("notices", "inform", "till", "--json").out)["tenants"] == ["anna"]
    said = remit("notices", "inform", "till", "--tenant", "ben")
    assert said.code == 2
    assert "another tenant's" in said.problem


@pytest.mark.parametrize("name", ["../up", "Shop", "", "a/b"])
def test_a_name_that_would_be_no_folder_is_refused(remit: Callable[..., Said], name: str) -> None:
    assert remit("notices", "inform", name).code == 2


def test_what_is_due_is_sent_and_what_was_done_is_noted(
    remit: Callable[..., Said], folder: Path
) -> None:
    remit("keys", "rotate")
    inform(folder / "data-keys", "shop")
    one = make("source/shop", Happened(ERASED, "an-erasure", {}), ["name"], datetime.now(UTC))
    record(folder / "data" / "lake", [one])
    assert json.loads(remit("notices", "send", "--json").out)["sent"] == {
        "source/shop": {"taken": 1}
    }
    file = folder / "data" / "outbox" / "source" / "shop" / f"{one.notice}.json"
    assert json.loads(file.read_text())["notice"]["subjects"] == ["name"]
    assert "source/shop" in remit("notices", "list").out
    assert remit("notices", "acknowledge", one.notice).code == 0
    assert not file.exists()
    (listed,) = json.loads(remit("notices", "list", "--json").out)["notices"]
    assert (listed["state"], "subjects" in listed) == ("acknowledged", False)
