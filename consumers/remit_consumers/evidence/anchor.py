"""Anchors: the heads of all chains, signed once a day and shown to somebody outside.

A chain tells who changed one receipt. It does not tell who cut its tail, or wrote all of it anew with the same keys:
nothing of before is left to hold it against. An anchor is that something. It names the number of commits and the head
of each chain as they were, follows on the anchor before it, and lies where whoever writes the lake does not write: in a
witness file (`witness`), under a time-stamp of somebody else's (`timestamp`), or both.
"""

from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, Self

from remit_consumers.evidence.signed import Signed, Signer, unpacked
from remit_consumers.evidence.timestamp import APART_MAX, is_trusted, stamped_at
from remit_consumers.lake.receipt import canonical
from remit_consumers.lake.receipts import Link
from remit_schemas.durable import replace_file
from remit_schemas.errors import EvidenceError
from remit_schemas.read_json import read_json

FOLDER: Final = "anchors"
"""Where this deployment's own copies lie below the data folder."""

EVERY: Final = timedelta(days=1)
"""How often a running consumer makes one: what is cut unseen is a day at most."""

FIRST: Final = "0" * 64
"""What the first anchor says was before it."""


@dataclass(frozen=True, slots=True)
class Stand:
    """How a chain stands: commits that carry a receipt, the version of the newest, and the head after it."""

    commits: int
    version: int
    head: str


@dataclass(frozen=True, slots=True)
class Anchor:
    """An anchor.

    Attributes:
        signed: What it says: `anchor` (its number, from 1), `at`, `previous`, and for each table its `Stand`.
        timestamp: The answer of an authority of time-stamps, DER; empty where none was asked or none answered.
        restored: Of when the backup is that the lake was put back from just then; None: it was not.
    """

    signed: Signed
    timestamp: bytes = b""
    number: int = field(init=False)
    at: datetime = field(init=False)
    stands: Mapping[str, Stand] = field(init=False)
    restored: datetime | None = field(init=False)

    def __post_init__(self) -> None:
        """Read the facts once.

        Raises:
            EvidenceError: They are not those of an anchor.
        """
        facts = self.signed.facts
        try:
            stands = {name: Stand(**one) for name, one in facts["tables"].items()}
            at = datetime.fromisoformat(facts["at"]).astimezone(UTC)
            number, _ = int(facts["anchor"]), str(facts["previous"])
            of = facts.get("restored")
            restored = datetime.fromisoformat(of).astimezone(UTC) if of else None
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            raise EvidenceError("this is no anchor") from None
        read = {"number": number, "at": at, "stands": stands, "restored": restored}
        for name, value in read.items():
            object.__setattr__(self, name, value)

    @property
    def stamped(self) -> bytes:
        """What a time-stamp is of: the canonical facts."""
        return canonical(self.signed.facts).encode()

    def to_dict(self) -> dict[str, Any]:
        """As its file has it."""
        return self.signed.to_dict() | {"timestamp": b64encode(self.timestamp).decode("ascii")}

    @classmethod
    def from_dict(cls, form: Mapping[str, Any]) -> Self:
        """Read what `to_dict` gave.

        Raises:
            EvidenceError: It is no anchor.
        """
        try:
            timestamp = unpacked(form["timestamp"])
        except (KeyError, TypeError, ValueError):
            raise EvidenceError("this is no anchor") from None
        return cls(Signed.from_dict("anchor", form), timestamp)


def stands(links: Iterable[Link]) -> dict[str, Stand]:
    """How each chain stands after some commits, in the order of their chains."""
    found: dict[str, Stand] = {}
    for link in links:
        before = found.get(link.table)
        found[link.table] = Stand((before.commits if before else 0) + 1, link.version, link.head)
    return found


def next_anchor(
    before: Anchor | None,
    now: Mapping[str, Stand],
    signer: Signer,
    at: datetime,
    restored: datetime | None = None,
) -> Anchor:
    """Sign how the chains stand, and that the lake was put back from a backup, if it was; without a time-stamp yet."""
    facts = {
        "anchor": before.number + 1 if before else 1,
        "at": at.isoformat(),
        "previous": before.signed.sha256.hex() if before else FIRST,
        "tables": {
            name: {"commits": one.commits, "version": one.version, "head": one.head}
            for name, one in sorted(now.items())
        },
    }
    back = {"restored": restored.isoformat()} if restored else {}
    return Anchor(Signed.by(signer, "anchor", facts | back))


def keep(anchor: Anchor, data: Path) -> None:
    """Write an anchor below the data folder, durably."""
    folder = data / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    replace_file(
        folder / f"{anchor.number:06d}.json", (canonical(anchor.to_dict()) + "\n").encode()
    )


