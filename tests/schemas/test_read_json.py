"""JSON from outside is read, or refused by one kind of error that repeats nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.canaries import CANARY, assert_silent, said
from remit_schemas.read_json import read_json

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab"), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"a":' * 100_000,
        "1e999",
        "[NaN]",
        "-Infinity",
        '"\\ud800"',
        '{"\\udfff":1}',
        "9" * 5_000,
        "{",
        "",
        f'{{"{CANARY}":',
    ],
    ids=range(11),
)
def test_what_breaks_whoever_reads_on_is_refused(text: str) -> None:
    for form in (text, text.encode(), text.encode("utf-16")):
        with pytest.raises(ValueError, match=r"^no JSON that can be read$") as caught:
            read_json(form)
        assert_silent(said(caught.value))


def test_bytes_that_are_no_text_are_refused_without_being_quoted() -> None:
    with pytest.raises(ValueError, match="no JSON") as caught:
        read_json(b"\xff" + CANARY.encode())
    assert_silent(said(caught.value))


@given(value=VALUES)
def test_what_was_written_is_read(value: object) -> None:
    import json  # noqa: PLC0415

    assert read_json(json.dumps(value)) == value
    assert read_json(json.dumps(value, ensure_ascii=False).encode()) == value
