"""The collection profile: for each function, who has it, and which fields are collected for it.

What is collected of somebody is edition x modules x consents: the edition and modules of their tenant say which functions,
a function says which contracts, and of these the necessary fields are taken, and the optional ones where agreed.
"""

from dataclasses import dataclass

from pydantic import JsonValue

from remit_schemas.category import Decision, Necessity
from remit_schemas.contract import Contracts
from remit_schemas.explain import explain_function
from remit_schemas.functions import FunctionTerms
from remit_schemas.plan import compile as compile_plan
from remit_schemas.policy import Policy


@dataclass(frozen=True, slots=True)
class Profile:
    """What is collected for one function.

    Attributes:
        terms: Who has it.
        words: The same, in a sentence.
        necessary: Fields that are stored whatever a subject agrees to, as `contract.field`.
        optional: Fields that are stored only with a consent.
    """

    terms: FunctionTerms
    words: str
    necessary: tuple[str, ...]
    optional: tuple[str, ...]

    def to_json(self) -> dict[str, JsonValue]:
        """Give what `remit policy functions --json` prints for a function."""
        return {
            **self.terms.model_dump(mode="json"),
            "necessary_fields": [*self.necessary],
            "optional_fields": [*self.optional],
        }


def profiles_of(policy: Policy, contracts: Contracts) -> dict[str, Profile]:
    """Give the profile of every function of a policy, by name.

    Raises:
        PolicyError: The policy does not compile, or a function names a contract that there is not.
    """
    return {name: _profile(terms, policy, contracts) for name, terms in policy.functions.items()}


def _profile(terms: FunctionTerms, policy: Policy, contracts: Contracts) -> Profile:
    necessary: list[str] = []
    optional: list[str] = []
    for event in terms.events:
        plan = compile_plan(contracts.by_name(event), policy)
        for name, field in plan.fields.items():
            if field.decision is Decision.REFUSE:
                continue
            needs = {purpose.necessity for purpose in field.purposes}
            into = necessary if Necessity.REQUIRED in needs else optional
            into.append(f"{event}.{name}")
    return Profile(terms, explain_function(terms), tuple(necessary), tuple(optional))
