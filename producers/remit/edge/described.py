"""The edge, described: an OpenAPI document made of what bodies are read with, so that it cannot say anything else.

Source: OpenAPI Specification 3.1.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from remit.edge.wire import Choice, Wire

PATH: Final = "/v1/openapi.json"

ROOM_STATUSES: Final = {
    "202": "What became of each event; all that is accepted is durable.",
    "400": "The body is not JSON, or not gzip.",
    "401": "No write key that is known.",
    "403": "This origin, this tenant or this contract is not what the key is for.",
    "409": "Another policy version is in force.",
    "413": "The body is too large.",
    "415": "The body is of another type or packing.",
    "422": "The body, or what is in it, does not fit.",
    "429": "The key or the address sends more than its rate; `Retry-After` says when.",
    "503": "The edge cannot take it now; `Retry-After` says when.",
}
"""What a batch or a choice is answered with."""

READ: Final = {
    "/healthz": ("application/json", "Whether batches are taken."),
    "/metrics": ("text/plain", "Counts, for Prometheus."),
    "/v1/policy": ("application/json", "The signed bundle: policy, key, stopped categories."),
    "/v1/policy/summary": ("application/json", "What of the policy trackers and banners need."),
    "/remit.js": ("text/javascript", "The browser's tracker."),
    PATH: ("application/json", "This document."),
}
"""What is read with GET: its type, and what it is."""

KEY: Final = {
    "name": "key",
    "in": "query",
    "required": True,
    "description": "The write key of a source.",
    "schema": {"type": "string"},
}


def described() -> bytes:
    """Write the document, as JSON."""
    (events, choice), parts = msgspec.json.schema_components(
        [Wire(is_browser=False).batch.type, Choice],
        ref_template="#/components/schemas/{name}",
    )
    rooms = {
        "/v1/events": ("Send events; a browser's key takes page views alone.", events),
        "/v1/consent": ("Say what somebody agreed to, refused or withdrew.", choice),
    }
    document = {
        "openapi": "3.1.0",
        "info": {
            "title": "remit edge",
            "version": "1",
            "description": "Takes events, and gives receipts.",
        },
        "paths": {
            **{path: {"post": _room(*room)} for path, room in rooms.items()},
            **{path: {"get": _page(*page)} for path, page in READ.items()},
        },
        "components": {"schemas": {**parts, "answer": _ANSWER}},
    }
    return json.dumps(document, separators=(",", ":")).encode()


def _room(summary: str, body: Mapping[str, Any]) -> dict[str, Any]:
    told = {"application/json": {"schema": {"$ref": "#/components/schemas/answer"}}}
    return {
        "summary": summary,
        "parameters": [KEY],
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": {
            status: {"description": words, "content": told}
            for status, words in ROOM_STATUSES.items()
        },
    }


def _page(kind: str, summary: str) -> dict[str, Any]:
    words = {"200": "As it stands.", "304": "It has not changed.", "404": "It is not there."}
    return {
        "summary": summary,
        "responses": {
            **{status: {"description": said} for status, said in words.items()},
            "200": {"description": words["200"], "content": {kind: {}}},
            "503": {"description": "The keys have run out.", "content": {"application/json": {}}},
        },
    }


_ANSWER: Final = {
    "type": "object",
    "properties": {
        "accepted": {"type": "integer", "minimum": 0},
        "duplicate": {"type": "boolean"},
        "error": {"type": "string"},
        "fields": {"type": "array", "items": {"type": "string"}},
        "policy_version": {"type": "string"},
        "records": {"type": "array", "items": {"type": "string"}},
        "refused": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "index": {"type": "integer", "minimum": 0},
                    "reason": {"type": "string"},
                    "fields": {"type": "array", "items": {"type": "string"}},
                    "unknown_fields": {"type": "integer", "minimum": 1},
                    "clause": {"type": "string"},
                    "function": {"type": "string"},
                },
                "required": ["index", "reason", "fields"],
                "additionalProperties": False,
            },
        },
    },
    "additionalProperties": False,
}
"""How the edge answers: names of fields, counts and words of its own, never a value that came."""
