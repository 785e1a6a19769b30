"""A policy as data: what may be done with which data, why, on which ground and how long.

A policy is a YAML file that a privacy officer writes and a lawyer can read; docs/policy.md says how.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import Field, ValidationError

from remit_schemas.alternatives import Alternatives
from remit_schemas.category import CATEGORIES, PURPOSES, UNKNOWN_GROUNDS, Law, Necessity
from remit_schemas.clauses import Clauses, clauses_path, load_clauses
from remit_schemas.errors import PolicyError
from remit_schemas.floor import Floor
from remit_schemas.functions import (
    Edition,
    FunctionTerms,
    mistakes_of_functions,
)
from remit_schemas.minors import MinorTerms, mistakes_of_minors
from remit_schemas.policy_file import (
    Place,
    Source,
    Written,
    nearest,
    validate,
)
from remit_schemas.promises import PromiseTerms, cited_by_promises, mistakes_of_promises
from remit_schemas.recipients import Recipient, mistakes_of_recipients
from remit_schemas.requests import RequestTerms, cited_by_requests
from remit_schemas.retention import (
    RetentionTerms,
    cited_by_retention,
    mistakes_of_retention,
)
from remit_schemas.rule import (
    Name,
    PolicyDocument,
    Prohibition,
    PseudonymTerms,
    PurposeTerms,
    Rule,
    Text,
    Version,
    Word,
)
from remit_schemas.signals import SignalTerms, mistakes_of_signals
from remit_schemas.view import ViewTerms, mistakes_of_views
from remit_schemas.volume import Volume

POLICIES = Path(__file__).parent / "policies"
"""The policies that are shipped: `<name>/<version>.yaml`."""

RAW_LIMIT_H_MAX = 72
"""Hours for which anything may lie sealed but not minimized; a policy may only ask for less.