def kept(data: Path) -> list[Anchor]:
    """The anchors below a data folder, in the order of their numbers.

    Raises:
        EvidenceError: One cannot be read.
    """
    found = []
    for file in sorted((data / FOLDER).glob("*.json")):
        try:
            found.append(Anchor.from_dict(read_json(file.read_text("utf-8"))))
        except (OSError, ValueError):
            raise EvidenceError(f"anchor {file.stem} cannot be read") from None
    return sorted(found, key=lambda one: one.number)


def breaches(
    anchors: Sequence[Anchor],
    links: Iterable[Link],
    verify_key: bytes | None = None,
    roots: Path | None = None,
) -> Iterator[str]:
    """Say where the chains are not what anchors say that they were.

    What came after a backup went when the lake was put back from it: the anchor of that moment says how long each chain was
    then, and of an anchor before it no more is asked.

    Args:
        anchors: In the order of their numbers.
        links: The commits of all chains, in their order.
        verify_key: Who must have signed; None: whoever signed the first.
        roots: Certificates that vouch for the authority of time-stamps; None leaves open who that is.
    """
    yield from _series(anchors, verify_key)
    for one in anchors:
        yield from _time(one, roots)
    chains: dict[str, list[Link]] = {}
    for link in links:
        chains.setdefault(link.table, []).append(link)
    left: dict[str, int] | None = None
    for one in reversed(anchors):
        for name, stand in one.stands.items():
            if left is None or stand.commits <= left.get(name, 0):
                yield from _apart(name, one.number, stand, chains.get(name, []))
        if one.restored:
            left = {
                name: min(stand.commits, stand.commits if left is None else left.get(name, 0))
                for name, stand in one.stands.items()
            }


def _apart(name: str, number: int, stand: Stand, chain: Sequence[Link]) -> Iterator[str]:
    """Say where a chain is not what an anchor saw."""
    if len(chain) < stand.commits:
        yield (
            f"{name}: anchor {number} saw {stand.commits} commits, there are {len(chain)}:"
            " its tail was cut"
        )
    elif stand.commits and chain[stand.commits - 1].head != stand.head:
        yield f"{name}: not the chain that anchor {number} saw: it was written anew"


def _series(anchors: Sequence[Anchor], verify_key: bytes | None) -> Iterator[str]:
    """Each anchor is signed by the same key, and follows on the one before it."""
    previous, number, signer = FIRST, 0, verify_key
    for one in anchors:
        signer = signer or one.signed.verify_key
        if not one.signed.is_signed or one.signed.verify_key != signer:
            yield f"anchor {one.number} is not signed by this deployment"
        if one.number != number + 1:
            yield f"{one.number - number - 1} anchors before anchor {one.number} are missing"
        elif one.signed.facts["previous"] != previous:
            yield f"anchor {one.number} does not follow on the one before it"
        previous, number = one.signed.sha256.hex(), one.number


def _time(one: Anchor, roots: Path | None) -> Iterator[str]:
    """A time-stamp is of this anchor and of its time."""
    if not one.timestamp:
        return
    at = stamped_at(one.timestamp, one.stamped)
    if at is None:
        yield f"anchor {one.number}: its time-stamp is of something else"
    elif abs(at - one.at) > APART_MAX:
        yield f"anchor {one.number}: its time-stamp is of {at:%Y-%m-%d}, and it says {one.at:%Y-%m-%d}"
    elif roots is not None and not is_trusted(one.timestamp, one.stamped, roots):
        yield f"anchor {one.number}: nobody vouches for who stamped its time"


def told(anchors: Sequence[Anchor]) -> str:
    """Say in one line what anchors there are."""
    if not anchors:
        return "no anchor yet: nothing outside says how long the chains were"
    gaps = [after.at - before.at for before, after in pairwise(anchors)]
    longest = max(gaps, default=timedelta(0)) / timedelta(hours=1)
    stamps = sum(bool(one.timestamp) for one in anchors)
    back = [one for one in anchors if one.restored]
    restored = (
        f"; {len(back)} of them say that the lake was put back from a backup, the last at {back[-1].at:%Y-%m-%d %H:%M} UTC"
        f" from one of {back[-1].restored:%Y-%m-%d %H:%M}: what had come between is gone"
        if back
        else ""
    )
    return (
        f"{len(anchors)} on record, the last of {anchors[-1].at:%Y-%m-%d %H:%M} UTC, at most {longest:.0f} h apart;"
        f" {stamps} of them under a time-stamp{restored}"
    )
