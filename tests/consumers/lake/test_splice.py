"""A spliced file says what a file written anew would say, and holds no byte of what went."""

from hashlib import sha256
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from remit_consumers.lake.durable import bare_in, options, write
from remit_consumers.lake.groups import write_groups
from remit_consumers.lake.splice import spliced

GROUP = 50

ROWS = st.integers(1, 400).flatmap(
    lambda count: st.fixed_dictionaries(
        {
            "subject": st.lists(
                st.one_of(st.none(), st.sampled_from([f"{n:032x}" for n in range(30)])),
                min_size=count,
                max_size=count,
            ),
            "page": st.lists(
                st.one_of(st.none(), st.text(max_size=20)), min_size=count, max_size=count
            ),
            "status": st.lists(
                st.one_of(st.none(), st.integers(0, 600)), min_size=count, max_size=count
            ),
        }
    )
)


def made(rows: pa.Table) -> bytes:
    """A file of rows, in small groups."""
    sink = pa.BufferOutputStream()
    write_groups([rows], rows.schema, sink, GROUP, options(rows.schema))
    whole: bytes = sink.getvalue().to_pybytes()
    return whole


@settings(deadline=None)
@given(rows=ROWS, gone=st.integers(0, 29))
def test_groups_that_change_are_replaced_and_the_others_stand(
    rows: dict[str, list[object]], gone: int
) -> None:
    types = {"subject": pa.string(), "page": pa.string(), "status": pa.int32()}
    table = pa.table({name: pa.array(values, types[name]) for name, values in rows.items()})
    table = table.sort_by("subject")
    old = made(table)
    about = pq.read_metadata(pa.BufferReader(old))
    name = f"{gone:032x}"
    groups = [table.slice(n * GROUP, GROUP) for n in range(about.num_row_groups)]
    kept = [
        one.filter(pc.fill_null(pc.not_equal(one["subject"], name), fill_value=True))
        for one in groups
    ]
    changed = {n: left for n, left in enumerate(kept) if 0 < left.num_rows < groups[n].num_rows}
    whole = spliced(old, about, changed, options(table.schema))
    if whole is None:  # hardly ever: the rows that stay take more room
        return
    expected = [changed.get(n, one) for n, one in enumerate(groups)]
    found = pq.ParquetFile(pa.BufferReader(whole))
    assert found.read().equals(pa.concat_tables(expected).combine_chunks())
    for number, one in enumerate(expected):
        assert found.read_row_group(number).equals(one.combine_chunks())
    if (
        changed
        and sum(pc.sum(pc.equal(one["subject"], name)).as_py() or 0 for one in expected) == 0
    ):
        assert name.encode() not in whole


def test_a_splice_is_what_is_done_where_few_of_a_file_go() -> None:
    table = pa.table({"subject": [f"{n:032x}" for n in range(1_000)], "page": ["/a"] * 1_000})
    old = made(table)
    about = pq.read_metadata(pa.BufferReader(old))
    left = table.slice(GROUP, GROUP - 1)
    whole = spliced(old, about, {1: left}, options(table.schema))
    assert whole is not None
    assert pq.read_metadata(pa.BufferReader(whole)).num_rows == 999
    assert f"{2 * GROUP - 1:032x}".encode() not in whole


def test_a_file_that_another_program_wrote_is_not_spliced() -> None:
    table = pa.table({"subject": ["a", "b"]})
    old = made(table).replace(b"parquet-cpp-arrow", b"parquet-cpp-other")
    about = pq.read_metadata(pa.BufferReader(old))
    assert spliced(old, about, {0: table.slice(0, 1)}, options(table.schema)) is None


def plain(schema: pa.Schema) -> dict[str, object]:
    """How files of a schema are written, but uncompressed: so that a value can be looked for in the bytes."""
    return {**options(schema), "compression": "none", "compression_level": None}


def coded(rows: int) -> pa.Table:
    """Rows, each of another subject, dictionary-encoded as a flush has them."""
    subjects = pa.array([f"{n:032x}" for n in range(rows)]).dictionary_encode()
    return pa.table({"subject": subjects, "page": pa.array(["/a"] * rows).dictionary_encode()})


def test_what_went_stands_in_no_dictionary_of_the_groups_that_are_copied() -> None:
    table, sink = coded(1_000), pa.BufferOutputStream()
    write_groups([table], table.schema, sink, GROUP, plain(table.schema))
    old = sink.getvalue().to_pybytes()
    about = pq.read_metadata(pa.BufferReader(old))
    gone, stays = f"{2 * GROUP - 1:032x}".encode(), f"{2 * GROUP:032x}".encode()
    assert gone in old
    whole = spliced(old, about, {1: table.slice(GROUP, GROUP - 1)}, plain(table.schema))
    assert whole is not None
    assert gone not in whole
    assert stays in whole


def test_a_file_whose_dictionaries_name_what_other_groups_hold_is_not_spliced() -> None:
    table, sink = coded(1_000), pa.BufferOutputStream()
    pq.write_table(table, sink, row_group_size=GROUP, **plain(table.schema))
    old = sink.getvalue().to_pybytes()
    assert old.count(f"{0:032x}".encode()) >= 1_000 // GROUP, "Arrow writes whole dictionaries"
    about = pq.read_metadata(pa.BufferReader(old))
    left = table.slice(GROUP, GROUP - 1)
    assert spliced(old, about, {1: left}, plain(table.schema)) is None


@given(
    st.lists(st.one_of(st.none(), st.sampled_from("abcdefgh")), max_size=40),
    st.integers(1, 12),
    st.integers(0, 5),
)
def test_rows_written_in_groups_are_the_rows_that_were_given(
    values: list[str | None], size: int, begin: int
) -> None:
    column = pa.array(values, pa.string()).dictionary_encode().slice(begin)
    both = pa.chunked_array([column, pa.array(["z", None]).dictionary_encode()])
    table, sink = pa.table({"subject": both}), pa.BufferOutputStream()
    write_groups([table], table.schema, sink, size, options(table.schema))
    read = pq.ParquetFile(pa.BufferReader(sink.getvalue()))
    assert read.read()["subject"].to_pylist() == both.to_pylist()
    assert read.metadata.num_row_groups == -(-len(both) // size)


def test_a_group_that_is_written_anew_fits_where_empty_columns_are_not_compressed(
    tmp_path: Path,
) -> None:
    subjects = sorted(sha256(b"%d" % n).hexdigest()[:32] for n in range(1_000))
    columns = {"subject": pa.array(subjects).dictionary_encode()}
    columns |= {f"empty_{n}": pa.nulls(1_000, pa.string()) for n in range(60)}
    (written,) = write(tmp_path, pa.table(columns))
    old, about = written.file.read_bytes(), pq.read_metadata(written.file)
    kept = pq.ParquetFile(written.file).read().slice(2)
    assert bare_in(about) == [name for name in columns if name != "subject"]
    assert spliced(old, about, {0: kept}, options(kept.schema)) is None, "zstd takes more room"
    whole = spliced(old, about, {0: kept}, options(kept.schema, bare_in(about)))
    assert whole is not None
    again = pq.ParquetFile(pa.BufferReader(whole))
    assert again.read().equals(kept)
    assert bare_in(again.metadata) == bare_in(about)
