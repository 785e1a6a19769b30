"""`remit policy export`."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from kit.command import Said

FORMS = {"fideslang": ".yaml", "dpv-jsonld": ".jsonld", "ropa": ".csv", "dpia": ".md"}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_printed_and_written(
    form: str, remit: Callable[..., Said], folder: Path
) -> None:
    assert remit("policy", "export", "--as", form).out
    path = folder / f"told{FORMS[form]}"
    assert remit("policy", "export", "--as", form, "--output", str(path)).code == 0
    assert path.stat().st_size > 1000


def test_the_ending_of_the_file_says_how_it_is_written(
    remit: Callable[..., Said], folder: Path
) -> None:
    paths = [folder / "told.yaml", folder / "told.json"]
    for path in paths:
        remit("policy", "export", "--as", "fideslang", "--output", str(path))
    assert yaml.safe_load(paths[0].read_text()) == json.loads(paths[1].read_text())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--as", "ropa", "--output", "told.txt"), "ends in .md or .csv or .json"),
        (("--as", "ropa", "--data", "."), "--data fills in a dpia"),
        (("--as", "dpia", "--data", "nowhere"), "no data folder nowhere"),
        (("--as", "ropa", "--output", "nowhere/told.csv"), "cannot write nowhere/told.csv"),
    ],
)
def test_a_mistake_is_one_line(
    words: tuple[str, ...], said: str, remit: Callable[..., Said]
) -> None:
    ended = remit("policy", "export", *words)
    assert ended.code == 2
    assert said in ended.problem
