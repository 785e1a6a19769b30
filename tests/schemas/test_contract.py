"""Contracts: what is let in, what is refused and how it is named."""

import json
from copy import deepcopy
from pathlib import Path

import pytest

from kit.contracts import (
    MILLIS,
    Json,
    make_field_json,
    make_record,
    make_times,
    write_contract,
)
from remit_schemas.avsc import RESERVED
from remit_schemas.category import CATEGORIES
from remit_schemas.contract import (
    FOLDER,
    Contract,
    Contracts,
    builtin,
    fingerprint_of,
    load_contract,
)
from remit_schemas.errors import ContractError, UntaggedField


def without(field: Json, key: str) -> Json:
    return {name: value for name, value in field.items() if name != key}


def test_the_contracts_of_every_flow_of_the_policy_are_there() -> None:
    assert builtin().names == (
        "account_change",
        "automated_decision",
        "campaign_entry",
        "consent_change",
        "identity_check",
        "operational_log",
        "page_view",
        "payment",
        "profile_change",
        "rights_request",
        "service_log",
        "store_change",
        "support_contact",
        "survey_answer",
    )


@pytest.mark.parametrize("contract", list(builtin()), ids=lambda contract: contract.name)
def test_every_field_says_what_it_is_and_how_it_is_written(contract: Contract) -> None:
    assert all(field.category in CATEGORIES and field.doc for field in contract.fields)


@pytest.mark.parametrize("contract", list(builtin()), ids=lambda contract: contract.name)
def test_every_field_but_the_two_times_may_be_null(contract: Contract) -> None:
    assert [field.name for field in contract.fields if not field.nullable] == [
        "occurred_at",
        "collected_at",
    ]


def test_a_contract_is_read_whole(tmp_path: Path) -> None:
    contract = load_contract(
        write_contract(tmp_path, make_record(make_field_json(doc="A note."), doc="A probe."))
    )
    assert (contract.name, contract.doc, [field.name for field in contract.fields]) == (
        "probe",
        "A probe.",
        ["occurred_at", "collected_at", "note"],
    )
    note, time = contract.fields[2], contract.fields[0]
    assert (note.avro_type, note.logical, note.nullable, note.category, note.doc) == (
        "string",
        None,
        True,
        "user.telemetry",
        "A note.",
    )
    assert (time.avro_type, time.logical, time.nullable) == ("long", "timestamp-millis", False)


@pytest.mark.parametrize("avro", ["string", "int", "long", "boolean", "double", MILLIS])
def test_the_safe_subset_of_avro_is_let_in_with_null_and_without(
    tmp_path: Path, avro: object
) -> None:
    record = make_record(make_field_json("plain", avro), make_field_json("perhaps", ("null", avro)))
    assert len(load_contract(write_contract(tmp_path, record)).fields) == 4


UNTAGGED = {
    "no privacy at all": without(make_field_json(), "privacy"),
    "privacy that is no object": make_field_json(privacy="user.telemetry"),
    "privacy without a category": make_field_json(privacy={}),
    "an unknown category": make_field_json(privacy={"category": "user.shoe_size"}),
    "no tags for Confluent": without(make_field_json(), "confluent:tags"),
    "other tags for Confluent": make_field_json(**{"confluent:tags": ["user.name"]}),
    "one tag too many": make_field_json(**{"confluent:tags": ["user.telemetry", "user.name"]}),
}


@pytest.mark.parametrize("field", UNTAGGED.values(), ids=UNTAGGED.keys())
def test_a_field_that_does_not_say_what_it_is_is_refused(tmp_path: Path, field: Json) -> None:
    with pytest.raises(UntaggedField, match=r"probe\.avsc: probe\.note: "):
        load_contract(write_contract(tmp_path, make_record(field)))


UNSAFE = [
    "bytes",
    "float",
    "null",
    "probe",
    ["string", "null"],
    ["null"],
    ["null", "string", "int"],
    ["null", ["null", "string"]],
    ["null", "bytes"],
    [],
    None,
    7,
    {"type": "string"},
    {"type": "array", "items": "null"},
    {"type": "map", "values": "string"},
    {"type": "fixed", "name": "F", "size": 16},
    {"type": "enum", "name": "E", "symbols": ["A"]},
    {"type": "record", "name": "N", "fields": []},
    {"type": "long", "logicalType": "timestamp-micros"},
    {"type": "int", "logicalType": "timestamp-millis"},
    {"type": "long", "logicalType": "timestamp-millis", "extra": 1},
    {"type": "string", "logicalType": "uuid"},
]


@pytest.mark.parametrize("avro", UNSAFE, ids=json.dumps)
def test_a_type_outside_the_safe_subset_is_refused(tmp_path: Path, avro: object) -> None:
    with pytest.raises(ContractError, match=r"probe\.note: (only string|a union)"):
        load_contract(write_contract(tmp_path, make_record(make_field_json(avro=avro))))


