"""A policy file: what it can say, and how it is told what it says wrongly."""

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from kit.policies import BY_CONSENT, BY_CONTRACT, OPERATE, make_policy, make_rule, policy_data
from remit_schemas.clauses import clauses_path, sentence_sha256
from remit_schemas.errors import PolicyError
from remit_schemas.policy import (
    Policy,
    builtin_policy,
    find_policy,
    load_policy,
    policy_from_json,
    policy_path,
)
from remit_schemas.rule import Rule, duration_text

SMALL = """\
format: remit policy 1
name: small
version: 2026-01-01
effective_on: 2026-01-01
updated_on: 2026-01-01
language: en
document:
  sha256: 0000000000000000000000000000000000000000000000000000000000000000
  sentences: 2
raw_limit_h: 24
raw_limit_reason: a day
purposes:
  essential.service:
    necessity: required
    basis: contract
    clause: S001
    reason: needed
prohibited:
  user.biometric:
    clause: S002
    reason: never
rules:
  - event: page_view
    field: ip
    reduce: {ip: {v4_bits: 16}}
    purposes: [essential.service]
    keep_for: 1 day
    clause: S001
    reason: needed
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "small.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def complaint_about(folder: Path, old: str, new: str) -> str:
    """Load the small policy with one thing changed, and give what is said about it."""
    assert SMALL.count(old) == 1
    with pytest.raises(PolicyError) as caught:
        load_policy(written(folder, SMALL.replace(old, new)))
    assert caught.value.__suppress_context__ or caught.value.__cause__ is None
    return str(caught.value).replace(str(folder) + "/", "")


def test_a_policy_file_is_read_as_it_is_written(tmp_path: Path) -> None:
    policy = load_policy(written(tmp_path, SMALL))
    assert (policy.name, policy.version, policy.raw_limit_h) == ("small", "2026-01-01", 24)
    assert policy.rules[0].keep_for == timedelta(days=1)
    assert policy.rules[0].reduce == {"ip": {"v4_bits": 16}}
    assert policy.rules[0].recipients == ()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("raw_limit_h: 24", "raw_limit_hours: 24", ':10: "raw_limit_hours" is not a key of a policy; did you mean "raw_limit_h"?'),
        ("  sentences: 2", "  sentence: 2", ':9: "sentence" is not a key of the document; did you mean "sentences"?'),
        ("    basis: contract", "    bases: contract", ':15: "bases" is not a key of a purpose; did you mean "basis"?'),
        ("    reason: never", "    raeson: never", ':21: "raeson" is not a key of a prohibition; did you mean "reason"?'),
        ("    purposes: [", "    puproses: [", ':26: "puproses" is not a key of a rule; did you mean "purposes"?'),
        ("{v4_bits: 16}", "{v4_bit: 16}", ":25: reducer 'ip' has no parameter 'v4_bit'; did you mean 'v4_bits'?"),
        ("{ip: {", "{ipp: {", ":25: unknown reducer 'ipp'; did you mean 'ip'?"),
        ("v4_bits: 16", "v4_bits: 32", ":25: parameter 'v4_bits' of reducer 'ip' is 32"),
        ("  essential.service:", "  essential.servce:", ':13: unknown purpose "essential.servce"; did you mean "essential.service"?'),
        ("[essential.service]", "[essential.servic]", ':26: this policy has no purpose "essential.servic"; did you mean "essential.service"?'),
        ("  user.biometric:", "  user.biometrics:", ':19: unknown category "user.biometrics"; did you mean "user.biometric"?'),
        ("    field: ip", "    category: user.device.ip_adress", ':24: unknown category "user.device.ip_adress"; did you mean "user.device.ip_address"?'),
        ("1 day", "1 month", ':27: "keep_for": must be a number of hours or days, such as "30 days"'),
        ("    necessity: required", "    necessity: needed", ":14: \"necessity\": input should be 'required' or 'optional'"),
        ("    keep_for: 1 day\n", "", ':23: a rule that stores something says "keep_for"'),
        ("raw_limit_reason: a day\n", "", ':1: "raw_limit_reason" is missing'),
        ("raw_limit_h: 24", "raw_limit_h: 73", ':10: "raw_limit_h": input should be less than or equal to 72'),
        ("raw_limit_h: 24", 'raw_limit_h: "24"', ':10: "raw_limit_h" must be a whole number'),
        ("language: en", "language: no", ':6: "language" must be a text: put it in quotes'),
        ("effective_on: 2026-01-01", "effective_on: May", ':4: "effective_on" must be a date, such as 2021-11-01'),
        ("[essential.service]", "essential.service", ':26: "purposes" must be a list, such as [one, two]'),
        ("{ip: {v4_bits: 16}}", "ip", ':25: "reduce" must be keys with values'),
        ("    reduce: {ip: {v4_bits: 16}}", "    keep: maybe", ':25: "keep": input should be True'),
        ("{v4_bits: 16}", "{v4_bits: 16.5}", ":25: parameter 'v4_bits' of reducer 'ip' must be a whole number"),
        ("{ip: {v4_bits: 16}}", "{closed: {values: [yes, no]}}", ":25: parameter 'values' of reducer 'closed' must be a list"),
        ("updated_on: 2026-01-01", "updated_on: 2025-01-01", ':5: "updated_on" lies before "effective_on"'),
        ("remit policy 1", "remit policy 2", ":1: \"format\": input should be 'remit policy 1'"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_file_line_and_the_nearest_right_word(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    assert complaint_about(tmp_path, old, new).startswith(f"small.yaml{said}")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("    field: ip", "    field: ip\n    field: page", ':25: "field" stands here twice'),
        ("    field: ip", "    field: &a ip\n    reason: *a", ":25: aliases are not allowed"),
        ("    field: ip", "    field: !name ip", ":24: tags are not allowed"),
        ("    field: ip", "    field: !!binary aXA=", ":24: tags are not allowed"),
        ("    field: ip", "    <<: {field: ip}", ":24: a key must be a text"),
        ("    field: ip", "    1: ip", ":24: a key must be a text"),
        ("    field: ip", "\tfield: ip", ":24: not YAML"),
        ("rules:", "rules: [\n", ":2"),
        ("language: en", "language: \x07", ": has characters that YAML does not allow"),
    ],
)
def test_what_is_no_plain_yaml_is_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert complaint_about(tmp_path, old, new).startswith(f"small.yaml{said}")


PSEUDONYMS = (
    "pseudonyms:\n  rotate_every: 90 days\n  clause: S002\n  reason: a season\nprohibited:\n"
)


def test_a_policy_may_say_how_long_a_pseudonym_lasts(tmp_path: Path) -> None:
    policy = load_policy(written(tmp_path, SMALL.replace("prohibited:\n", PSEUDONYMS)))
    assert policy.pseudonyms is not None
    assert policy.pseudonyms.rotate_days == 90
    assert policy_from_json(policy.canonical) == policy
    assert b'"rotate_every":"90 days"' in policy.canonical
    without = load_policy(written(tmp_path, SMALL))
    assert without.pseudonyms is None
    assert b"pseudonyms" not in without.canonical


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("rotate_every", "rotate_evry", ':19: "rotate_evry" is not a key of the pseudonyms; did you mean "rotate_every"?'),
        ("90 days", "36 hours", ":19: must be whole days"),
        ("90 days", "0 days", ':19: "rotate_every": must be a number of hours or days'),
        ("  clause: S002\n  reason: a season\n", "  reason: a season\n", ':18: "clause" is missing'),
    ],
)  # fmt: skip
def test_what_is_wrong_about_pseudonyms_is_said_with_its_line(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    text = SMALL.replace("prohibited:\n", PSEUDONYMS.replace(old, new))
    with pytest.raises(PolicyError) as caught:
        load_policy(written(tmp_path, text))
    assert str(caught.value).removeprefix(f"{tmp_path}/").startswith(f"small.yaml{said}")


def test_several_mistakes_are_counted_and_the_first_is_named(tmp_path: Path) -> None:
    text = SMALL.replace("language: en", "language: no").replace("1 day", "1 month")
    with pytest.raises(PolicyError, match=r'small\.yaml:6: "language".*\(and 1 more\)$'):
        load_policy(written(tmp_path, text))


@pytest.mark.parametrize(
    "data", [b"", b"# nothing\n", b"\xff\xfe\x00", b"[]", b"text", b"[" * 9999]
)
def test_a_file_that_is_no_policy_is_named(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "small.yaml"
    path.write_bytes(data)
    with pytest.raises(PolicyError, match=r"small\.yaml"):
        load_policy(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"none\.yaml: cannot be read"):
        load_policy(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"category": "user.telemetry", "field": "ip"}, 'either "category" or "field"'),
        ({"field": None}, 'either "category" or "field"'),
        ({"keep": None}, "exactly one of"),
        ({"refuse": True, "keep": True}, "exactly one of"),
        ({"keep": False}, "True"),
        ({"reduce": {}}, "at least 1 item"),
        ({"reduce": {"ip": {}, "page": {}}}, "at most 1 item"),
        ({"reduce": {"closed": {}}}, "is missing"),
        ({"purposes": []}, 'says "purposes"'),
        ({"purposes": [OPERATE, OPERATE]}, "names one twice"),
        ({"keep_for": None}, 'says "keep_for"'),
        ({"keep_for": "0 days"}, "hours or days"),
        ({"keep_for": "1.5 days"}, "hours or days"),
        ({"keep_for": 30}, "hours or days"),
        ({"refuse": True, "purposes": [OPERATE]}, 'has no "purposes"'),
        ({"refuse": True, "keep_for": "1 day"}, 'has no "keep_for"'),
        ({"refuse": True, "recipients": ["x"]}, 'has no "recipients"'),
        ({"recipients": ["a", "a"]}, "names one twice"),
        ({"reduce": {"free_text": {}}}, "what free_text leaves is kept for 7 days at most"),
        ({"clause": "25a"}, "pattern"),
        ({"clause": None}, "required"),
        ({"reason": " "}, "at least 1 character"),
        ({"reason": None}, "required"),
        ({"event": "Page View"}, "pattern"),
    ],
)
def test_a_rule_that_contradicts_itself_is_refused(changes: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Rule.model_validate(make_rule(**changes))


@pytest.mark.clause("S013")
@pytest.mark.parametrize(
    ("terms", "said"),
    [
        (BY_CONTRACT | {"basis": "consent"}, "a required purpose cannot rest on consent"),
        (BY_CONSENT | {"basis": "contract"}, "an optional purpose can only rest on consent"),
        (BY_CONTRACT | {"basis": "legitimate_interests"}, "no ground under PIPL"),
        (BY_CONSENT | {"basis": "legitimate_interests"}, "can only rest on consent"),
        (BY_CONTRACT | {"basis": "because"}, "Input should be"),
    ],
)
def test_a_purpose_without_a_sound_ground_is_refused(terms: dict[str, str], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        make_policy(purposes={OPERATE: terms})


@pytest.mark.parametrize(
    ("laws", "basis", "said"),
    [
        (["gdpr"], "published_by_subject", "no ground under GDPR article 6"),
        (["pipl", "gdpr"], "legitimate_interests", "no ground under PIPL article 13"),
        (["pipl", "gdpr"], "published_by_subject", "no ground under GDPR article 6"),
    ],
)
def test_a_ground_that_one_of_the_subjects_laws_does_not_know_is_refused(
    laws: list[str], basis: str, said: str
) -> None:
    with pytest.raises(ValidationError, match=said):
        make_policy(purposes={OPERATE: BY_CONTRACT | {"basis": basis}}, laws=laws)


def test_a_ground_counts_where_every_law_of_the_subjects_knows_it() -> None:
    purposes = {OPERATE: BY_CONTRACT | {"basis": "legitimate_interests"}}
    assert make_policy(purposes=purposes, laws=["gdpr"]).laws == ("gdpr",)


def test_a_policy_that_names_no_law_keeps_the_hash_it_had() -> None:
    assert b"laws" not in make_policy(make_rule()).canonical


def test_two_rules_for_the_same_thing_are_refused() -> None:
    with pytest.raises(ValidationError, match=r"a second rule for visit\.ip"):
        make_policy(make_rule(), make_rule(refuse=True))


def test_a_prohibited_category_can_be_given_no_use() -> None:
    with pytest.raises(ValidationError, match="is prohibited"):
        make_policy(make_rule(category="user.biometric"))
    assert make_policy(make_rule(category="user.biometric", refuse=True)).rules


def test_a_prohibition_covers_what_lies_below_it_and_nothing_beside_it() -> None:
    policy = make_policy(prohibited={"user.contact": {"clause": "S001", "reason": "no"}})
    assert policy.prohibition_of("user.contact.email") is not None
    assert policy.prohibition_of("user.contact") is not None
    assert policy.prohibition_of("user.contacts") is None
    assert policy.prohibition_of("user") is None


def test_the_hash_does_not_see_how_a_file_is_laid_out(tmp_path: Path) -> None:
    plain = load_policy(written(tmp_path, SMALL))
    head, rules = SMALL.split("rules:\n")
    head = head.replace("language: en", "'language':   'en'")
    turned = f"# the same\nrules:\n{rules}\n{head}"
    other = load_policy(written(tmp_path, turned))
    assert other.sha256 == plain.sha256
    assert other == plain


@pytest.mark.parametrize(
    ("old", "new"),
    [("1 day", "2 days"), ("v4_bits: 16", "v4_bits: 15"), ("a day", "one day"), ("2026-01-01\neff", "2026-01-02\neff")],
)  # fmt: skip
def test_the_hash_sees_every_change(tmp_path: Path, old: str, new: str) -> None:
    plain = load_policy(written(tmp_path, SMALL))
    assert load_policy(written(tmp_path, SMALL.replace(old, new))).sha256 != plain.sha256


def test_a_policy_is_the_same_after_a_way_through_a_bundle() -> None:
    policy = find_policy()
    again = policy_from_json(policy.canonical)
    assert again == policy
    assert again.sha256 == policy.sha256


def test_json_that_is_no_policy_is_refused_without_being_repeated() -> None:
    with pytest.raises(PolicyError, match="at raw_limit_h") as caught:
        policy_from_json(
            find_policy().canonical.replace(b'"raw_limit_h":72', b'"raw_limit_h":"canary"')
        )
    assert "canary" not in str(caught.value)
    with pytest.raises(PolicyError, match="at its beginning"):
        policy_from_json(b"not json")


def test_a_policy_cannot_be_changed_once_it_is_read() -> None:
    with pytest.raises(ValidationError):
        find_policy().raw_limit_h = 1


REGISTER = f"""\
format: remit sentences 1
policy: small
version: 2026-01-01
document_sha256: {"0" * 64}
sentences:
  S001: {{sha256: {sentence_sha256("One.")}, characters: 4, kinds: [C], summary: a first thing}}
  S002: {{sha256: {sentence_sha256("Two.")}, characters: 4, kinds: [C], summary: another thing}}
