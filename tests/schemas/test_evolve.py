"""What may follow what: contracts stay readable both ways, policies get no looser."""

import io
import json
from collections.abc import Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.contracts import KINDS, Json, load_record, make_field_json
from kit.policies import (
    BY_CONSENT,
    BY_CONTRACT,
    IMPROVE,
    OPERATE,
    PURPOSES,
    REPORT,
    make_policy,
    make_rule,
    rotated,
)
from kit.policies import make_contract as make_plain_contract
from remit_schemas.codec import encoder
from remit_schemas.contract import FOLDER, Contract, Contracts, Field, builtin, load_contract
from remit_schemas.errors import PolicyError
from remit_schemas.evolve import check_contract, check_policy
from remit_schemas.policy import Policy, find_policy
from remit_schemas.specs import SPECS

NOTE = Field("note", "string", None, nullable=True, category="user.telemetry", doc="")
COUNT = Field("count", "int", None, nullable=True, category="user.telemetry", doc="")
OLD = (NOTE, COUNT)


def reasons(*new: Field, old: tuple[Field, ...] = OLD) -> list[str]:
    return check_contract(make_plain_contract(*old), make_plain_contract(*new))


def test_a_contract_may_stay_as_it_is_and_say_it_in_other_words() -> None:
    assert reasons(replace(NOTE, doc="A note."), COUNT) == []


def test_a_contract_may_gain_fields_at_the_end_that_may_be_null() -> None:
    assert reasons(*OLD, replace(NOTE, name="extra")) == []


@pytest.mark.parametrize(
    ("new", "reason"),
    [
        ((NOTE,), "visit.count: was removed or renamed"),
        ((COUNT,), "visit.note: was removed or renamed"),
        ((NOTE, replace(COUNT, name="number")), "visit.count: was removed or renamed"),
        ((COUNT, NOTE), "visit.note: is no longer in its place"),
        ((replace(NOTE, name="first"), *OLD), "visit.note: is no longer in its place"),
        ((NOTE, replace(COUNT, avro_type="long")), "visit.count: was int, is long"),
        ((NOTE, replace(COUNT, nullable=False)), "visit.count: was nullable"),
        (
            (replace(NOTE, category="user.device"), COUNT),
            "visit.note: was user.telemetry, is user.device",
        ),
        (
            (replace(NOTE, category="user.name"), COUNT),
            "visit.note: was user.telemetry, is user.name",
        ),
        (
            (*OLD, replace(NOTE, name="extra", nullable=False)),
            "visit.extra: is new, so it must be nullable",
        ),
    ],
)
def test_a_contract_may_not_change_in_a_way_that(new: tuple[Field, ...], reason: str) -> None:
    assert reason in reasons(*new)


def test_a_time_may_not_become_a_plain_number() -> None:
    time = replace(COUNT, avro_type="long", logical="timestamp-millis")
    assert reasons(replace(time, logical=None), old=(time,)) == [
        "visit.count: was timestamp-millis, is long"
    ]


def test_a_field_may_not_become_nullable_either() -> None:
    assert reasons(NOTE, old=(replace(NOTE, nullable=False),)) == ["visit.note: was not nullable"]


def test_a_contract_may_not_follow_another_one() -> None:
    old, new = make_plain_contract(*OLD), make_plain_contract(*OLD, name="other")
    assert check_contract(old, new) == ["visit: cannot become other"]


def test_every_archived_version_is_followed_by_its_newest() -> None:
    archived = [load_contract(file) for file in (FOLDER / "archive").glob("*.avsc")]
    assert [check_contract(old, builtin().by_name(old.name)) for old in archived] == [[]] * len(
        archived
    )


FIELDS = st.builds(
    lambda name, kind, is_nullable: make_field_json(name, ("null", kind) if is_nullable else kind),
    st.sampled_from(["aa", "bb", "cc"]),
    st.sampled_from(KINDS),
    st.booleans(),
)
RECORDS = st.lists(FIELDS, max_size=3, unique_by=lambda field: str(field["name"]))
NEEDED = {"string": "a", "int": 1, "long": 2, "boolean": True, "double": 1.5, "timestamp-millis": 3}


