"""A policy file of one's own that puts a reducer on the addresses of page views, and changes pseudonyms by the month."""

from pathlib import Path

POLICY = """\
format: remit policy 1
name: own
version: 2026-01-01
effective_on: 2026-01-01
updated_on: 2026-01-01
language: en
document: {{sha256: "{zeros}", sentences: 9}}
raw_limit_h: 24
raw_limit_reason: a day
purposes:
  essential.service: {{necessity: required, basis: contract, clause: S001, reason: needed}}
prohibited: {{}}
pseudonyms: {{rotate_every: 30 days, clause: S002, reason: a month}}
rules:
  - event: page_view
    field: ip
    reduce: {{{reducer}}}
    purposes: [essential.service]
    keep_for: 30 days
    clause: S003
    reason: needed
  - event: page_view
    category: user.telemetry.x_access_time
    reduce: {{timestamp: {{precision: day}}}}
    purposes: [essential.service]
    keep_for: 30 days
    clause: S003
    reason: needed
"""


def own(folder: Path, reducer: str, version: str = "2026-01-01") -> Path:
    """Write a policy that puts a reducer on addresses."""
    path = folder / f"{version}.yaml"
    text = POLICY.format(zeros="0" * 64, reducer=reducer)
    path.write_text(text.replace("\nversion: 2026-01-01", f"\nversion: {version}"))
    return path