Source: decision D2, which promises it to every subject.
"""

_SPEC = re.compile(r"(?P<name>[a-z0-9][a-z0-9-]*)(/(?P<version>\d{4}-\d{2}-\d{2}))?")


class Policy(Written):
    """One version of a policy.

    Attributes:
        format: Names this kind of file.
        name: Of the policy.
        version: The date that names it.
        effective_on: When the policy came into force first.
        updated_on: When this version came into force.
        language: Of the text, as a BCP 47 tag.
        laws: Those that its subjects live under.
        document: The text.
        raw_limit_h: Hours after which nothing sealed can be opened any more.
        raw_limit_reason: Why so many.
        purposes: Terms by fideslang data_use.
        prohibited: What is refused at the call site, by fideslang data_category.
        pseudonyms: How long a subject is called by one pseudonym; None is for as long as it has rows.
        rules: What may be done with what; what no rule names is refused.
        floors: How many subjects must share some traits before they are stored; one for a contract at most.
        signals: What the signals of browsers withhold, by their names.
        volumes: How many events are taken; one for a contract at most.
        minors: Whose data is collected on a ground of its own only; without it, no known minor's is.
        alternatives: Fields of which one suffices; one set for a contract at most.
        promises: Which sentences rest on what the engine keeps by itself.
        retention: What moves the time of rows beside their rules; one for a contract at most.
        views: What the views of purposes do to keep their rows apart, by fideslang data_use.
        editions: Of the product, from the narrowest to the widest.
        functions: Which events belong to which function, and which editions include it.
        requests: Who may ask for what, and until when it is answered; without it, no request is taken.
        recipients: Who gets something, by name; whoever is not named gets nothing.
    """

    part: ClassVar[str] = "a policy"

    format: Literal["remit policy 1"]
    name: Name
    version: Version
    effective_on: date
    updated_on: date
    language: Text
    laws: Annotated[tuple[Law, ...], Field(min_length=1)] = (Law.PIPL,)
    document: PolicyDocument
    raw_limit_h: Annotated[int, Field(gt=0, le=RAW_LIMIT_H_MAX, strict=True)]
    raw_limit_reason: Text
    purposes: Mapping[str, PurposeTerms]
    prohibited: Mapping[str, Prohibition]
    pseudonyms: PseudonymTerms | None = None
    rules: tuple[Rule, ...]
    floors: tuple[Floor, ...] = ()
    signals: Mapping[str, SignalTerms] = Field(default_factory=dict)
    volumes: tuple[Volume, ...] = ()
    minors: MinorTerms | None = None
    alternatives: tuple[Alternatives, ...] = ()
    promises: Mapping[str, PromiseTerms] = Field(default_factory=dict)
    retention: tuple[RetentionTerms, ...] = ()
    views: Mapping[str, ViewTerms] = Field(default_factory=dict)
    editions: tuple[Edition, ...] = ()
    functions: Mapping[Word, FunctionTerms] = Field(default_factory=dict)
    requests: RequestTerms | None = None
    recipients: Mapping[Name, Recipient] = Field(default_factory=dict)

    @property
    def canonical(self) -> bytes:
        """The policy as canonical JSON: keys sorted, no white space, UTF-8, nothing that is null.

        Sections that came later are not there where they are empty: the hash of an older policy stays what it was.
        """
        later = (
            *("alternatives", "editions", "functions", "promises", "recipients"),
            *("retention", "signals", "views", "volumes"),
        )
        empty = {name for name in later if not getattr(self, name)}
        empty |= {"laws"} if self.laws == (Law.PIPL,) else set()
        plain = self.model_dump(mode="json", exclude_none=True, exclude=empty)
        text = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return text.encode()

    @property
    def sha256(self) -> str:
        """SHA-256 of the canonical JSON, as hex."""
        return hashlib.sha256(self.canonical).hexdigest()

    @property
    def optional(self) -> list[str]:
        """The purposes that wait for a consent, sorted."""
        return sorted(
            key for key, one in self.purposes.items() if one.necessity is Necessity.OPTIONAL
        )

    def prohibition_of(self, category: str) -> Prohibition | None:
        """Find what prohibits a category: its own entry, or that of one above it."""
        while category:
            if category in self.prohibited:
                return self.prohibited[category]
            category = category.rpartition(".")[0]
        return None

    def _mistakes(self) -> Iterator[tuple[Place, str]]:
        if self.updated_on < self.effective_on:
            yield ("updated_on",), '"updated_on" lies before "effective_on"'
        for key in self.purposes:
            if key not in PURPOSES:
                yield ("purposes", key), f'unknown purpose "{key}"{nearest(key, PURPOSES)}'
        yield from self._unlawful()
        for key in self.prohibited:
            if key not in CATEGORIES:
                yield ("prohibited", key), f'unknown category "{key}"{nearest(key, CATEGORIES)}'
        seen: set[tuple[str, str | None, str | None]] = set()
        for number, rule in enumerate(self.rules):
            if (rule.event, rule.category, rule.field) in seen:
                yield ("rules", number), f"a second rule for {rule.subject_matter}"
            seen.add((rule.event, rule.category, rule.field))
            yield from self._contradictions_of(rule, ("rules", number))
        yield from self._said_twice()
        yield from mistakes_of_signals(self.signals, self.purposes)
        yield from mistakes_of_minors(self.minors, self.purposes)
        yield from mistakes_of_promises(self.promises)
        yield from mistakes_of_retention(self.retention, self.purposes)
        yield from mistakes_of_views(self.views, self.purposes)
        yield from mistakes_of_functions(self.editions, self.functions)
        yield from mistakes_of_recipients(self.recipients, self.purposes, self.rules)

    def _unlawful(self) -> Iterator[tuple[Place, str]]:
        for law in self.laws:
            ground, article = UNKNOWN_GROUNDS[law]
            for key, terms in self.purposes.items():
                if terms.basis is ground:
                    words = f"{ground.replace('_', ' ')} is no ground under {article}"
                    yield ("purposes", key, "basis"), words

    def _said_twice(self) -> Iterator[tuple[Place, str]]:
        sections = (
            ("floors", "floor"),
            ("volumes", "volume"),
            ("alternatives", "set of alternatives"),
            ("retention", "retention"),
        )
        for section, one in sections:
            events = [part.event for part in getattr(self, section)]
            for number, event in enumerate(events):
                if event in events[:number]:
                    yield (section, number), f"a second {one} for {event}"

    def _contradictions_of(self, rule: Rule, place: Place) -> Iterator[tuple[Place, str]]:
        for key in rule.purposes:
            if key not in self.purposes:
                words = f'this policy has no purpose "{key}"{nearest(key, self.purposes)}'
                yield (*place, "purposes"), words
        if rule.category and not rule.refuse and self.prohibition_of(rule.category):
            yield place, f'"{rule.category}" is prohibited: a rule can only refuse it'


def load_policy(path: Path) -> Policy:
    """Read a policy file, and check its clauses against the register beside it where there is one.

    Raises:
        PolicyError: There is none, or it is not a policy; file, line and the nearest right word are named.
    """
    from remit_schemas.yaml_file import read_yaml  # noqa: PLC0415 - an app never pays for YAML

    source = read_yaml(path)
    policy = validate(Policy, source)
    register = clauses_path(path)
    if register.is_file():
        _check_clauses(policy, load_clauses(register), source)
    for place, clause in cited(policy):
        if int(clause[1:4]) == 0:
            message = (
                f'{source.at(place)}: "{clause}" is no sentence: name the one that this rests on'
            )
            raise PolicyError(message)
        if int(clause[1:4]) > policy.document.sentences:
            message = f'{source.at(place)}: "{clause}" is beyond the last of {policy.document.sentences} sentences'
            raise PolicyError(message)
    return policy


def policy_from_json(data: bytes | str) -> Policy:
    """Read a policy back from its JSON, as a bundle carries it.

    Raises:
        PolicyError: It is not a policy.
    """
    try:
        return Policy.model_validate_json(data)
    except ValidationError as error:
        place = ".".join(str(part) for part in error.errors()[0]["loc"])
        message = f"the policy as JSON is not one, at {place or 'its beginning'}"
        raise PolicyError(message) from None


def policy_path(spec: str | None = None) -> Path:
    """Find the file of a policy.

    Args:
        spec: A path that ends in `.yaml` or `.yml`; or `name` (its newest version) or `name/version` of a shipped one;
            None is the one policy that is shipped.

    Raises:
        PolicyError: No policy is named so.
    """
    if spec is None:
        return _only_one()
    if spec.endswith((".yaml", ".yml")):
        return Path(spec)
    match = _SPEC.fullmatch(spec)
    if match is None:
        message = f'"{spec}" is neither a .yaml file nor "name" or "name/version" of a policy'
        raise PolicyError(message)
    known = _shipped()
    versions = [path for name, path in known.items() if name == spec or name.startswith(f"{spec}/")]
    if not versions:
        message = f'no policy "{spec}" is shipped{nearest(spec, known)}'
        raise PolicyError(message)
    return max(versions)


def find_policy(spec: str | None = None) -> Policy:
    """Load the policy that `spec` names; see `policy_path`.

    Raises:
        PolicyError: No policy is named so, or it is none.
    """
    return load_policy(policy_path(spec))


def versions_in(folder: Path, name: str) -> Iterator[Policy]:
    """Load the versions of a policy that lie in a folder; a file that is none, or of another policy, is passed over."""
    for path in sorted(folder.glob("*.yaml")):
        if path.suffixes != [".yaml"]:
            continue
        try:
            policy = load_policy(path)
        except PolicyError:
            continue
        if policy.name == name:
            yield policy


def builtin_policy(name: str, version: str) -> Policy:
    """Load a policy that is shipped.

    Raises:
        PolicyError: No such policy is shipped.
    """
    return find_policy(f"{name}/{version}")


def builtin_clauses(name: str, version: str) -> Clauses | None:
    """Load the register of sentences of a policy that is shipped; None where there is none."""
    path = POLICIES / name / f"{version}.sentences.yaml"
    return load_clauses(path) if path.is_file() else None


def _shipped() -> dict[str, Path]:
    """List what is shipped by `name/version`."""
    paths = sorted(path for path in POLICIES.glob("*/*.yaml") if path.suffixes == [".yaml"])
    return {f"{path.parent.name}/{path.stem}": path for path in paths}


def _only_one() -> Path:
    """Take the newest version of the one policy that is shipped."""
    known = _shipped()
    names = {name.partition("/")[0] for name in known}
    if len(names) != 1:
        message = f"several policies are shipped, name one: {', '.join(known)}"
        raise PolicyError(message)
    return max(known.values())


def _check_clauses(policy: Policy, clauses: Clauses, source: Source) -> None:
    """Refuse a clause that the register does not have."""
    if (clauses.policy, clauses.version) != (policy.name, policy.version):
        message = f"{source.at(('version',))}: the register beside it is of another policy"
        raise PolicyError(message)
    document = policy.document
    if (clauses.document_sha256, len(clauses.sentences)) != (document.sha256, document.sentences):
        message = f"{source.at(('document',))}: the register beside it is of another text"
        raise PolicyError(message)
    for place, clause in cited(policy):
        if not clauses.has(clause):
            message = f'{source.at(place)}: "{clause}" is not in the register of sentences'
            raise PolicyError(message)


CITING = (
    *("purposes", "prohibited", "pseudonyms", "minors", "rules", "floors", "signals", "volumes"),
    *("alternatives", "retention", "views", "editions", "functions", "recipients"),
)
"""The sections whose parts cite a clause: one part, several in a list, or several by name."""


def cited(policy: Policy) -> Iterator[tuple[Place, str]]:
    """List every clause that a policy cites, with the place where it does."""
    for section in CITING:
        part = getattr(policy, section)
        if isinstance(part, Mapping):
            yield from (((section, name, "clause"), one.clause) for name, one in part.items())
        elif isinstance(part, tuple):
            yield from (((section, n, "clause"), one.clause) for n, one in enumerate(part))
        elif part is not None:
            yield (section, "clause"), part.clause
    yield from cited_by_retention(policy.retention)
    yield from cited_by_promises(policy.promises)
    yield from cited_by_requests(policy.requests)
