"""Write keys: what they are for, until when, and that nobody can read them back from the disk."""

import hashlib
import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kit.edge_process import EdgeProcess, batch, now_ms, session, view
from kit.installation import Installation
from kit.program import start
from kit.watching import until
from remit.edge import sources
from remit_schemas.errors import SettingsError


def test_a_key_is_good_until_its_end_and_unknown_from_then_on(edge: EdgeProcess) -> None:
    key = edge.key()
    assert edge.send(key, batch([view()])).status == 202
    end = datetime.now(UTC) + timedelta(seconds=3)
    sources.end(edge.data, "shop", end)
    until(lambda: edge.send(key, batch([view()])).status == 401, "it has no end")
    assert datetime.now(UTC) >= end.replace(microsecond=0)
    [kept] = sources.read(edge.data)
    assert kept.until == end.isoformat(timespec="seconds")


def test_a_key_of_one_contract_sends_no_other_and_nothing_of_a_batch_with_one(
    edge: EdgeProcess,
) -> None:
    key = edge.key("server", is_browser=False)
    mine = {"events": [view("/a", subject="ann")]}
    other = {"contract": "operational_log", "occurred_at": now_ms(), "operation": "order.refund"}
    mixed = {"events": [view("/b", subject="ann"), other]}
    assert edge.send(key, mixed, Origin=None).status == 202, "else the next lines say nothing"
    sources.limit(edge.data, "server", ["page_view"])
    until(lambda: edge.send(key, mixed, Origin=None).status == 403, "it sends what it is not for")
    refused = edge.send(key, mixed, Origin=None)
    assert refused.said == {"error": "this key is for other contracts", "fields": ["contract"]}
    assert edge.send(key, mine, Origin=None).said == {"accepted": 1, "refused": []}


def test_a_browsers_key_that_is_for_page_views_says_no_consents(edge: EdgeProcess) -> None:
    key = edge.key()
    version = edge.ask("GET", "/v1/policy/summary").said["policy_version"]

    def said() -> int:
        choice = {"session": session(), "batch": 1, "sent_at": now_ms(), "method": "banner"}
        choice |= {"given": ["analytics.reporting"], "policy_version": version}
        return edge.send(key, choice, path="/v1/consent").status

    assert said() == 202
    sources.limit(edge.data, "shop", ["page_view"])
    until(lambda: said() == 403, "it says consents")
    assert edge.send(key, batch([view()])).status == 202
    sources.limit(edge.data, "shop", ["page_view", "consent_change"])
    until(lambda: said() == 202, "it says none")


def test_of_a_key_only_its_hash_lies_anywhere(edge: EdgeProcess, tmp_path: Path) -> None:
    key = edge.key()
    assert edge.send(key, batch([view()])).status == 202
    edge.end()
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not [path for path in files if key.encode() in path.read_bytes()]
    stored = (edge.data / "edge" / "sources.json").read_text()
    assert hashlib.sha256(key.encode()).hexdigest() in stored
    assert (edge.data / "edge" / "sources.json").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--until", "2020-01-01"], "--until must lie ahead"),
        (["--until", "tomorrow"], "--until is a day or a time"),
        (["--contract", "page_vew"], "is no contract; there are"),
        (["--contract", "service_log"], "a browser sends consent_change and page_view alone"),
    ],
)
def test_a_key_that_could_not_be_made_as_asked_is_not_made_at_all(
    words: list[str], said: str, tmp_path: Path
) -> None:
    installed = Installation(tmp_path)
    told = installed.remit(
        "sources", "add", "shop", "--origin", "https://shop.example", *words, expect=2
    )
    assert said in told.stderr
    assert not told.stdout
    assert not sources.read(installed.data)


ADD = """
import sys
from pathlib import Path
from remit.edge import sources
folder, name = Path(sys.argv[1]), sys.argv[2]
for n in range(20):
    sources.add(folder, f"{name}-{n}", kind=sources.Kind.SERVER)
    sources.revoke(folder, f"{name}-{n}")
sources.add(folder, name, kind=sources.Kind.SERVER)
"""


def test_processes_that_change_keys_at_once_bring_no_revoked_one_back_and_lose_none(
    tmp_path: Path,
) -> None:
    names = ["one", "other", "third"]
    for process in [start(ADD, tmp_path, name) for name in names]:
        _, said = process.communicate(timeout=60)
        assert not said
    assert sorted(key.name for key in sources.read(tmp_path)) == names


def test_the_list_says_until_when_and_for_what_each_key_is(tmp_path: Path) -> None:
    installed = Installation(tmp_path)
    words = ("--kind", "server", "--until", "2099-12-31T18:00", "--contract", "page_view")
    installed.remit("sources", "add", "back", *words)
    found = installed.facts("sources", "list")["sources"]
    assert isinstance(found, list)
    [shown] = found
    assert shown["until"] == "2099-12-31T18:00:00+00:00"
    assert shown["contracts"] == ["page_view"]
    listed = installed.remit("sources", "list").stdout
    assert "2099-12-31" in listed
    assert "page_view" in listed


def test_a_file_without_ends_is_as_a_version_before_wrote_it_and_one_that_lies_is_refused(
    tmp_path: Path,
) -> None:
    sources.add(tmp_path, "back", kind=sources.Kind.SERVER)
    path = tmp_path / "edge" / "sources.json"
    told = json.loads(path.read_text())
    [entry] = told["sources"]
    assert entry.keys().isdisjoint({"until", "contracts"})
    for wrong in ("2099-12-31T18:00:00", "soon", 7):
        path.write_text(json.dumps({"sources": [entry | {"until": wrong}]}))
        with pytest.raises(SettingsError):
            sources.read(tmp_path)
    path.write_text(json.dumps({"sources": [entry | {"until": "2099-12-31T18:00:00+00:00"}]}))
    [key] = sources.read(tmp_path)
    assert key.ends_at > time.time()
