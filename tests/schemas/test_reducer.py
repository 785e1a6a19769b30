"""What a policy may tell a reducer, and how a mistake is answered."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit_schemas.errors import PolicyError
from remit_schemas.parameters import complete
from remit_schemas.specs import SPECS

ARROW = {"string", "final", "int32", "bool", "timestamp[ms, UTC]"}


def test_defaults_are_filled_in_and_in_order() -> None:
    assert list(complete("ip", {"v6_bits": 64}).items()) == [("v4_bits", 24), ("v6_bits", 64)]


def test_a_list_of_the_file_becomes_a_tuple() -> None:
    assert complete("closed", {"values": ["GET", "POST"]}) == {"values": ("GET", "POST")}


def test_an_unknown_reducer_is_answered_with_the_nearest_right_one() -> None:
    with pytest.raises(PolicyError, match="user_agent"):
        complete("useragent", {})


def test_an_unknown_parameter_is_answered_with_the_nearest_right_one() -> None:
    with pytest.raises(PolicyError, match=r"'v4_bit'; did you mean 'v4_bits'"):
        complete("ip", {"v4_bit": 24})


def test_a_parameter_of_a_reducer_without_any_is_refused() -> None:
    with pytest.raises(PolicyError, match="it has none"):
        complete("language", {"keep": "region"})


@pytest.mark.parametrize(
    ("name", "given_parameters"),
    [
        ("ip", {"v4_bits": 32}),
        ("ip", {"v6_bits": 65}),
        ("ip", {"v4_bits": "24"}),
        ("ip", {"v4_bits": True}),
        ("ip", {"v4_bits": 24.0}),
        ("timestamp", {"precision": "millisecond"}),
        ("closed", {}),
        ("closed", {"values": []}),
        ("closed", {"values": "GET"}),
        ("closed", {"values": ["GET", "get"]}),
        ("closed", {"values": ["GET", 7]}),
        ("closed", {"values": ["x" * 65]}),
        ("page", {"allow": [""]}),
        ("free_text", {"chars_max": 0}),
    ],
)
def test_a_parameter_out_of_bounds_names_itself_and_the_reducer(
    name: str, given_parameters: dict[str, object]
) -> None:
    with pytest.raises(PolicyError) as caught:
        complete(name, given_parameters)
    parameter = next(iter(given_parameters), "values")
    assert parameter in str(caught.value)
    assert name in str(caught.value)


@pytest.mark.parametrize("name", SPECS)
def test_every_reducer_says_what_it_takes_gives_and_why(name: str) -> None:
    spec = SPECS[name]
    assert spec.name == name
    assert spec.takes in {"string", "timestamp", "int"}
    assert spec.outputs
    assert {output.arrow for output in spec.outputs} <= ARROW
    assert spec.summary.endswith(".")
    assert all(parameter.unit and parameter.source for parameter in spec.parameters)


def test_an_output_without_a_suffix_is_written_under_the_name_of_the_field() -> None:
    assert [output.column("agent") for output in SPECS["user_agent"].outputs][:2] == [
        "agent_browser",
        "agent_browser_major",
    ]
    assert [output.column("page") for output in SPECS["page"].outputs] == ["page"]


@given(
    st.sampled_from(sorted(SPECS)),
    st.dictionaries(st.text(max_size=10), st.none() | st.booleans() | st.integers() | st.text()),
)
def test_whatever_a_policy_says_it_is_completed_or_refused(
    name: str, given_parameters: dict[str, object]
) -> None:
    try:
        done = complete(name, given_parameters)
    except PolicyError:
        return
    assert list(done) == [parameter.name for parameter in SPECS[name].parameters]