@given(RECORDS, RECORDS)
def test_what_may_follow_is_read_both_ways_by_avros_own_rules(
    tmp_path_factory: pytest.TempPathFactory, first: list[Json], second: list[Json]
) -> None:
    folder = tmp_path_factory.mktemp("contracts")
    old, new = load_record(folder, *first), load_record(folder, *first, *second_of(first, second))
    if not check_contract(old, new):
        assert read_as(new, old).items() >= read_as(old, old).items()
        assert read_as(old, new) == read_as(old, old)


def second_of(first: list[Json], second: list[Json]) -> list[Json]:
    return [field for field in second if field["name"] not in {other["name"] for other in first}]


def read_as(reader: Contract, writer: Contract) -> Mapping[str, object]:
    """Write an event of one version and read it with another, as any Avro reader would."""
    event = SimpleNamespace(
        **{field.name: NEEDED[field.logical or field.avro_type] for field in writer.fields}
    )
    stream = io.BytesIO(encoder(writer)(event))
    written, wanted = (
        fastavro.parse_schema(json.loads(each.schema_json)) for each in (writer, reader)
    )
    return cast("Mapping[str, object]", fastavro.schemaless_reader(stream, written, wanted))


VISITS = Contracts({"visit": make_plain_contract()}, {})


def looser(old: Policy, new: Policy) -> list[str]:
    return check_policy(old, new, VISITS)


IP_24 = make_rule(reduce={"ip": {}})
PAGE = {"field": "page"}


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ([], [IP_24], "visit.ip: was refuse, is reduce"),
        ([IP_24], [make_rule()], "visit.ip: was reduce, is keep"),
        ([make_rule(refuse=True)], [make_rule()], "visit.ip: was refuse, is keep"),
        (
            [make_rule(reduce={"ip": {"v4_bits": 16}})],
            [IP_24],
            "visit.ip: v4_bits of ip leaves more than before",
        ),
        (
            [make_rule(**PAGE, reduce={"page": {}})],
            [make_rule(**PAGE, reduce={"page": {"allow": ["q"]}})],
            "visit.page: allow of page leaves more than before",
        ),
        (
            [make_rule(field="occurred_at", reduce={"timestamp": {"precision": "hour"}})],
            [make_rule(field="occurred_at", reduce={"timestamp": {"precision": "minute"}})],
            "visit.occurred_at: precision of timestamp leaves more than before",
        ),
        (
            [make_rule(field="occurred_at", reduce={"timestamp": {"decay": ["7 days hour"]}})],
            [make_rule(field="occurred_at", reduce={"timestamp": {"decay": ["9 days hour"]}})],
            "visit.occurred_at: decay of timestamp leaves more than before",
        ),
        (
            [make_rule(**PAGE, reduce={"page": {}}, keep_for="7 days")],
            [make_rule(**PAGE, reduce={"free_text": {}}, keep_for="7 days")],
            "visit.page: was reduced by page, is by free_text",
        ),
        (
            [make_rule()],
            [make_rule(purposes=[OPERATE, REPORT])],
            f"visit.ip: is used for {REPORT}, and was not",
        ),
        (
            [make_rule()],
            [make_rule(keep_for="31 days")],
            "visit.ip: was kept for 30 days, is for 31 days",
        ),
        ([make_rule()], [make_rule(recipients=["acme"])], "visit.ip: goes to acme, and did not"),
        (
            [make_rule(reduce={"ip_place": {"place": "country"}})],
            [make_rule(reduce={"ip_place": {"place": "region"}})],
            "visit.ip: place of ip_place leaves more than before",
        ),
        (
            [make_rule(reduce={"ip_encrypted": {"rotate_days": 30}})],
            [make_rule(reduce={"ip_encrypted": {"rotate_days": 90}})],
            "visit.ip: rotate_days of ip_encrypted leaves more than before",
        ),
        (
            [make_rule(reduce={"ip_encrypted": {"rotate_days": 90}})],
            [make_rule(reduce={"ip_encrypted": {"rotate_days": 0}})],
            "visit.ip: rotate_days of ip_encrypted leaves more than before",
        ),
    ],
)
def test_a_policy_is_looser_that(
    old: list[dict[str, object]], new: list[dict[str, object]], reason: str
) -> None:
    assert reason in looser(make_policy(*old), make_policy(*new))
    assert looser(make_policy(*new), make_policy(*new)) == []
    if "by free_text" not in reason:
        assert looser(make_policy(*new), make_policy(*old)) == []


