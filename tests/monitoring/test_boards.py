"""The boards are what their generator writes, and ask for nothing that does not exist."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
import yaml

from kit.prometheus import promtool
from kit.tree import ROOT
from remit.edge.metrics import EdgeMetrics
from remit_consumers.metrics import Metrics

FOLDER = ROOT / "consumers" / "monitoring"
BOARDS = sorted((FOLDER / "grafana").glob("*.json"))
NAME = re.compile(r"\bremit[_:][a-z0-9_:]+")
SUFFIXES = ("_bucket", "_count", "_sum")


def shown() -> set[str]:
    """Name every series that Prometheus can have of remit: metrics and recording rules."""
    families = [*Metrics().registry.collect(), *EdgeMetrics().registry.collect()]
    names = {f"{one.name}_total" if one.type == "counter" else one.name for one in families}
    names |= {one.name + end for one in families if one.type == "histogram" for end in SUFFIXES}
    return names | {rule["record"] for rule in rules("recording.yml")}


def rules(file: str) -> list[dict[str, Any]]:
    """The rules of a file."""
    form = yaml.safe_load((FOLDER / file).read_text(encoding="utf-8"))
    return [rule for group in form["groups"] for rule in group["rules"]]


def expressions(board: Path) -> Iterator[str]:
    """What a board asks Prometheus."""
    for panel in json.loads(board.read_text(encoding="utf-8"))["panels"]:
        yield from (target["expr"] for target in panel.get("targets", []))


ASKED = {board.name: list(expressions(board)) for board in BOARDS}


def test_writing_the_boards_again_gives_the_same_bytes(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "scripts" / "boards"), str(tmp_path)]
    subprocess.run(command, check=True)
    written = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert written == {file.name: file.read_bytes() for file in BOARDS}


def test_every_expression_of_a_board_is_sound(tmp_path: Path, prometheus: None) -> None:
    asked = [each for board in ASKED.values() for each in board]
    records = [{"record": f"board:{n}", "expr": each} for n, each in enumerate(asked)]
    file = tmp_path / "boards.yml"
    file.write_text(json.dumps({"groups": [{"name": "boards", "rules": records}]}))
    assert len(asked) > 30
    promtool("check", "rules", file)


@pytest.mark.parametrize("board", ASKED)
def test_a_board_asks_only_for_what_exists(board: str) -> None:
    named = {name for each in ASKED[board] for name in NAME.findall(each)}
    assert named
    assert not named - shown()


@pytest.mark.parametrize("file", ["alerts.yml", "recording.yml"])
def test_a_rule_asks_only_for_what_exists(file: str) -> None:
    named = {name for rule in rules(file) for name in NAME.findall(rule["expr"])}
    assert not named - shown()


def test_every_metric_stands_on_a_board_or_in_a_rule() -> None:
    texts = [each for board in ASKED.values() for each in board]
    texts += [rule["expr"] for file in ("alerts.yml", "recording.yml") for rule in rules(file)]
    named = {name for text in texts for name in NAME.findall(text)}
    named |= {name.removesuffix(end) for name in named for end in SUFFIXES}
    assert not {name for name in shown() if not name.endswith(SUFFIXES)} - named


def test_panels_have_names_of_their_own_and_lie_beside_one_another() -> None:
    for board in BOARDS:
        form = json.loads(board.read_text(encoding="utf-8"))
        panels = form["panels"]
        assert len({panel["id"] for panel in panels}) == len(panels)
        places = [panel["gridPos"] for panel in panels]
        cells = [
            (x, y)
            for at in places
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        ]
        assert len(set(cells)) == len(cells)
        assert max(x for x, _ in cells) < 24
        assert form["uid"] == board.stem


def test_the_files_that_compose_hands_to_prometheus_and_grafana_are_sound(
    tmp_path: Path, prometheus: None
) -> None:
    form = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    texts = {name: one["content"] for name, one in form["configs"].items()}
    copytree(FOLDER, tmp_path / "monitoring")
    config = tmp_path / "prometheus.yml"
    config.write_text(texts.pop("prometheus"), encoding="utf-8")
    promtool("check", "config", config)
    assert {yaml.safe_load(text)["apiVersion"] for text in texts.values()} == {1}
    for name in ("prometheus", "grafana"):
        for volume in form["services"][name]["volumes"]:
            source = volume.partition(":")[0]
            assert source in form["volumes"] or (ROOT / source).is_dir()