WRONG_FIELDS = {
    "may be null and defaults to something": make_field_json(default="x"),
    "may be null and has no default": without(make_field_json(), "default"),
    "is never null and has a default": make_field_json(avro="string", default="x"),
    "has an alias": make_field_json(aliases=["remark"]),
    "has an order": make_field_json(order="ignore"),
    "has a misspelt key": make_field_json(docs="A note."),
    "has more to say on privacy": make_field_json(
        privacy={"category": "user.telemetry", "ok": True}
    ),
    "has a doc that is no text": make_field_json(doc=1),
}


@pytest.mark.parametrize("field", WRONG_FIELDS.values(), ids=WRONG_FIELDS.keys())
def test_a_field_is_refused_that(tmp_path: Path, field: Json) -> None:
    with pytest.raises(ContractError, match=r"probe\.avsc: probe\.note: "):
        load_contract(write_contract(tmp_path, make_record(field)))


@pytest.mark.parametrize(
    "name", ["Note", "_note", "9note", "no-te", "no.te", "nöte", "", "note\n", None, 3]
)
def test_a_name_that_not_everything_takes_is_refused(tmp_path: Path, name: object) -> None:
    with pytest.raises(ContractError, match=r"probe\.avsc: "):
        load_contract(write_contract(tmp_path, make_record(make_field_json(name))))
    with pytest.raises(ContractError, match=r"probe\.avsc: "):
        load_contract(write_contract(tmp_path, make_record(name=name)))


@pytest.mark.parametrize("name", sorted(RESERVED | {"class", "from"}))
def test_a_name_that_the_lake_or_python_has_taken_is_refused(tmp_path: Path, name: object) -> None:
    with pytest.raises(ContractError, match=rf"probe\.{name}: "):
        load_contract(write_contract(tmp_path, make_record(make_field_json(name))))


def test_the_lakes_own_columns_are_reserved() -> None:
    assert {"pack", "index", "subject", "policy_version", "tagset", "keep_until", "day"} <= RESERVED


def test_a_field_that_stands_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"probe\.note: "):
        load_contract(write_contract(tmp_path, make_record(make_field_json(), make_field_json())))


SHORN = {
    "no times": [make_field_json()],
    "only one": make_times()[:1],
    "the other way round": make_times()[::-1],
    "after another field": [make_field_json(), *make_times()],
    "that may be null": [make_field_json("occurred_at", ("null", MILLIS)), make_times()[1]],
    "no fields": [],
    "fields that are no list": {},
    "a field that is no object": ["note"],
}


@pytest.mark.parametrize("fields", SHORN.values(), ids=SHORN.keys())
def test_a_contract_without_its_two_times_at_the_front_is_refused(
    tmp_path: Path, fields: object
) -> None:
    with pytest.raises(ContractError, match=r"probe\.avsc: probe"):
        load_contract(write_contract(tmp_path, make_record(fields=fields)))


TEXTS = {
    "no JSON": "{",
    "a list": "[]",
    "an enum": '{"type": "enum", "name": "probe"}',
    "no record": "{}",
    "aliases": json.dumps(make_record(aliases=["old"])),
    "a key that stands twice": '{"type": "record", "type": "record"}',
}


@pytest.mark.parametrize("content", TEXTS.values(), ids=TEXTS.keys())
def test_a_file_that_holds_no_contract_is_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(ContractError, match=r"probe\.avsc: "):
        load_contract(write_contract(tmp_path, content))


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"none\.avsc: "):
        load_contract(tmp_path / "none.avsc")
    (tmp_path / "raw.avsc").write_bytes(b"\xff\xfe")
    with pytest.raises(ContractError, match=r"raw\.avsc: "):
        load_contract(tmp_path / "raw.avsc")


def test_a_misspelt_key_or_category_is_answered_with_the_nearest_right_one(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="did you mean namespace"):
        load_contract(write_contract(tmp_path, make_record(namespaces="test")))
    with pytest.raises(UntaggedField, match=r"did you mean user\.device\.ip_address"):
        load_contract(
            write_contract(
                tmp_path,
                make_record(make_field_json(privacy={"category": "user.device.ip_adress"})),
            )
        )


# Apache Avro 1.12, share/test/data/schema-tests.txt: the fingerprint as a signed 64-bit number.
@pytest.mark.parametrize(
    ("schema", "number"),
    [
        ("null", 7195948357588979594),
        ("boolean", -6970731678124411036),
        ("int", 8247732601305521295),
        ("long", -3434872931120570953),
        ("float", 5583340709985441680),
        ("double", -8181574048448539266),
        ("bytes", 5746618253357095269),
        ("string", -8142146995180207161),
    ],
)
def test_the_fingerprint_is_that_of_the_avro_specification(schema: str, number: int) -> None:
    assert fingerprint_of(schema) == number.to_bytes(8, "big", signed=True)