def test_other_routes_are_taken_for_looser_in_either_direction() -> None:
    plain = make_policy(make_rule(**PAGE, reduce={"page": {}}))
    routed = make_policy(make_rule(**PAGE, reduce={"page": {"routes": ["/u/{name}"]}}))
    reason = ["visit.page: routes of page leaves more than before"]
    assert looser(plain, routed) == looser(routed, plain) == reason


def test_an_optional_purpose_that_becomes_required_is_looser() -> None:
    rule = make_rule(purposes=[IMPROVE])
    optional = make_policy(rule, purposes=PURPOSES | {IMPROVE: BY_CONSENT})
    required = make_policy(rule, purposes=PURPOSES | {IMPROVE: BY_CONTRACT})
    assert looser(optional, required) == [
        f"visit.ip: {IMPROVE} was optional, is required",
        f"visit.ip: {IMPROVE} rested on consent, rests on contract",
    ]
    assert looser(required, optional) == []


def test_what_was_prohibited_and_is_not_is_looser_even_while_it_is_refused() -> None:
    prohibits = make_policy(
        prohibited={"user.device.ip_address": {"clause": "S004", "reason": "never"}}
    )
    assert looser(prohibits, make_policy()) == ["visit.ip: was prohibited"]


def test_a_longer_raw_limit_is_looser() -> None:
    assert looser(make_policy(raw_limit_h=24), make_policy(raw_limit_h=48)) == [
        "raw_limit_h: 24 h before, 48 h now"
    ]


def test_pseudonyms_that_change_more_seldom_or_never_are_looser() -> None:
    monthly, yearly = (make_policy(pseudonyms=rotated(f"{days} days")) for days in (30, 365))
    assert looser(monthly, yearly) == ["pseudonyms: changed every 30 days, change every 365 days"]
    assert looser(monthly, make_policy()) == ["pseudonyms: changed every 30 days, never do"]
    assert not [*looser(yearly, monthly), *looser(make_policy(), yearly), *looser(yearly, yearly)]


def test_a_policy_that_does_not_compile_is_not_compared() -> None:
    with pytest.raises(PolicyError):
        looser(make_policy(), make_policy(make_rule(field="shoe_size")))


def test_the_shipped_policy_may_follow_itself() -> None:
    assert check_policy(find_policy(), find_policy(), builtin()) == []


def test_parameters_say_more_when_they_are_greater_or_earlier_among_their_choices() -> None:
    """`check_policy` goes by this: whoever adds a parameter that works the other way round must teach it."""
    parameters = [parameter for spec in SPECS.values() for parameter in spec.parameters]
    assert all("kept" in parameter.unit for parameter in parameters if parameter.kind is not str)
    choices = [parameter.choices for parameter in parameters if parameter.kind is str]
    assert choices == [("region", "country"), ("second", "minute", "hour", "day")]


CROWDED = {"clause": "S110", "reason": "a test", "subjects_min": 10, "subject": "daily"}


@pytest.mark.clause("S113")
@pytest.mark.parametrize(
    ("after", "said"),
    [
        (CROWDED, []),
        (CROWDED | {"subjects_min": 20, "subject": "none"}, []),
        (CROWDED | {"subjects_min": 5}, ["showed a row in a crowd of 10 subjects, and does of 5"]),
        (CROWDED | {"subject": "stable"}, ["names of subjects were daily, are stable"]),
        (
            None,
            [
                "showed a row in a crowd of 10 subjects, and asks for none",
                "names of subjects were daily, are stable",
            ],
        ),
    ],
)
def test_a_view_that_shows_more_of_somebody_is_looser(after: Json | None, said: list[str]) -> None:
    before = make_policy(views={IMPROVE: CROWDED})
    policy = make_policy(views={IMPROVE: after} if after else {})
    assert looser(before, policy) == [f"views.{IMPROVE}: {words}" for words in said]


def test_a_view_that_begins_to_keep_apart_is_not_looser() -> None:
    assert looser(make_policy(), make_policy(views={IMPROVE: CROWDED})) == []
