"""A policy as JSON-LD in the words of the W3C Data Privacy Vocabulary: a process for each purpose of each contract.

The context stands in the document, so that nothing is fetched to read it. What DPV has no word for stands under
`remit:`, and PIPL's grounds, which no module of DPV 2.3 has, under `pipl:`, a small profile of our own.

Source: DPV 2.3, https://w3id.org/dpv (W3C software and document licence).
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta

from pydantic import JsonValue

from remit_schemas.category import CATEGORIES, DPV, DPV_PD, PURPOSES, Basis, Necessity
from remit_schemas.contract import Contracts
from remit_schemas.decided import FieldPlan
from remit_schemas.export.processing import Processing, processings
from remit_schemas.policy import Policy
from remit_schemas.specs import SPECS

REMIT = "urn:remit:"
"""Names that are ours: `urn:remit:clause`."""

PIPL = "urn:remit:pipl:"
"""The grounds of PIPL article 13, by number: `urn:remit:pipl:A13-1`."""

CONTEXT: Mapping[str, JsonValue] = {
    "dpv": DPV,
    "pd": DPV_PD,
    "dct": "http://purl.org/dc/terms/",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "remit": REMIT,
    "pipl": PIPL,
}
"""The prefixes that the document is written with."""

GROUNDS: Mapping[Basis, tuple[str, ...]] = {
    Basis.CONSENT: ("dpv:Consent", "pipl:A13-1"),
    Basis.CONTRACT: ("dpv:ContractPerformance", "pipl:A13-2"),
    Basis.LEGAL_OBLIGATION: ("dpv:LegalObligation", "pipl:A13-3"),
    Basis.VITAL_INTERESTS: ("dpv:VitalInterest", "pipl:A13-4"),
    Basis.PUBLIC_INTEREST: ("dpv:PublicInterest", "pipl:A13-5"),
    Basis.PUBLISHED_BY_SUBJECT: ("pipl:A13-6",),
    Basis.LEGITIMATE_INTERESTS: ("dpv:LegitimateInterest",),
}
"""Each ground in DPV's words and in PIPL's; one has no word in the one, one none in the other."""

TECHNIQUES: Mapping[str, str] = {
    "closed": "dpv:DataSanitisationTechnique",
    "free_text": "dpv:DataRedaction",
    "identifier": "dpv:DataSanitisationTechnique",
    "ip": "dpv:Deidentification",
    "ip_encrypted": "dpv:DeterministicPseudonymisation",
    "ip_place": "dpv:Deidentification",
    "page": "dpv:DataRedaction",
    "referrer": "dpv:DataRedaction",
}
"""DPV's technique for each reducer; every other one generalises, for which DPV's nearest word is de-identification."""

NECESSITIES = {Necessity.REQUIRED: "dpv:Required", Necessity.OPTIONAL: "dpv:Optional"}
"""DPV's words for basic and additional functions."""


def dpv(policy: Policy, contracts: Contracts) -> dict[str, JsonValue]:
    """Write a policy as one JSON-LD document with its context.

    Raises:
        PolicyError: A contract cannot be brought under the policy.
    """
    graph = [
        _notice(policy),
        *(_process(policy, one) for one in processings(policy, contracts)),
        *_prohibitions(policy),
        *_profile(),
    ]
    return {"@context": dict(CONTEXT), "@graph": graph}


def _notice_id(policy: Policy) -> str:
    return f"{REMIT}policy:{policy.name}:{policy.version}"


def _notice(policy: Policy) -> JsonValue:
    """The policy's text, which is the notice that subjects were given."""
    return {
        "@id": _notice_id(policy),
        "@type": "dpv:PrivacyNotice",
        "dct:title": policy.name,
        "dct:hasVersion": policy.version,
        "dct:language": policy.language,
        "dct:issued": _typed(policy.updated_on.isoformat(), "date"),
        "remit:sha256": policy.sha256,
    }


def _process(policy: Policy, one: Processing) -> JsonValue:
    """What is done for one purpose with one contract's data."""
    process: dict[str, JsonValue] = {
        "@id": f"{_notice_id(policy)}:{one.contract.name}:{one.purpose.key}",
        "@type": "dpv:Process",
        "dct:title": one.name,
        "dpv:hasPurpose": {"@id": PURPOSES[one.purpose.key].dpv},
        "dpv:hasLegalBasis": [{"@id": ground} for ground in GROUNDS[one.purpose.basis]],
        "dpv:hasNecessity": {"@id": NECESSITIES[one.purpose.necessity]},
        "dpv:hasStorageCondition": _storage(one.keep_for),
        "dpv:hasPersonalData": [_data(one, field) for field in one.fields],
        "dpv:hasTechnicalOrganisationalMeasure": [_measure(name) for name in one.reducers],
        "dpv:hasNotice": {"@id": _notice_id(policy)},
        "remit:clause": [*one.clauses],
        "remit:fideslang": one.purpose.key,
    }
    if one.recipients:
        process["dpv:hasRecipient"] = [
            {"@id": f"{REMIT}recipient:{name}", "@type": "dpv:Recipient"} for name in one.recipients
        ]
    return process


def _data(one: Processing, field: FieldPlan) -> JsonValue:
    """One field, an instance of its category."""
    return {
        "@id": f"{REMIT}field:{one.contract.name}.{field.field}",
        "@type": CATEGORIES[field.category].dpv,
        "remit:fideslang": field.category,
    }


def _storage(keep_for: timedelta) -> JsonValue:
    """How long; days and hours are written as XML Schema has durations."""
    hours = round(keep_for / timedelta(hours=1))
    lasting = f"P{hours // 24}D" if hours % 24 == 0 else f"PT{hours}H"
    return {
        "@type": "dpv:StorageDuration",
        "dpv:hasDuration": {
            "@type": "dpv:TemporalDuration",
            "remit:duration": _typed(lasting, "duration"),
        },
    }


def _measure(reducer: str) -> JsonValue:
    """One reducer, an instance of DPV's technique."""
    return {
        "@id": f"{REMIT}reducer:{reducer}",
        "@type": TECHNIQUES.get(reducer, "dpv:Deidentification"),
        "rdfs:comment": SPECS[reducer].summary,
    }


def _prohibitions(policy: Policy) -> Iterator[JsonValue]:
    """What is refused at the call site, a prohibition for each category."""
    for key, prohibition in policy.prohibited.items():
        yield {
            "@id": f"{_notice_id(policy)}:prohibited:{key}",
            "@type": "dpv:Prohibition",
            "dpv:hasPersonalData": {"@id": CATEGORIES[key].dpv},
            "remit:fideslang": key,
            "remit:clause": prohibition.clause,
            "rdfs:comment": prohibition.reason,
        }


def _profile() -> Iterator[JsonValue]:
    """The grounds of PIPL that DPV has no module for, as legal bases."""
    for basis, grounds in GROUNDS.items():
        number = grounds[-1]
        if number.startswith("pipl:"):
            yield {
                "@id": number,
                "@type": "dpv:LegalBasis",
                "rdfs:label": f"PIPL article 13({number[-1]}): {basis.value.replace('_', ' ')}",
            }


def _typed(value: str, kind: str) -> JsonValue:
    return {"@value": value, "@type": f"xsd:{kind}"}
