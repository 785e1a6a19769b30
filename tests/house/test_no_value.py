"""No message carries a value: every error that data can reach is raised with a canary in the data, and none sings."""

import ast
import json
import logging
import os
import struct
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.canaries import BITS, CANARY, assert_silent, said
from kit.means import REDUCERS
from kit.tree import modules
from remit_consumers.settings import Settings
from remit_consumers.steps.decode import Bodies, decode
from remit_schemas import errors
from remit_schemas.codec import decode_one, encoder, from_confluent
from remit_schemas.contract import Contract, Field, builtin
from remit_schemas.errors import RemitError
from remit_schemas.events import EVENTS
from remit_schemas.header import Header
from remit_schemas.pack import (
    compress_body,
    decompress_body,
    scan_records,
    split_body,
    split_record,
)
from remit_schemas.parameters import complete
from remit_schemas.specs import SPECS

RAW = CANARY.encode()
CONTRACTS = sorted(builtin(), key=lambda contract: contract.name)
BAD = [[CANARY], {CANARY: CANARY}, RAW, CANARY, f"\ud800{CANARY}", 4111111111111111 << 40, object]


def provoke(action: Callable[[], object]) -> BaseException | None:
    """Do something and give the error it raised, if it raised one."""
    try:
        action()
    except Exception as error:  # noqa: BLE001 - whatever it is, it must not carry a value
        return error
    return None


def build(event: type, **values: object) -> object:
    """Build an event as a careless app would: with whatever it has."""
    return event(**values)


def fields() -> list[tuple[Contract, Field]]:
    return [(contract, field) for contract in CONTRACTS for field in contract.fields]


each_field = pytest.mark.parametrize(
    ("contract", "field"), fields(), ids=lambda part: str(getattr(part, "name", part))
)


@each_field
@pytest.mark.parametrize("bad", range(len(BAD)))
def test_an_event_that_does_not_encode_is_refused_without_its_value(
    contract: Contract, field: Field, bad: int
) -> None:
    values: dict[str, object] = {f.name: None for f in contract.fields}
    values |= {"occurred_at": 0, "collected_at": 0, field.name: BAD[bad]}
    error = provoke(lambda: encoder(contract)(SimpleNamespace(**values)))
    if error is None:
        assert isinstance(BAD[bad], str), "a wrong type was let in"
        return
    assert isinstance(error, errors.EncodeError)
    assert_silent(said(error))
    assert field.name in str(error)


@pytest.mark.parametrize("event", list(EVENTS), ids=lambda event: event.__name__)
@pytest.mark.parametrize("bad", range(len(BAD)))
def test_a_typed_event_that_cannot_be_built_does_not_quote_what_it_was_given(
    event: type, bad: int
) -> None:
    unknown = provoke(lambda: build(event, no_such_field=CANARY))
    assert unknown is not None
    told = [unknown]
    for name in getattr(event, "__fields__", ()):
        error = provoke(partial(build, event, **{name: BAD[bad]}))
        told += [error] if error else []
    assert_silent("\n".join(map(said, told)))


@pytest.mark.parametrize("event", list(EVENTS), ids=lambda event: event.__name__)
def test_the_repr_of_an_event_does_not_show_its_values(event: type) -> None:
    texts = [f.name for c, f in fields() if c.name == EVENTS[event] and f.avro_type == "string"]
    assert_silent(repr(event(**dict.fromkeys(texts, CANARY))))


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.name)
@given(cut=st.integers(0, 80), tail=st.binary(max_size=4))
def test_a_datum_that_cannot_be_read_is_refused_without_its_bytes(
    contract: Contract, cut: int, tail: bytes
) -> None:
    datum = b"\x00\x00\x02\x80\x01" + RAW[:cut] + tail
    error = provoke(lambda: decode_one(contract, datum))
    if error is not None:
        assert isinstance(error, errors.ContractError)
        assert_silent(said(error))