"""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("    clause: S001\n    reason: needed\nprohibited", "    clause: S003\n    reason: needed\nprohibited", r':16: "S003" is not in the register'),
        ("    clause: S002", "    clause: S002a", r':20: "S002a" is not in the register'),
        ("name: small", "name: other", ":3: the register beside it is of another policy"),
        ("sentences: 2", "sentences: 3", ":7: the register beside it is of another text"),
    ],
)  # fmt: skip
def test_a_policy_is_held_against_the_register_beside_it(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    path = written(tmp_path, SMALL)
    clauses_path(path).write_text(REGISTER)
    assert load_policy(path).name == "small"
    assert said in complaint_about(tmp_path, old, new)


def test_a_policy_is_found_by_path_name_or_name_and_version(tmp_path: Path) -> None:
    shipped = builtin_policy("salesmartly", "2021-11-01")
    for spec in (None, "salesmartly", "salesmartly/2021-11-01", str(policy_path("salesmartly"))):
        assert find_policy(spec).sha256 == shipped.sha256
    assert find_policy(str(written(tmp_path, SMALL))).name == "small"


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("salesmartly/2021-11-02", 'did you mean "salesmartly/2021-11-01"'),
        ("salesmarty", 'no policy "salesmarty" is shipped'),
        ("../salesmartly", "neither a .yaml file nor"),
        ("", "neither a .yaml file nor"),
        ("none.yaml", "cannot be read"),
    ],
)
def test_a_policy_that_is_not_there_is_named(spec: str, said: str) -> None:
    with pytest.raises(PolicyError, match=said):
        find_policy(spec)


@given(st.integers(1, 20_000))
def test_a_duration_reads_as_it_was_written(hours: int) -> None:
    rule = Rule.model_validate(make_rule(keep_for=duration_text(timedelta(hours=hours))))
    assert rule.keep_for == timedelta(hours=hours)


def test_a_duration_is_written_in_days_where_it_can_be() -> None:
    assert duration_text(timedelta(days=30)) == "30 days"
    assert duration_text(timedelta(hours=24)) == "1 day"
    assert duration_text(timedelta(hours=36)) == "36 hours"
    assert duration_text(timedelta(hours=1)) == "1 hour"


def test_the_model_and_the_file_say_the_same() -> None:
    data = policy_data(make_rule())
    assert Policy.model_validate(data).model_dump(mode="json", exclude_none=True)["rules"] == [
        make_rule() | {"recipients": []}
    ]
