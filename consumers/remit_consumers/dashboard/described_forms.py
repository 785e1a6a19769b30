"""Forms and doors of the operator's port, described as its calls are: what a browser may send, and what it is answered."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, Final

from remit_consumers.access.provider import BACK
from remit_consumers.dashboard.forms import FIELD
from remit_consumers.dashboard.paths import ENTRANCE, LEAVE, LOGIN, PERSON
from remit_schemas.requests import (
    Channel,
    Delay,
    DeletionGround,
    Denial,
    ProofKind,
    Requester,
    Right,
)

TEXT: Final = {"type": "string"}
URLENCODED: Final = "application/x-www-form-urlencoded"
STEPS: Final = ("verify", "fulfil", "delay", "deny")

DOORS: Final[Mapping[str, str]] = {
    "303": "Where to go on.",
    "403": "Nobody is let in.",
    "429": "Too many tries; Retry-After says when.",
    "503": "Who somebody is cannot be said now.",
}
FORMS: Final[Mapping[str, str]] = {
    "200": "Done; of access, the zip.",
    "303": "Done; where to go on.",
    "403": "The role may not, or the form is not of a page of this session.",
    "413": "A form is smaller.",
    "422": "It cannot be done so; the page says why.",
    "429": "Too many calls; Retry-After says when.",
    "503": "It cannot be done now.",
}
OWN: Final[Mapping[str, str]] = {
    "200": "Done; of an export, the zip.",
    "303": "Done; where to go on.",
    "400": "It cannot be done so.",
    "403": "Nobody is in, or the form is not of this page.",
    "503": "It cannot be done now.",
}
"""What may be answered: at the doors, to a form of the dashboard, on a person's own page."""


def forms() -> dict[str, Any]:
    """The paths of forms and doors."""
    return {
        ENTRANCE: {"get": _told("Come in by a token.", DOORS, _query("token"))},
        LOGIN: {
            "get": _told("Log in at the identity provider.", {**DOORS, "404": "There is none."})
        },
        BACK: {
            "get": _told(
                "Come back from there.",
                {**DOORS, "200": "Somebody is in."},
                _query("code", "state", "iss"),
            )
        },
        "/policy/{clause}": {
            "get": _told("A sentence.", {**FORMS, "404": "There is none."}, [_path("clause")])
        },
        "/proof/evidence": {"get": _told("The evidence bundle.", FORMS)},
        "/proof/check": {"post": _form("Check everything.", FORMS)},
        LEAVE: {"post": _form("Leave.", FORMS)},
        "/requests/new": {"post": _form("Take a request.", FORMS, **_NEW)},
        "/requests/{request}": {
            "post": _form("Take the next step.", FORMS, **_STEP)
            | {"parameters": [_path("request")]}
        },
        f"{PERSON}/": {"get": _told("Somebody's own page, or its door.", OWN)},
        f"{PERSON}/enter": {"post": _form("Come in by a link.", OWN, token=TEXT)},
        f"{PERSON}/consent": {
            "post": _form("Give or withdraw.", OWN, purpose=TEXT, status=_of("given", "withdrawn"))
        },
        f"{PERSON}/ask": {
            "post": _form("Ask for something.", OWN, right=_of(*Right), ground=_of(*DeletionGround))
        },
        f"{PERSON}/export": {"post": _form("Get a copy.", OWN, code=TEXT)},
        f"{PERSON}/leave": {"post": _form("Leave.", OWN)},
    }


def _told(
    summary: str, answers: Mapping[str, str], parameters: Iterable[object] = ()
) -> dict[str, Any]:
    return {
        "summary": summary,
        "parameters": [*parameters],
        "responses": {code: {"description": words} for code, words in answers.items()},
    }


def _form(summary: str, answers: Mapping[str, str], **fields: object) -> dict[str, Any]:
    """Describe a form; all of them bear the word of the page that they stand on."""
    schema = {"type": "object", "properties": {FIELD: TEXT, **fields}, "required": [FIELD]}
    sent = {"required": True, "content": {URLENCODED: {"schema": schema}}}
    return {**_told(summary, answers), "requestBody": sent}


def _query(*names: str) -> list[object]:
    return [{"name": name, "in": "query", "schema": TEXT} for name in names]


def _path(name: str) -> object:
    return {"name": name, "in": "path", "required": True, "schema": TEXT}


def _of(*words: str | StrEnum) -> dict[str, Any]:
    return {"type": "string", "enum": [str(word) for word in words]}


_NEW: Final[Mapping[str, object]] = {
    "subject": TEXT,
    "tenant": TEXT,
    "right": _of(*Right),
    "ground": _of(*DeletionGround),
    "requester": _of(*Requester),
    "channel": _of(*Channel),
    "jurisdiction": TEXT,
}
_STEP: Final[Mapping[str, object]] = {
    "step": _of(*STEPS),
    "proof": _of(*ProofKind),
    "delay": _of(*Delay),
    "denial": _of(*Denial),
    "reviewed": _of("yes"),
}