def test_a_batch_of_broken_datums_is_decoded_without_a_word(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    raw = [RAW, RAW[:7], b"", b"\xff" * 9 + RAW, b"\x02" * 40 + RAW]
    datums = Bodies(raw, np.array([len(datum) for datum in raw], np.int64))
    subjects = pa.array([b""] * len(raw), pa.binary())
    for contract in CONTRACTS:
        assert provoke(partial(decode, contract, datums, subjects)) is None
    captured = capfd.readouterr()
    assert_silent(captured.out + captured.err + caplog.text)


@pytest.mark.parametrize(
    "action",
    [
        lambda: Header.parse(RAW),
        lambda: Header.parse(b"RM" + RAW),
        lambda: Header.parse(b"RM\x01\x01" + struct.pack("<H", 40) + RAW * 3),
        lambda: split_body(RAW, 3),
        lambda: split_body(RAW, 1_000_000),
        lambda: split_record(struct.pack("<H", 999) + RAW),
        lambda: decompress_body(RAW),
        lambda: decompress_body(compress_body(RAW)[:-3]),
        lambda: list(scan_records(struct.pack("<I", 9999) + RAW, 0)),
        lambda: from_confluent(RAW),
        lambda: from_confluent(RAW[:3]),
        lambda: builtin().by_name(CANARY),
        lambda: Settings.from_env({"REMIT_FLUSH_EVENTS": CANARY}),
    ],
    ids=range(13),
)
def test_bytes_that_are_no_pack_are_refused_without_being_quoted(
    action: Callable[[], object],
) -> None:
    error = provoke(action)
    if error is not None:
        assert_silent(said(error))


@pytest.mark.parametrize("name", sorted(SPECS))
def test_a_reducer_takes_any_value_without_an_error_or_a_word(
    name: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    spec = SPECS[name]
    values = pa.array([CANARY, "", "\x00", CANARY * 50, None])
    if spec.takes != "string":
        values = pa.array([4111111111111111, 0, -1, 1 << 62, None], pa.int64())
    if spec.takes == "timestamp":
        values = values.cast(pa.timestamp("ms", "UTC"))
    parameters = complete(
        name, {p.name: _some(p.choices) for p in spec.parameters if p.default is None}
    )
    error = provoke(lambda: REDUCERS[name].reduce(values, parameters))
    captured = capfd.readouterr()
    assert_silent((said(error) if error else "") + captured.out + captured.err + caplog.text)
    assert error is None


def _some(choices: tuple[str, ...]) -> tuple[str, ...]:
    return choices or ("one", "two")


def run_remit(folder: Path, stdin: str, *arguments: str) -> str:
    """Run the command in a data folder of its own and give all it said."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("REMIT_")}
    done = subprocess.run(
        [sys.executable, "-m", "remit_cli", *arguments, "--data", str(folder / "data")],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        env=environ,
        timeout=120,
    )
    return done.stdout + done.stderr


def plain_bytes_under(folder: Path) -> list[str]:
    """Name the files below a folder in which a piece of the canary stands in the plain."""
    return [
        str(path.relative_to(folder))
        for path in sorted(folder.rglob("*"))
        if path.is_file() and any(bit.encode() in path.read_bytes() for bit in BITS[1:])
    ]


def test_an_import_of_torn_lines_says_nothing_of_what_stood_in_them(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    log = tmp_path / "in" / "access.log"
    whole = f'203.0.113.77 - {CANARY[:11]} [01/Nov/2021:10:00:00 +0000] "GET /?q=zq7x HTTP/1.1" 200 1 "-" "birds"'
    log.write_text("\n".join([whole, whole[:60], CANARY, f'203.0.113.77 - - [{CANARY}] "']) + "\n")
    (tmp_path / "out").mkdir()
    told = run_remit(tmp_path / "out", "", "import", "access-log", str(log), "--wait")
    report = run_remit(tmp_path / "out", "", "report", "--json")
    assert_silent(told + report + run_remit(tmp_path / "out", "", "verify"))
    counted = json.loads(report)["contracts"]["page_view"]
    assert (counted["offered"], counted["stored"]) == (4, 1)
    assert not plain_bytes_under(tmp_path / "out")


def test_events_that_the_command_refuses_are_not_repeated(tmp_path: Path) -> None:
    lines = [
        json.dumps({"ip": [CANARY], "subject": CANARY}),
        json.dumps({"no_such_field": CANARY}),
        json.dumps({"page": CANARY, "status": CANARY}),
        json.dumps([CANARY]),
        "{" + CANARY,
        json.dumps({"ip": "203.0.113.77", "page": "/cart?q=zq7x", "subject": "birds"}),
    ]
    told = run_remit(tmp_path, "\n".join(lines) + "\n", "emit", "page_view", "--wait")
    report = run_remit(tmp_path, "", "report", "--json")
    assert_silent(told + report)
    assert json.loads(report)["contracts"]["page_view"]["stored"] == 1
    assert not plain_bytes_under(tmp_path)


def error_classes() -> list[type[RemitError]]:
    return [c for c in vars(errors).values() if isinstance(c, type) and issubclass(c, RemitError)]


def test_every_error_has_a_code_of_its_own() -> None:
    codes = [error.code for error in error_classes()]
    assert len(codes) == len(set(codes))


def test_every_error_stands_in_the_tree_drawn_at_the_top() -> None:
    drawn = errors.__doc__ or ""
    assert not [
        error.__name__
        for error in error_classes()
        if f"{error.__name__} " not in drawn.replace("\n", " ")
    ]


def test_every_error_of_ours_is_defined_in_the_one_tree() -> None:
    strays = [
        f"{module.name}.{node.name}"
        for module in modules().values()
        if module.name != "remit_schemas.errors"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef)
        for base in node.bases
        if ast.unparse(base).rpartition(".")[2].endswith(("Error", "Exception"))
    ]
    assert not strays
