"""No parser crashes, hangs, or repeats what it was given, whatever that is. `make fuzz` runs the same table for longer."""

import logging
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import PROVE
from hypothesis import given, settings
from hypothesis import strategies as st

from fuzz.mutated import inputs, nested, replaced
from fuzz.table import TARGETS
from fuzz.target import Target, tidy
from kit.canaries import assert_silent, said

EXAMPLES = 1_000 if PROVE else 8
FOUND = Path(__file__).parent / "found"
"""Inputs that were finds once, by target: `<target>/<name>`."""

SECONDS_MAX = 10.0
"""Processor time of one input of at most 100 kB: a hundred times what the slowest takes, and far less than a hang."""

each_target = pytest.mark.parametrize("target", TARGETS.values(), ids=list(TARGETS))


@pytest.fixture(scope="module", autouse=True)
def _tidied() -> Iterator[None]:
    yield
    tidy()


def tried(target: Target, data: bytes) -> None:
    """See that a parser takes some bytes or refuses them as it may, in time and without repeating them."""
    begin = time.process_time()
    error = target.try_on(data)
    assert time.process_time() - begin < SECONDS_MAX
    if error is not None and not target.is_quoting:
        assert_silent(said(error))


@each_target
def test_what_is_good_is_parsed_without_a_word(target: Target) -> None:
    for seed in target.seeds:
        target.try_on(seed)


@each_target
def test_what_is_bad_is_refused_by_an_error_of_ours_that_repeats_nothing(
    target: Target, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)

    @settings(max_examples=EXAMPLES)
    @given(data=inputs(target.seeds))
    def refused(data: bytes) -> None:
        tried(target, data)

    refused()
    told = capfd.readouterr()
    assert_silent(told.out + told.err + caplog.text)


@each_target
def test_no_nest_is_too_deep_and_no_value_too_strange(target: Target) -> None:
    for seed in target.seeds[:1]:
        for data in nested(seed) + (replaced(seed) if seed.startswith(b"{") else []):
            tried(target, data)


@given(data=st.binary(max_size=200))
@settings(max_examples=EXAMPLES)
def test_bytes_of_no_kind_are_refused_by_every_parser(data: bytes) -> None:
    for target in TARGETS.values():
        tried(target, data)


@pytest.mark.parametrize("found", sorted(FOUND.glob("*/*")), ids=lambda found: found.name)
def test_what_was_a_find_once_is_none_any_more(found: Path) -> None:
    tried(TARGETS[found.parent.name], found.read_bytes())
