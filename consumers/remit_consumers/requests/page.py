"""The page that a person reads: what is held of them, what for, and what was made smaller. It loads nothing."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any, Final

STYLE: Final = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #ddd}"
    "th{font-weight:600}caption{text-align:left;font-weight:600;padding:1rem 0 .3rem}"
)

FIELDS: Final = (
    "contract",
    "field",
    "category",
    "decision",
    "reducer",
    "purposes",
    "basis",
    "clause",
)
"""What is told of a field."""

WORDS: Final = (
    "“reduce” means that only a smaller form was kept: a network instead of an address, a day instead of a second. "
    "“refuse” means that nothing of it was kept."
)

WITHHELD: Final = "Texts that may tell of somebody else, and are withheld until a human being has looked at them: "

NOTHING: Final = "Nothing is held of you that can be found by the name that was given."


def page(facts: Mapping[str, Any]) -> str:
    """Write the page from what `access.summary` says."""
    contracts = [
        (name, one["rows"], f"{one['kept_until']:%Y-%m-%d}", ", ".join(one["policy_versions"]))
        for name, one in facts["contracts"].items()
    ]
    fields = [tuple(_text(one.get(name)) for name in FIELDS) for one in facts["fields"]]
    withheld = sum(sum(one.values()) for one in facts["withheld"].values())
    may_get, got = (", ".join(facts[name]) or "nobody" for name in ("recipients", "got_by"))
    policy = escape(f"{facts['policy']} {facts['policy_version']}")
    parts = (
        f"<h1>What is held of you</h1><p>Made on {facts['made_at']:%Y-%m-%d %H:%M} UTC under policy {policy}.</p>",
        _table("What is stored", ("kind", "records", "kept until", "policy version"), contracts)
        if contracts
        else f"<p>{NOTHING}</p>",
        _table("Each field, and what was made of it before it was stored", FIELDS, fields)
        if fields
        else "",
        f"<p>{WORDS}</p>",
        f"<p>Who may get any of it: {escape(may_get)}. Who got any of it: {escape(got)}.</p>",
        f"<p>Answers about consent on record: {facts['consents']}. Requests on record: {facts['requests']}.</p>",
        f"<p>{WITHHELD}{withheld}.</p>" if withheld else "",
        "<p>The records themselves are in the folder <code>data</code>, one a line.</p>",
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>What is held of you</title>'
        f"<style>{STYLE}</style>{''.join(parts)}</html>\n"
    )


def _table(caption: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table; every cell is escaped."""
    first = "".join(f"<th>{escape(one)}</th>" for one in head)
    rest = "".join(
        f"<tr>{''.join(f'<td>{escape(str(cell))}</td>' for cell in row)}</tr>" for row in rows
    )
    return f"<table><caption>{escape(caption)}</caption><tr>{first}</tr>{rest}</table>"


def _text(value: object) -> str:
    """A cell: lists with commas, nothing for None."""
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value or "")