def test_the_fingerprints_of_our_contracts_never_change_unseen() -> None:
    """Whoever changes a shipped contract keeps its old version in the archive, and its new figure here."""
    assert {contract.name: contract.fingerprint.hex() for contract in builtin()} == {
        "account_change": "93cab421e064328b",
        "automated_decision": "71696f7083fe523c",
        "campaign_entry": "a2f0b40c69f53d8a",
        "consent_change": "4d0aba1c11d9768b",
        "identity_check": "8ac083409d226575",
        "operational_log": "46520c3ba0f46dd6",
        "page_view": "41edb4b246899048",
        "payment": "6368c2562ffab815",
        "profile_change": "6abfbc5b84c2915d",
        "rights_request": "c4a8c8343369276e",
        "service_log": "0d55ef0868f5daa4",
        "store_change": "747da25c8c9446c4",
        "support_contact": "b8b2d5033ad66295",
        "survey_answer": "ea9a36f4fb336f29",
    }


def test_docs_and_categories_do_not_change_the_fingerprint_but_names_and_types_do(
    tmp_path: Path,
) -> None:
    def fingerprint(field: Json) -> bytes:
        return load_contract(write_contract(tmp_path, make_record(field))).fingerprint

    plain = fingerprint(make_field_json())
    assert fingerprint(make_field_json(doc="other", privacy={"category": "user.name"})) == plain
    assert fingerprint(make_field_json("remark")) != plain
    assert fingerprint(make_field_json(avro=("null", "int"))) != plain


def test_a_contract_is_found_by_name_and_by_fingerprint() -> None:
    page_view = builtin().by_name("page_view")
    assert builtin().by_fingerprint(page_view.fingerprint) is page_view


def test_an_unknown_contract_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(ContractError, match="did you mean page_view"):
        builtin().by_name("page_views")
    with pytest.raises(ContractError, match="00ff"):
        builtin().by_fingerprint(b"\x00\xff")


def test_a_folder_adds_its_contracts_and_its_archive(tmp_path: Path) -> None:
    write_contract(tmp_path / "archive", make_record(), "probe-1")
    write_contract(tmp_path, make_record(make_field_json()))
    contracts = builtin().with_folder(tmp_path)
    assert contracts.names == tuple(sorted((*builtin().names, "probe")))
    old = contracts.by_fingerprint(load_contract(tmp_path / "archive" / "probe-1.avsc").fingerprint)
    assert len(old.fields) == 2
    assert len(contracts.by_name("probe").fields) == 3
    assert "probe" not in builtin().names


def folder_with(tmp_path: Path, **files: Json) -> Path:
    for name, record in files.items():
        write_contract(tmp_path, record, name)
    return tmp_path


def test_a_contract_of_another_name_than_its_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"other\.avsc: probe"):
        builtin().with_folder(folder_with(tmp_path, other=make_record()))


def test_a_shipped_contract_cannot_be_redefined(tmp_path: Path) -> None:
    redefined = make_record(make_field_json(), name="page_view")
    with pytest.raises(ContractError, match=r"page_view\.avsc: page_view"):
        builtin().with_folder(folder_with(tmp_path, page_view=redefined))


def test_a_shipped_contract_cannot_be_given_other_categories(tmp_path: Path) -> None:
    record = deepcopy(json.loads((FOLDER / "page_view.avsc").read_text("utf-8")))
    record["fields"][2] |= {
        "privacy": {"category": "user.device"},
        "confluent:tags": ["user.device"],
    }
    with pytest.raises(ContractError, match=r"page_view\.avsc: page_view"):
        builtin().with_folder(folder_with(tmp_path, page_view=record))


def test_an_archived_version_that_looks_the_same_on_the_wire_is_refused(tmp_path: Path) -> None:
    write_contract(tmp_path, make_record(make_field_json()))
    write_contract(
        tmp_path / "archive",
        make_record(make_field_json(privacy={"category": "user.name"})),
        "probe-1",
    )
    with pytest.raises(ContractError, match=r"probe-1\.avsc: probe"):
        builtin().with_folder(tmp_path)


def test_an_archived_version_without_a_newest_one_is_refused(tmp_path: Path) -> None:
    write_contract(tmp_path / "archive", make_record())
    with pytest.raises(ContractError, match=r"probe\.avsc: probe"):
        builtin().with_folder(tmp_path)


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="no such folder"):
        Contracts({}, {}).with_folder(Path(tmp_path / "none"))
