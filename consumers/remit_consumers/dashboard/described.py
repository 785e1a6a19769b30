"""The operator's port, described: an OpenAPI document made of the words that requests are read with.

Source: OpenAPI Specification 3.1.
"""

import json
from collections.abc import Iterable
from enum import StrEnum
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from remit_consumers.dashboard.described_forms import forms
from remit_consumers.dashboard.paths import PAGES
from remit_schemas.requests import (
    Channel,
    Delay,
    DeletionGround,
    Denial,
    ProofKind,
    Requester,
    Right,
)

PATH: Final = "/openapi.json"

TEXT: Final = {"type": "string"}
OBJECT: Final = {"type": "object"}
DAY: Final = {"type": ["string", "null"], "format": "date"}
NAMES: Final = {"type": "array", "items": TEXT}

STATUSES: Final = {
    "400": "It is none of the words of docs/requests.md, or cannot be done so.",
    "401": "A token is needed.",
    "403": "The token's role may not, or it is bound to a tenant.",
    "404": "There is no such request.",
    "409": "Somebody else has taken a step of this request.",
    "429": "Too many calls; Retry-After says when.",
    "503": "Keys, lake, record of reads or identity provider are out of reach.",
}
"""What a call may be answered with beside what it asks for."""

ONE: Final = {"name": "request", "in": "path", "required": True, "schema": TEXT}


def document() -> Route:
    """Answer the document."""
    told = json.dumps(described(), separators=(",", ":"))

    async def answer(_: Request) -> Response:
        return Response(told, media_type="application/json")

    return Route(PATH, answer)


def described() -> dict[str, Any]:
    """Give the document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "remit, for operators",
            "version": "1",
            "description": "Requests of people, links to their own pages, and the dashboard.",
        },
        "paths": {
            PATH: {"get": _page("application/json", "This document.")},
            "/healthz": {"get": _page("application/json", "Whether the consumer turns.")},
            "/metrics": {"get": _page("text/plain", "Counts, for Prometheus.")},
            "/v1/links": {"post": _call("Make a link to somebody's own page.", _LINK, "201")},
            "/v1/requests": {
                "get": _call("The requests that are open, or all.", None, "200"),
                "post": _call("Receive a request.", _REQUEST, "201"),
            },
            "/v1/requests/{request}": {"get": _call("Its steps.", None, "200", [ONE])},
            **{
                f"/v1/requests/{{request}}/{step}": {"post": _call(words, body, "200", [ONE])}
                for step, (words, body) in _STEPS.items()
            },
            "/": {"get": _page("text/html", "The dashboard.")},
            **{
                f"/{name}": {"get": _page("text/html", f"The dashboard: {name}.")} for name in PAGES
            },
            **forms(),
        },
        "components": {
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "Of `remit requests tokens add`, or a JWT of the identity provider.",
                }
            }
        },
    }


def _one_of(words: type[StrEnum]) -> dict[str, Any]:
    return {"type": "string", "enum": [*words]}


def _object(required: Iterable[str] = (), **fields: object) -> dict[str, Any]:
    return {"type": "object", "properties": fields, "required": [*required]}


def _call(
    summary: str, body: object, status: str, parameters: Iterable[object] = ()
) -> dict[str, Any]:
    """Describe a call of a program."""
    told = {status: "Done.", **STATUSES}
    kinds = {"application/json": {"schema": OBJECT}}
    of_done = {**kinds, "application/zip": {}}
    sent = {"required": True, "content": {"application/json": {"schema": body}}}
    return {
        "summary": summary,
        "security": [{"token": []}],
        "parameters": [*parameters],
        **({"requestBody": sent} if body else {}),
        "responses": {
            code: {"description": words, "content": of_done if code == status else kinds}
            for code, words in told.items()
        },
    }


def _page(kind: str, summary: str) -> dict[str, Any]:
    words = {
        "200": "As it stands.",
        "204": "Nothing new.",
        "303": "Another page is theirs.",
        "401": "It wants a token, as the metrics may.",
        "403": "Nobody is in, or their role may not.",
        "429": "Too many calls; Retry-After says when.",
        "503": "It cannot be shown now.",
    }
    return {
        "summary": summary,
        "responses": {
            **{code: {"description": said} for code, said in words.items()},
            "200": {"description": words["200"], "content": {kind: {}}},
        },
    }


_SCOPE: Final = _object(categories=NAMES, purposes=NAMES, from_day=DAY, to_day=DAY)
_CORRECTION: Final = _object(("contract", "fields"), contract=TEXT, fields=OBJECT, rows=NAMES)
_LINK: Final = _object(
    ("subject",),
    subject={"type": "string", "minLength": 1},
    tenant=TEXT,
    minutes={"type": "integer", "minimum": 1, "maximum": 15},
)
_REQUEST: Final = _object(
    ("subject", "right"),
    subject={"type": "string", "minLength": 1},
    tenant=TEXT,
    right=_one_of(Right),
    requester=_one_of(Requester),
    channel=_one_of(Channel),
    jurisdiction=TEXT,
    scope=_SCOPE,
    ground=_one_of(DeletionGround),
)
_STEPS: Final = {
    "verify": (
        "Say how somebody proved who they are.",
        _object(("proof",), proof=_one_of(ProofKind)),
    ),
    "fulfil": ("Do what was asked.", _object(correction=_CORRECTION, reviewed={"type": "boolean"})),
    "delay": ("Take more time, and say why.", _object(("why",), why=_one_of(Delay))),
    "deny": ("Deny it, and say why.", _object(("why",), why=_one_of(Denial))),
}
"""What may be done with a request, and what a call says of it."""
