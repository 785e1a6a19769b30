"""Closed bins of machines and screens."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit_consumers.reducers.hardware import CPU_BINS, MEMORY_BINS, SCREEN_BINS, machine, screen


@pytest.mark.parametrize(
    ("value", "bins"),
    [
        ("cores=8 memory_gb=16", ("5-8", "16")),
        ("cores=1 memory_gb=0.5", ("1-2", "2")),
        ("cores=3;memory_gb=4", ("3-4", "4")),
        ("cores=9 memory_gb=64", ("9+", "32+")),
        ("model=Alice-PC cores=4", ("3-4", None)),
        ("memory_gb=31.9", (None, "16")),
        ("cores=0", (None, None)),
        ("Apple M3 serial C02XG0FDH7JY", (None, None)),
        ("xcores=8", (None, None)),
    ],
)
def test_a_machine_falls_into_bins(value: str, bins: tuple[str | None, str | None]) -> None:
    assert machine(value) == bins


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("390x844", "small"),
        ("1366x768", "medium"),
        ("1920x1080", "large"),
        ("1080X1920", "large"),
        ("3840 \u00d7 2160", "huge"),
        ("huge", "huge"),
        ("0x0", ""),
        ("99999x1", ""),
        ("1920", ""),
        ("alice", ""),
    ],
)
def test_a_screen_has_a_class(value: str, name: str) -> None:
    assert screen(value) == name


@given(st.text(max_size=40))
def test_only_bins_come_out(value: str) -> None:
    cpu, memory = machine(value)
    assert cpu in {None, *(name for _, name in CPU_BINS)}
    assert memory in {None, *(name for _, name in MEMORY_BINS)}
    assert screen(value) in {"", *(name for _, name in SCREEN_BINS)}
