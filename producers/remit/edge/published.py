"""The policy as the edge shows it: the signed bundle as published, and what of it trackers and consent banners need."""

import base64
import hashlib
import json
from dataclasses import dataclass
from typing import Final, Self

from remit.client import Client
from remit_schemas.bundle import Bundle, decode_bundle
from remit_schemas.category import PURPOSES, Decision, Necessity, is_under
from remit_schemas.contract import builtin
from remit_schemas.events import EVENTS, PageView
from remit_schemas.plan import Plan
from remit_schemas.plan import compile as compile_plan

TAG_CHARACTERS: Final = 32  # of SHA-256 as hex: an entity tag needs to be new, not secret


@dataclass(frozen=True, slots=True)
class Page:
    """A page and its entity tag.

    Attributes:
        body: JSON.
        tag: As `ETag` has it, in quotation marks.
    """

    body: bytes
    tag: bytes

    @classmethod
    def of(cls, body: bytes) -> Self:
        """Make a page of its bytes."""
        return cls(body, b'"%s"' % hashlib.sha256(body).hexdigest()[:TAG_CHARACTERS].encode())


class Published:
    """The bundle that the client goes by; looked at again when somebody asks.

    Attributes:
        bundle: Verified by the client.
        signed: As it was published.
        summary: What trackers need of it.
    """

    def __init__(self, client: Client) -> None:
        """Read it."""
        self._client = client
        self._take_up(client.signed_bundle)

    def look(self) -> Self:
        """Take up a new bundle if there is one."""
        signed = self._client.signed_bundle
        if signed and signed != self.signed.body:
            self._take_up(signed)
        return self

    @property
    def version(self) -> str:
        """The policy version in force."""
        return self.bundle.policy.version

    @property
    def optional_purposes(self) -> frozenset[str]:
        """What people may agree to or refuse."""
        terms = self.bundle.policy.purposes
        return frozenset(key for key in terms if terms[key].necessity is Necessity.OPTIONAL)

    def _take_up(self, signed: bytes) -> None:
        signer = base64.b64decode(json.loads(signed)["verify_key"])  # whom the client believed
        bundle = decode_bundle(signed, trust=signer, pin=None)
        self.bundle, self.signed = bundle, Page.of(signed)
        self.summary = Page.of(_summary(bundle))


def _summary(bundle: Bundle) -> bytes:
    """What trackers need: of the purposes those that page views are for; an app asks its accounts for the others."""
    policy = bundle.policy
    plan = compile_plan(builtin().by_name(EVENTS[PageView]), policy)
    purposes = [
        {"key": key, "meaning": PURPOSES[key].meaning, "clause": policy.purposes[key].clause}
        for key in sorted(plan.optional_purposes)
    ]
    said = {
        "policy_version": policy.version,
        "optional_purposes": purposes,
        "optional_fields": _optional_fields(bundle, plan),
        "stopped": sorted(bundle.stopped),
        "notice": bundle.notice.to_json() if bundle.notice else None,
    }
    return json.dumps(said, separators=(",", ":"), ensure_ascii=False).encode()


def _optional_fields(bundle: Bundle, plan: Plan) -> dict[str, list[str]]:
    """Name the fields of a page view that wait for an agreement, each with the purposes of which one is enough.

    A tracker reads only these of a terminal, and none of them before; what is stopped is not read at all.
    """
    return {
        field.field: sorted(purpose.key for purpose in field.purposes)
        for field in plan.fields.values()
        if field.decision is not Decision.REFUSE
        and all(purpose.necessity is Necessity.OPTIONAL for purpose in field.purposes)
        and not is_under(field.category, bundle.stopped)
    }
