"""Figures: of many or none; nothing else can be written for who gets figures, and the detector would see it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.crowd import NOW
from kit.policies import OPERATE
from kit.sharing import crowded, policy_with, recipient
from remit_consumers.proof.residue.canary import forms_of
from remit_consumers.proof.residue.detector import Detector
from remit_consumers.sharing.disclosures import history
from remit_consumers.sharing.figures import Aggregate, Cell, figure, written
from remit_consumers.sharing.leaks import leaks
from remit_consumers.sharing.meter import DisclosureMeter
from remit_consumers.sharing.share import share
from remit_consumers.sharing.terms import Asked
from remit_schemas.errors import ShareRefused
from remit_schemas.policy import Policy
from remit_schemas.recipients import Measure

REACH = Measure(event="page_view", by=("screen",))
Json = dict[str, Any]


def partner(role: str = "advertising_analytics", **measures: Json) -> Json:
    return recipient(role=role, fields=None, measures=measures)


def one_figure() -> Json:
    """What is written of a figure of twenty people."""
    figures = [
        Aggregate("reach", "page_view", ("screen",), "subjects", (Cell(("large",), 20, 25),), 10)
    ]
    found: Json = json.loads(written(figures, {"recipient": "ads", "clause": "S062"}))
    return found


@pytest.mark.clause("S063a", "S064")
@given(
    st.lists(st.tuples(st.integers(0, 40), st.sampled_from(["small", "large", None])), max_size=200)
)
def test_no_group_is_smaller_than_its_bound_and_no_count_tells_one_person(
    rows: list[tuple[int, str | None]],
) -> None:
    table = pa.table(
        {
            "subject": [str(who) for who, _ in rows],
            "screen": pa.array([screen for _, screen in rows], pa.string()),
        }
    )
    told = figure("reach", REACH, table, 10)
    for cell in told.cells:
        people = {who for who, screen in rows if screen == cell.values[0]}
        assert len(people) >= 10
        assert cell.count == len(people) - len(people) % 10
    assert not leaks(written([told], {"recipient": "ads"}))


@pytest.mark.clause("S064", "S066b")
@pytest.mark.parametrize(
    "cell", [Cell(("large",), 0, 9), Cell(("large",), 11, 11), Cell((), 10, 10)]
)
def test_a_figure_of_too_few_or_too_exact_cannot_be_made(cell: Cell) -> None:
    with pytest.raises(ValueError, match="a group of reach"):
        Aggregate("reach", "page_view", ("screen",), "subjects", (cell,), 10)
    with pytest.raises(ValueError, match="10 subjects"):
        Aggregate("reach", "page_view", ("screen",), "subjects", (), 9)


@pytest.mark.clause("S064", "S066b")
def test_rows_cannot_be_written_as_figures() -> None:
    rows = pa.table({"subject": ["a"], "page": ["/a"]})
    with pytest.raises(TypeError, match="only figures"):
        written([cast("Aggregate", rows)], {})


SPOILT: dict[str, Callable[[Json], object]] = {
    "form": lambda one: one.update(rows=[{"subject": "a"}]),
    "form of a figure": lambda one: one["figures"][0].update(subject="a"),
    "form of a cell": lambda one: one["figures"][0]["cells"][0].update(subject="a"),
    "small": lambda one: one["figures"][0]["cells"][0].update(count=3),
    "small bound": lambda one: one["figures"][0].update(subjects_min=2),
    "text": lambda one: one["figures"][0]["cells"][0].update(screen="7f3a90b1c2d3e4f5"),
    "email": lambda one: one["figures"][0]["cells"][0].update(screen="ada@example.com"),
    "ipv4": lambda one: one["figures"][0]["cells"][0].update(screen="203.0.113.77"),
    "canary": lambda one: one["terms"].update(note="Canary Subject Zero"),
}


@pytest.mark.clause("S063b", "S064")
@pytest.mark.parametrize("kind", SPOILT)
def test_the_detector_sees_whatever_is_no_figure(kind: str) -> None:
    detector = Detector(canaries=forms_of(["Canary Subject Zero"]))
    whole = one_figure()
    assert not leaks(json.dumps(whole).encode(), detector)
    SPOILT[kind](whole)
    assert leaks(json.dumps(whole).encode(), detector)[kind.partition(" ")[0]]


def test_what_is_no_json_is_no_file_of_figures() -> None:
    assert (
        leaks(b"PAR1")["form"]
        == leaks(b"[]")["form"]
        == leaks(b'{"terms": {}, "figures": 1}')["form"]
        == 1
    )


@pytest.mark.clause("S062", "S064")
def test_what_the_detector_sees_never_leaves_and_is_counted(tmp_path: Path) -> None:
    """A policy's author may write anything into a closed list: what is no plain word does not leave all the same."""
    written_out = policy_with(
        ads=partner(reach={"event": "page_view", "by": ["page"]}) | {"purposes": [OPERATE]}
    ).model_dump(mode="json", exclude_none=True)
    for rule in written_out["rules"]:
        if (rule["event"], rule.get("field")) == ("page_view", "page"):
            rule["reduce"] = {"closed": {"values": ["/shop/a", "/shop/b"]}}
    deployment = crowded(tmp_path, Policy.model_validate(written_out), 600, 60)
    with pytest.raises(ShareRefused, match="more than figures"):
        share(deployment, Asked("ads"), tmp_path / "out", NOW)
    assert not (tmp_path / "out").exists()
    (record,) = history(deployment.settings.lake, NOW).to_pylist()
    assert (record["outcome"], record["reason"]) == ("refused", "personal")
    meter = DisclosureMeter()
    meter.lake = deployment.settings.lake
    samples = {
        tuple(one.labels.values()): one.value
        for family in meter.collect()
        for one in family.samples
    }
    assert samples[("advertising_analytics",)] == 1
    assert samples[("academic_research",)] == 0


@pytest.mark.clause("S066b")
def test_research_gets_figures_of_the_crowd(tmp_path: Path) -> None:
    measure = {"event": "page_view", "by": ["screen"], "of": "events"}
    policy = policy_with(
        research=partner("academic_research", visits=measure)
        | {"purposes": ["functional.service.improve"]}
    )
    deployment = crowded(tmp_path, policy, 300, 30)
    share(deployment, Asked("research"), tmp_path / "out", NOW)
    assert sorted(one.name for one in (tmp_path / "out").iterdir()) == [
        "figures.json",
        "terms.json",
    ]
    (told,) = json.loads((tmp_path / "out" / "figures.json").read_text())["figures"]
    assert told["cells"] == []  # nobody consented to improving
