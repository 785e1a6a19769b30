"""Pseudonyms of a column: one for each subject and tenant, the same for ever, asked for once."""

from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit_consumers import pseudonyms as module
from remit_consumers.pseudonyms import STORAGE_DOMAIN, Pseudonyms
from remit_consumers.reducers.scope import DAY_MS, Rows
from remit_consumers.vault import Vault


def names(
    vault: Vault, *subjects: str | None, tenant: str = "", domain: str = STORAGE_DOMAIN
) -> list[str | None]:
    given = pa.array(subjects, pa.string())
    rows = rows_of([tenant] * len(subjects))
    found: list[str | None] = Pseudonyms(vault, domain).of(given, rows).to_pylist()
    return found


def rows_of(tenants: list[str], days: list[int] | None = None) -> Rows:
    """Rows of these tenants, collected on these days since 1970."""
    times = [day * DAY_MS for day in days or [0] * len(tenants)]
    return Rows(pa.array(tenants, pa.string()), pa.array(times, pa.timestamp("ms", "UTC")))


@pytest.fixture(scope="module")
def shared_vault(tmp_path_factory: pytest.TempPathFactory) -> Vault:
    folder: Path = tmp_path_factory.mktemp("vault")
    return Vault.open(folder, b"k" * 32)


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault.open(tmp_path, b"k" * 32)


def test_a_subject_has_one_pseudonym_for_ever_also_for_a_new_process(
    vault: Vault, tmp_path: Path
) -> None:
    first = names(vault, "ann", "bob", "ann", None)
    assert first[0] == first[2] != first[1]
    assert first[3] is None
    assert names(Vault.open(tmp_path, b"k" * 32), "ann", "bob", "ann", None) == first


def test_domains_and_tenants_have_pseudonyms_of_their_own(vault: Vault) -> None:
    found = [
        names(vault, "ann"),
        names(vault, "ann", tenant="shop"),
        names(vault, "ann", domain="view"),
    ]
    assert len({name for (name,) in found}) == 3


def test_a_column_of_two_tenants_is_the_two_columns_side_by_side(vault: Vault) -> None:
    rows, subjects = rows_of(["a", "b", "a"]), pa.array(["ann", "ann", None])
    found = Pseudonyms(vault, STORAGE_DOMAIN).of(subjects, rows).to_pylist()
    assert found == [*names(vault, "ann", tenant="a"), *names(vault, "ann", tenant="b"), None]


def test_what_is_remembered_is_bounded_and_forgetting_changes_nothing(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "REMEMBERED_MAX", 4)
    known = Pseudonyms(vault, STORAGE_DOMAIN)
    subjects = [f"user{n}" for n in range(4)]
    for tenant in ("", "a", "b"):
        rows = rows_of([tenant] * 4)
        first = known.of(pa.array(subjects), rows).to_pylist()
        known.of(pa.array([f"other{n}" for n in range(4)]), rows)
        for day in range(5):
            known.of(pa.array(subjects), rows_of([tenant] * 4, [day] * 4), 1)
        assert known.of(pa.array(subjects), rows).to_pylist() == first
        assert sum(map(len, known._known.values())) <= 4  # noqa: SLF001 - the bound is what is tested


def test_a_subject_has_another_pseudonym_in_each_period_of_collection(vault: Vault) -> None:
    subjects = pa.array(["ann"] * 5)
    rows = rows_of([""] * 5, [0, 89, 90, 179, 180])
    found = Pseudonyms(vault, STORAGE_DOMAIN).of(subjects, rows, 90).to_pylist()
    assert found[0] == found[1] != found[2] == found[3] != found[4]
    assert found[0] != found[4]
    again = Pseudonyms(vault, STORAGE_DOMAIN).of(subjects, rows, 90).to_pylist()
    assert again == found, "a replay gives the same"


def test_without_rotation_the_day_of_collection_changes_nothing(vault: Vault) -> None:
    subjects = pa.array(["ann"] * 2)
    found = Pseudonyms(vault, STORAGE_DOMAIN).of(subjects, rows_of([""] * 2, [0, 9999])).to_pylist()
    assert found == names(vault, "ann", "ann")


@given(
    events=st.lists(
        st.tuples(
            st.sampled_from(["", "a"]), st.integers(0, 400), st.none() | st.sampled_from("xyz")
        ),
        min_size=1,
        max_size=12,
    )
)
def test_a_batch_of_many_scopes_is_its_rows_one_by_one(
    events: list[tuple[str, int, str | None]], shared_vault: Vault
) -> None:
    tenants, days, subjects = (list(column) for column in zip(*events, strict=True))
    whole = Pseudonyms(shared_vault, STORAGE_DOMAIN).of(
        pa.array(subjects, pa.string()), rows_of(tenants, days), 90
    )
    each = [
        Pseudonyms(shared_vault, STORAGE_DOMAIN)
        .of(pa.array([subject], pa.string()), rows_of([tenant], [day]), 90)
        .to_pylist()[0]
        for tenant, day, subject in events
    ]
    assert whole.to_pylist() == each
