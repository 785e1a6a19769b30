"""What is reduced for good bears a type that lasts in flight, and ends at the door of the lake."""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from remit_consumers.lake.tables import fitted
from remit_consumers.pseudonyms import STORAGE_DOMAIN, Pseudonyms
from remit_consumers.reducers.final import Final, final, plain
from remit_consumers.reducers.scope import Rows
from remit_consumers.reducers.unique import text
from remit_consumers.vault import Vault
from remit_schemas.errors import ReducerError

TEXTS = pa.array(["b", None, "a", "b"])
COLUMNS = [final(TEXTS), final(TEXTS.dictionary_encode())]

each_storage = pytest.mark.parametrize("column", COLUMNS, ids=["plain", "dictionary"])


@each_storage
def test_the_type_lasts_through_everything_that_steps_do_with_a_column(column: pa.Array) -> None:
    table = pa.table({"x": column})
    twice = pa.concat_tables([table, table])
    derived = [
        column.take(pa.array([2, 0])),
        column.filter(pa.array([True, False, True, True])),
        column.slice(1, 2),
        pa.concat_arrays([column, column]),
        table.take(pa.array([3, 1])).column("x"),
        table.filter(pc.is_valid(column)).column("x"),
        twice.column("x"),
        twice.combine_chunks().column("x").chunk(0),
    ]
    assert all(isinstance(part.type, Final) for part in derived)
    for part in derived:
        with pytest.raises(ReducerError):
            text(part)


@each_storage
def test_nothing_is_copied_under_the_type_or_out_of_it(column: pa.Array) -> None:
    first, again = plain(column), plain(final(plain(column)))
    found = [[b and b.address for b in part.buffers()] for part in (first, again)]
    assert found[0] == found[1]


def test_a_column_without_the_type_stays_as_it_is() -> None:
    assert plain(TEXTS) is TEXTS


@each_storage
def test_the_lake_stores_the_text_under_the_type(column: pa.Array) -> None:
    rows = pa.table({"x": pa.chunked_array([column, column.slice(2)]), "n": pa.array([1] * 6)})
    stored = fitted(rows, pa.schema([("x", pa.string()), ("n", pa.int64())]))
    assert not [kind for kind in stored.schema.types if isinstance(kind, pa.BaseExtensionType)]
    assert stored.column("x").to_pylist() == ["b", None, "a", "b", "a", "b"]
    assert fitted(rows.slice(0, 0), stored.schema).num_rows == 0


def test_the_refusal_carries_no_value() -> None:
    with pytest.raises(ReducerError) as caught:
        text(final(pa.array(["canary"])))
    assert "canary" not in str(caught.value)


def test_a_pseudonym_gets_no_pseudonym(tmp_path: Path) -> None:
    names = Pseudonyms(Vault.open(tmp_path, b"k" * 32), STORAGE_DOMAIN)
    rows = Rows.of_nobody(2)
    once = names.of(pa.array(["ann", None]), rows)
    assert isinstance(once.type, Final)
    with pytest.raises(ReducerError):
        names.of(once, rows)
    stored = plain(
        once
    ).dictionary_decode()  # in the lake the type is gone, and the metadata say it
    assert names.of(stored, rows).to_pylist() != once.to_pylist()
