"""A policy in the forms that others read."""

import csv
import io
import json
from collections.abc import Mapping

import pytest
from rdflib import RDF, Graph, URIRef

from kit.apart import NotInstalled
from kit.exchange import dpv_words, read_by_fideslang
from kit.parts import RealParts
from kit.policies import IMPROVE, OPERATE, REPORT, make_contracts, make_policy, make_rule
from remit_schemas.category import DPV, DPV_PD, Decision
from remit_schemas.contract import builtin
from remit_schemas.export.dpv import GROUNDS, dpv
from remit_schemas.export.fideslang import BASES, fideslang
from remit_schemas.export.processing import plans_of, processings
from remit_schemas.export.ropa import BLANK, BLANKS, as_csv, as_markdown, ropa
from remit_schemas.policy import find_policy

pytestmark = pytest.mark.filterwarnings(
    "ignore:ConjunctiveGraph:DeprecationWarning"
)  # rdflib's own

POLICY, CONTRACTS = find_policy(None), builtin()


def graph_of(document: Mapping[str, object]) -> Graph:
    """Read JSON-LD; its context stands in it, so that nothing is fetched."""
    return Graph().parse(data=json.dumps(document), format="json-ld")


def asked(graph: Graph, name: str) -> list[object]:
    """What stands behind a property of DPV, wherever it is used."""
    return list(graph.objects(None, URIRef(f"{DPV}{name}")))


def test_every_stored_field_is_told_once_for_each_of_its_purposes() -> None:
    told = {
        (one.contract.name, one.purpose.key, field.field)
        for one in processings(POLICY, CONTRACTS)
        for field in one.fields
    }
    assert told == {
        (plan.contract, purpose.key, name)
        for plan in plans_of(POLICY, CONTRACTS)
        for name, field in plan.fields.items()
        if field.decision is not Decision.REFUSE
        for purpose in field.purposes
    }


def test_a_row_lives_as_long_as_the_shortest_lived_field_that_its_purpose_stores() -> None:
    policy = make_policy(
        make_rule(field="ip", keep_for="30 days"),
        make_rule(field="page", keep_for="7 days", purposes=[REPORT]),
        make_rule(field="referrer", keep_for="20 days", purposes=[IMPROVE]),
    )
    found = {one.purpose.key: one.keep_for.days for one in processings(policy, make_contracts())}
    assert found == {OPERATE: 30, REPORT: 7, IMPROVE: 20}


def test_fideslang_reads_what_is_written_and_knows_every_key(real_parts: RealParts) -> None:
    taxonomy = fideslang(POLICY, CONTRACTS)
    try:
        read = read_by_fideslang(json.dumps(taxonomy))
    except NotInstalled as missing:
        real_parts.not_ran("fideslang", str(missing))
        pytest.skip(str(missing))
    real_parts.ran("fideslang", "in an environment of its own")
    assert read["unknown"] == []
    assert read["declarations"] == len(processings(POLICY, CONTRACTS))


@pytest.mark.clause("S010")
def test_every_declaration_names_the_ground_that_the_policy_stands_on() -> None:
    system = fideslang(POLICY, CONTRACTS)["system"]
    assert isinstance(system, list)
    declared = {one["name"]: one for one in system[0]["privacy_declarations"]}  # type: ignore[index,call-overload,union-attr]
    for one in processings(POLICY, CONTRACTS):
        terms = POLICY.purposes[one.purpose.key]
        assert declared[one.name]["legal_basis_for_processing"] == BASES[terms.basis]  # type: ignore[index,call-overload]


def test_a_refused_field_is_in_no_dataset() -> None:
    policy = make_policy(make_rule(field="ip"), make_rule(field="page", refuse=True))
    written = json.dumps(fideslang(policy, make_contracts())["dataset"])
    assert '"ip"' in written
    assert '"page"' not in written


def test_json_ld_is_read_as_one_process_for_each_purpose_of_each_contract() -> None:
    graph = graph_of(dpv(POLICY, CONTRACTS))
    processes = set(graph.subjects(RDF.type, URIRef(f"{DPV}Process")))
    assert len(processes) == len(processings(POLICY, CONTRACTS))
    for name in ("hasPurpose", "hasLegalBasis", "hasNecessity", "hasStorageCondition", "hasNotice"):
        assert {subject for subject, _ in graph.subject_objects(URIRef(f"{DPV}{name}"))} == (
            processes
        )


def test_every_word_of_dpv_that_is_used_exists() -> None:
    policy = make_policy(*(make_rule(field=name) for name in ("ip", "page")))
    for graph in (
        graph_of(dpv(POLICY, CONTRACTS)),
        graph_of(dpv(policy, make_contracts())),
    ):
        iris = {str(part) for triple in graph for part in triple if isinstance(part, URIRef)}
        used = {
            iri.replace(DPV_PD, "pd:").replace(DPV, "dpv:")
            for iri in iris
            if iri.startswith((DPV, DPV_PD))
        }
        assert used
        assert used <= dpv_words()


def test_every_ground_of_pipl_is_a_legal_basis_of_our_profile() -> None:
    graph = graph_of(dpv(POLICY, CONTRACTS))
    profile = {
        str(one)
        for one in graph.subjects(RDF.type, URIRef(f"{DPV}LegalBasis"))
        if "pipl" in str(one)
    }
    named = {ground for grounds in GROUNDS.values() for ground in grounds if "pipl" in ground}
    assert profile == {ground.replace("pipl:", "urn:remit:pipl:") for ground in named}


def test_recipients_are_none_where_the_policy_names_none_and_told_where_it_does() -> None:
    silent = make_policy(make_rule(field="ip"))
    assert asked(graph_of(dpv(silent, make_contracts())), "hasRecipient") == []
    assert {row["recipients"] for row in ropa(silent, make_contracts())} == {"none"}
    shipped = {*asked(graph_of(dpv(POLICY, CONTRACTS)), "hasRecipient")}
    assert URIRef("urn:remit:recipient:alipay") in shipped
    policy = make_policy(make_rule(field="ip", recipients=["courier"]))
    graph = graph_of(dpv(policy, make_contracts()))
    assert asked(graph, "hasRecipient") == [URIRef("urn:remit:recipient:courier")]
    assert {row["recipients"] for row in ropa(policy, make_contracts())} == {"courier"}


def test_a_record_has_a_row_for_each_activity_and_leaves_blank_what_no_policy_knows() -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv(ropa(POLICY, CONTRACTS)))))
    assert len(rows) == len(processings(POLICY, CONTRACTS))
    assert all(row[name] == BLANK for row in rows for name in BLANKS)
    assert all(row[name] not in {"", BLANK} for row in rows for name in row if name not in BLANKS)
    text = as_markdown(ropa(POLICY, CONTRACTS), POLICY)
    assert all(f"## {row['activity']}" in text for row in rows)


def test_a_record_of_a_policy_that_stores_nothing_has_no_rows() -> None:
    policy = make_policy(make_rule(refuse=True))
    assert ropa(policy, make_contracts()) == []
    assert as_csv([]).count("\n") == 1
