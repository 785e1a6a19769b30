"""Peers that scrub text: each gives the text without what it found."""

import re
from functools import partial
from typing import Final

from bench.beside.peer import Out, Peer, load


def presidio() -> Peer:
    """Presidio's default recognisers on a blank spaCy model: patterns, checksums, context; no names of persons."""
    load("tldextract.tldextract").TLD_EXTRACTOR.suffix_list_urls = ()  # else it looks for the net
    engine = load("presidio_analyzer.nlp_engine").SpacyNlpEngine(
        models=[{"lang_code": "en", "model_name": "blank"}]
    )
    engine.nlp = {"en": load("spacy").blank("en")}
    analyze = load("presidio_analyzer").AnalyzerEngine(nlp_engine=engine).analyze
    anonymize = load("presidio_anonymizer").AnonymizerEngine().anonymize
    return lambda value: str(anonymize(value, analyze(value, language="en")).text)


def scrubadub() -> Peer:
    """Scrubadub with its default detectors."""
    clean: Peer = load("scrubadub").Scrubber().clean
    return clean


def datafog() -> Peer:
    """Datafog's redaction with its regular expressions."""
    redact = partial(load("datafog").redact, engine="regex")
    return lambda value: str(redact(value).redacted_text)


def commonregex() -> Peer:
    """commonregex: everything that its patterns for personal values find."""
    find = load("commonregex").CommonRegex
    kinds = ("emails", "phones", "links", "ips", "ipv6s", "credit_cards", "street_addresses")

    def reduce(value: str) -> Out:
        found = find(value)
        matches = {match for kind in kinds for match in getattr(found, kind)}
        return _without(value, matches)

    return reduce


_LISTED: Final = tuple(
    re.compile(pattern)
    for pattern in (
        r"4[0-9]{12}(?:[0-9]{3})?",
        r"5[1-5][0-9]{14}",
        r"3[47][0-9]{13}",
        r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}",
        r"\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b",
        r"\b\d{3}-\d{2}-\d{4}\b",
        r"\+?1?[-. ]?\(?[0-9]{3}\)?[-. ][0-9]{3}[-. ][0-9]{4}",
    )
)
"""The values that examples for OpenTelemetry's redaction processor block: cards, e-mails, addresses, numbers."""


def regex_list() -> Peer:
    """A list of patterns masked with asterisks, as OpenTelemetry's redaction processor does (re-implemented)."""

    def reduce(value: str) -> Out:
        for pattern in _LISTED:
            value = pattern.sub("****", value)
        return value

    return reduce


def detect_secrets() -> Peer:
    """detect-secrets with all its plugins and default filters; what it finds is replaced."""
    plugins = load("detect_secrets.core.plugins.util").get_mapping_from_secret_type_to_class()
    used = [{"name": plugin.__name__} for plugin in plugins.values()]
    load("detect_secrets.settings").configure_settings_from_baseline({"plugins_used": used})
    scan = load("detect_secrets.core.scan").scan_line
    return lambda value: _without(value, {found.secret_value for found in scan(value)})


def phonenumbers() -> Peer:
    """Phonenumbers' matcher, told that the reader sits in the US: a scrubber knows no better."""
    library = load("phonenumbers")
    return lambda value: _without(
        value, {match.raw_string for match in library.PhoneNumberMatcher(value, "US")}
    )


def stdnum() -> Peer:
    """python-stdnum's checks of Chinese numbers on every word."""
    checks = load("stdnum.cn.ric").is_valid, load("stdnum.cn.uscc").is_valid

    def reduce(value: str) -> Out:
        words = re.findall(r"\w+", value)
        return _without(value, {word for word in words if any(check(word) for check in checks)})

    return reduce


def _without(text: str, found: set[str]) -> str:
    """Replace what a peer found, the longest first."""
    for value in sorted(filter(None, found), key=len, reverse=True):
        text = text.replace(value, "<found>")
    return text
