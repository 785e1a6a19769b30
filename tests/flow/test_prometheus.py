"""A real Prometheus scrapes a real `remit up`: its rules load, figures agree with the report, a lost pack wakes somebody."""

import json
import subprocess
from pathlib import Path
from urllib.request import urlopen

from kit.installation import Installation
from kit.ports import free_port
from kit.prometheus import Prometheus, promtool
from kit.tree import ROOT
from kit.watching import until

RULES = [ROOT / "consumers" / "monitoring" / name for name in ("recording.yml", "alerts.yml")]
EVENTS, PACK_EVENTS = 40, 4


def events(count: int) -> str:
    """Events of one subject, so that their packs lie in one lane."""
    return "".join(
        f"{json.dumps({'page': f'/{n}', 'subject': 'one', 'status': 200})}\n" for n in range(count)
    )


def up(installed: Installation, folder: Path, port: int) -> "subprocess.Popen[str]":
    """Start `remit up` and wait until it answers."""
    process = installed.start_into(folder / "up.log", "up", "--port", str(port))

    def answers() -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5):
                return True
        except OSError:
            assert process.poll() is None, (folder / "up.log").read_text()[-2000:]
            return False

    until(answers, "remit up does not answer", look_s=0.1)
    return process


def healths(server: Prometheus) -> set[str]:
    """How the rules do."""
    groups = server.ask("rules")["groups"]
    return {rule["health"] for group in groups for rule in group["rules"]}


def lose_one(installed: Installation) -> None:
    """Send events in several packs, and take one of them away before anybody reads it."""
    small = {"REMIT_PACK_EVENTS_MAX": str(PACK_EVENTS)}
    command = [*installed.command(), "emit", "page_view"]
    subprocess.run(command, env=installed.env | small, input=events(EVENTS), text=True, check=True)
    packs = sorted(installed.data.glob("spool/slot-*/*.pack"))
    assert len(packs) >= 3
    packs[len(packs) // 2].unlink()


def test_a_lost_pack_wakes_somebody(
    embedded: Installation, tmp_path: Path, prometheus: None
) -> None:
    port = free_port()
    first = up(embedded, tmp_path, port)
    with Prometheus(tmp_path / "prometheus", f"127.0.0.1:{port}", RULES) as server:
        promtool("check", "config", server.config)
        embedded.remit("emit", "page_view", stdin=events(EVENTS))
        stored = 'remit_events_total{contract="page_view",outcome="stored"}'
        until(lambda: server.values(stored) == [EVENTS], "nothing is counted", look_s=0.2)
        until(lambda: healths(server) == {"ok"}, "a rule cannot be evaluated", look_s=0.2)
        assert server.firing() == {}
        first.terminate()
        first.wait()
        lose_one(embedded)
        up(embedded, tmp_path, port)
        until(lambda: "RemitProducerGaps" in server.firing(), "no alert fires", look_s=0.5)
        alert = server.firing()["RemitProducerGaps"]
        assert alert["labels"]["clause"] == "S110e"
        assert alert["annotations"]["description"].startswith("1 packs are missing")
        lost = server.values
        until(lambda: lost("remit_conservation_gap > 0") == [PACK_EVENTS], "no gap", look_s=0.5)
        told = embedded.contract("page_view")
        for outcome in ("offered", "stored", "in_flight", "present"):
            shown = server.values(f'remit_lake_events{{contract="page_view",outcome="{outcome}"}}')
            assert shown == [told[outcome]]
        health = {one["health"] for one in server.ask("targets")["activeTargets"]}
        assert health == {"up"}


def test_the_last_verification_is_told(
    embedded: Installation, tmp_path: Path, prometheus: None
) -> None:
    embedded.remit("emit", "page_view", "--wait", stdin=events(3))
    embedded.remit("verify", "--json")
    (embedded.data / "lake" / "events" / "page_view" / "planted.txt").write_text(
        "198.51.100.7\n", encoding="utf-8"
    )
    embedded.remit("verify", expect=1)
    port = free_port()
    up(embedded, tmp_path, port)
    with Prometheus(tmp_path / "prometheus", f"127.0.0.1:{port}", RULES) as server:
        until(lambda: "RemitResidue" in server.firing(), "no alert fires", look_s=0.5)
        assert "RemitVerifyFails" not in server.firing()
