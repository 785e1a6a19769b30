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
        ("memory_gb=31.9", (None, "32+")),
        ("memory_gb=0.25", (None, "2")),
        ("memory_gb=3", (None, "2")),
        ("memory_gb=6", (None, "4")),
        ("memory_gb=7.7", (None, "8")),
        ("memory_gb=12", (None, "8")),
        ("memory_gb=24", (None, "16")),
        ("memory_gb=0", (None, None)),
        ("MEMORY_GB = 16, Cores = 2", ("1-2", "16")),
        ("cores=8.5", (None, None)),
        ("cores=2000", (None, None)),
        ("cores=\u0668", (None, None)),
        ("serial-cores=8", (None, None)),
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
        ("1920x1080x24", "large"),
        ("390.5x844@3x", "small"),
        ("\u0661\u0669\u0662\u0660x1080", ""),
        ("0x0", ""),
        ("99999x1", ""),
        ("1920", ""),
        ("alice", ""),
    ],
)
def test_a_screen_has_a_class(value: str, name: str) -> None:
    assert screen(value) == name


@given(st.permutations(["cores=8", "memory_gb=16", "model=Zq7-Book", "serial=ZQ7C02", "gpu=zq7"]))
def test_the_order_of_keys_and_other_keys_change_nothing(parts: list[str]) -> None:
    assert machine(" ".join(parts)) == ("5-8", "16")


def test_bins_of_more_are_never_of_less() -> None:
    for key, bins, place in (("cores", CPU_BINS, 0), ("memory_gb", MEMORY_BINS, 1)):
        names = [name for _, name in bins]
        found = [machine(f"{key}={number}")[place] for number in range(1, 1_025)]
        assert found == sorted(found, key=lambda name: names.index(str(name)))
        assert set(found) == set(names)


@pytest.mark.clause("S025e")
@given(st.text(max_size=40))
def test_only_bins_come_out(value: str) -> None:
    cpu, memory = machine(value)
    assert cpu in {None, *(name for _, name in CPU_BINS)}
    assert memory in {None, *(name for _, name in MEMORY_BINS)}
    assert screen(value) in {"", *(name for _, name in SCREEN_BINS)}
