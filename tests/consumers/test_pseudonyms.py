"""Pseudonyms of a column: one for each subject and tenant, the same for ever, asked for once."""

from pathlib import Path

import pyarrow as pa
import pytest

from remit_consumers import pseudonyms as module
from remit_consumers.pseudonyms import STORAGE_DOMAIN, Pseudonyms
from remit_consumers.vault import Vault


def names(
    vault: Vault, *subjects: str | None, tenant: str = "", domain: str = STORAGE_DOMAIN
) -> list[str | None]:
    tenants = pa.array([tenant] * len(subjects), pa.string())
    found: list[str | None] = (
        Pseudonyms(vault, domain).of(tenants, pa.array(subjects, pa.string())).to_pylist()
    )
    return found


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
    tenants, subjects = pa.array(["a", "b", "a"]), pa.array(["ann", "ann", None])
    found = Pseudonyms(vault, STORAGE_DOMAIN).of(tenants, subjects).to_pylist()
    assert found == [*names(vault, "ann", tenant="a"), *names(vault, "ann", tenant="b"), None]


def test_what_is_remembered_is_bounded_and_forgetting_changes_nothing(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "REMEMBERED_MAX", 4)
    known = Pseudonyms(vault, STORAGE_DOMAIN)
    subjects = [f"user{n}" for n in range(4)]
    tenants = pa.array([""] * 4)
    first = known.of(tenants, pa.array(subjects)).to_pylist()
    known.of(tenants, pa.array([f"other{n}" for n in range(4)]))
    assert known.of(tenants, pa.array(subjects)).to_pylist() == first
    assert len(known._known[""]) <= 8  # noqa: SLF001 - the bound is what is tested
