"""The fingerprint of a contract is the one that fastavro gives, and loads nothing for it."""

import string
import sys

import pytest
from fastavro.schema import fingerprint, to_parsing_canonical_form
from hypothesis import given
from hypothesis import strategies as st

from kit.program import run
from remit_schemas.contract import builtin, fingerprint_of
from remit_schemas.fingerprint import PRIMITIVES, canonical_form, crc_64

LONG = {"type": "long", "logicalType": "timestamp-millis"}
names = st.text(string.ascii_letters + string.digits + "_", min_size=1).filter(str.isidentifier)
types = st.one_of(
    st.sampled_from(sorted(PRIMITIVES)),
    st.just(LONG),
    st.sampled_from(sorted(PRIMITIVES - {"null"})).map(lambda kind: ["null", kind]),
    st.just(["null", LONG]),
    st.sampled_from(sorted(PRIMITIVES)).map(lambda kind: {"type": kind, "doc": "more"}),
)
fields = st.builds(
    lambda name, kind, doc: {"doc": doc, "type": kind, "name": name}, names, types, st.text()
)
records = st.builds(
    lambda name, space, found: {"fields": found, "type": "record", "name": name} | space,
    names,
    st.sampled_from([{}, {"namespace": "remit"}, {"namespace": "shop.events"}]),
    st.lists(fields, unique_by=lambda field: str(field["name"])),
)


@given(records)
def test_the_form_and_its_fingerprint_are_those_that_fastavro_gives(
    record: dict[str, object],
) -> None:
    form = to_parsing_canonical_form(record)
    assert canonical_form(record) == form
    assert crc_64(form.encode()) == int.from_bytes(
        bytes.fromhex(fingerprint(form, "CRC-64-AVRO")), "little"
    )
    assert fingerprint_of(record) == crc_64(form.encode()).to_bytes(8, "big")  # type: ignore[arg-type]  # any record


@pytest.mark.parametrize(
    "schema",
    [
        "int",
        {"type": "record", "name": "a.b", "fields": []},
        {"type": "record", "name": "b", "namespace": "a..c", "fields": []},
        {"type": "record", "name": "b", "namespace": "", "fields": []},
        {"type": "record", "name": "b", "fields": [{"name": "c", "type": "b"}]},
        {"type": "record", "name": "b", "fields": [{"name": "c", "type": ["null", "b"]}]},
        {"type": "record", "name": "b", "fields": [{"name": "c", "type": [["null"], "int"]}]},
        {
            "type": "record",
            "name": "b",
            "fields": [{"name": "c", "type": {"type": "array", "items": "int"}}],
        },
        {"type": "fixed", "name": "b", "size": 4},
    ],
)
def test_of_anything_but_a_plain_record_nothing_is_said(schema: object) -> None:
    assert canonical_form(schema) is None


def test_every_shipped_contract_has_a_form() -> None:
    assert all(canonical_form(one.schema) for one in builtin().versions)


def test_contracts_load_without_fastavro() -> None:
    loaded = run("import sys, remit_schemas.contract as c; c.builtin(); print(*sys.modules)")
    assert "remit_schemas.contract" in loaded.split()
    assert "fastavro" not in loaded.split()
    assert "fastavro" in sys.modules
