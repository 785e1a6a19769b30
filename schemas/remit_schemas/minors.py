"""What a policy says of minors: from which age on somebody is none, on which grounds their data is collected."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, ClassVar, Final

from pydantic import Field, StringConstraints

from remit_schemas.category import Necessity
from remit_schemas.policy_file import Place, Written, nearest
from remit_schemas.rule import Clause, PurposeTerms, Text

DEFAULT: Final = "default"
"""The key of the age that holds where a jurisdiction has none of its own, or is not known."""

AGE_MAX: Final = 21
"""The highest age at which anybody comes of age anywhere (our choice: a typing error should not make all minors)."""

AGE_BANDS: Mapping[str, int | None] = MappingProxyType(
    {
        "under_13": 0,
        "13": 13,
        "14": 14,
        "15": 15,
        "16_17": 16,
        "18_20": 18,
        "adult": AGE_MAX,
        "unknown": None,
    }
)
"""How old somebody may be said to be, and the youngest that this can mean; no finer than the laws' thresholds ask for."""

Age = Annotated[int, Field(ge=1, le=AGE_MAX, strict=True)]
Jurisdiction = Annotated[str, StringConstraints(pattern=r"^([A-Z]{2}|default)$")]


class MinorGround(StrEnum):
    """On what a minor's data may be collected. Source: policy 2021-11-01, clause S117."""

    GUARDIAN_CONSENT = "guardian_consent"
    LEGAL_PERMISSION = "legal_permission"
    PROTECTION = "protection"


class MinorTerms(Written):
    """Terms for minors.

    Attributes:
        adult_from: Years, by jurisdiction (ISO 3166-1 alpha-2), and `default`.
        grounds: Those that count here; the data of a minor without one is refused.
        never: Optional purposes that are off for minors, whoever consents.
        clause: The sentence it rests on.
        reason: Why.
    """

    part: ClassVar[str] = "the terms for minors"

    adult_from: Annotated[Mapping[Jurisdiction, Age], Field(min_length=1)]
    grounds: tuple[MinorGround, ...] = ()
    never: tuple[str, ...] = ()
    clause: Clause
    reason: Text

    def _mistakes(self) -> Iterator[tuple[Place, str]]:
        if DEFAULT not in self.adult_from:
            yield ("adult_from",), 'says from which age on by "default" nobody is a minor'

    def is_minor(self, age_band: str | None, jurisdiction: str | None) -> bool:
        """Whether somebody is a minor; unknown ages are none, since the service is meant for adults (S115)."""
        youngest = AGE_BANDS.get(age_band or "unknown", 0)
        adult_from = self.adult_from.get(jurisdiction or DEFAULT, self.adult_from[DEFAULT])
        return youngest is not None and youngest < adult_from

    def allows(self, ground: str | None) -> bool:
        """Whether data of a minor may be collected on this ground."""
        return ground in self.grounds


def mistakes_of_minors(
    terms: MinorTerms | None, purposes: Mapping[str, PurposeTerms]
) -> Iterator[tuple[Place, str]]:
    """Find what no policy with these purposes can say of minors; each with its place in the file."""
    for key in terms.never if terms else ():
        if key not in purposes:
            words = f'this policy has no purpose "{key}"{nearest(key, purposes)}'
            yield ("minors", "never"), words
        elif purposes[key].necessity is Necessity.REQUIRED:
            yield ("minors", "never"), f'"{key}" is required; only what is optional can be off'
