"""A copy of the shipped policy with its register, so that a test can plant one fault in it; and a small policy of its own."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from remit_schemas.clauses import clauses_path, sentence_sha256
from remit_schemas.policy import policy_path
from remit_schemas.proofs import proofs_path

Change = Callable[[dict[str, Any]], object]
"""Changes what a file says, in place."""


def copied(
    folder: Path, *, policy: Change = id, register: Change = id, proofs: Change = id
) -> Path:
    """Copy the shipped policy, its register and its record of proofs, each changed."""
    shipped, copy = policy_path(None), folder / "policies" / policy_path(None).name
    copy.parent.mkdir(parents=True, exist_ok=True)
    for name, change in (
        (lambda path: path, policy),
        (clauses_path, register),
        (proofs_path, proofs),
    ):
        said = yaml.safe_load(name(shipped).read_text(encoding="utf-8"))
        change(said)
        name(copy).write_text(yaml.safe_dump(said, sort_keys=False), encoding="utf-8")
    return copy


SENTENCES = (
    "We sell tea.",
    "We look at who asks for what, and keep it a month.",
    "Write to tea@shop.example.",
)
"""The text of the small policy."""

TEXT = "\n\n".join(SENTENCES) + "\n"


def small(folder: Path, text: str = TEXT) -> Path:
    """Write a small policy with a register of its three sentences; its text is `TEXT`."""
    path = folder / "tea" / "2026-01-01.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    rule = {
        "purposes": ["essential.service"],
        "keep_for": "30 days",
        "clause": "S002",
        "reason": "30 days",
    }
    policy = {
        "format": "remit policy 1",
        "name": "tea",
        "version": "2026-01-01",
        "effective_on": "2026-01-01",
        "updated_on": "2026-01-01",
        "language": "en",
        "document": {"sha256": sha256, "sentences": len(SENTENCES)},
        "raw_limit_h": 24,
        "raw_limit_reason": "a day",
        "purposes": {
            "essential.service": {
                "necessity": "required",
                "basis": "contract",
                "clause": "S002",
                "reason": "needed",
            }
        },
        "prohibited": {},
        "rules": [{"event": "page_view", "field": "page", "reduce": {"page": {}}, **rule}],
    }
    kinds = (["I"], ["C", "T"], ["I"])
    register = {
        "format": "remit sentences 1",
        "policy": "tea",
        "version": "2026-01-01",
        "document_sha256": sha256,
        "sentences": {
            f"S{n:03}": {
                "sha256": sentence_sha256(words),
                "characters": len(words),
                "kinds": kinds[n - 1],
                "summary": f"sentence {n}",
            }
            for n, words in enumerate(SENTENCES, 1)
        },
    }  # fmt: skip
    path.write_text(yaml.safe_dump(policy, sort_keys=False), encoding="utf-8")
    clauses_path(path).write_text(yaml.safe_dump(register, sort_keys=False), encoding="utf-8")
    return path
