"""Verify: does everything that the lake claims hold against its own files?"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import chain
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.erasure.certificate import certificates_in, chain_breaches
from remit_consumers.lake.columns import POSITIONS_TABLE
from remit_consumers.lake.fault import reaching
from remit_consumers.lake.history import links as links_of
from remit_consumers.lake.log import first_version
from remit_consumers.lake.positions import standings
from remit_consumers.lake.promises import broken
from remit_consumers.lake.receipt import PackOutcome, Receipt
from remit_consumers.lake.receipts import SINCE_FORMAT_2, Link, laid_out, stored
from remit_consumers.lake.renewal import count_old
from remit_consumers.lake.tables import is_table, open_table, row_tables
from remit_consumers.lake.tagsets import known
from remit_consumers.proof.outcomes import in_flight_by_tenant, not_the_sum
from remit_consumers.proof.removals import left_in_dictionaries, left_of_erased
from remit_consumers.proof.report import told
from remit_consumers.proof.rows import breaches, field_breaches
from remit_schemas.errors import LakeError
from remit_schemas.spool import FOLDER, ID, parse_open_name, parse_pack_name

LAKE = "lake"
"""The lake's folder below the data folder."""

DETAILS_MAX = 5
"""Breaches that a check's one line names; the others are counted."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check.

    Attributes:
        holds: Whether it holds.
        detail: In one line what was seen; it never carries a value.
        figures: What was counted, for those who read it by program.
    """

    holds: bool
    detail: str
    figures: Mapping[str, object] = field(default_factory=dict)

    def to_dict(self) -> dict[str, object]:
        """What `remit verify --json` prints of it: the figures stand beside the two that every check has."""
        return {"holds": self.holds, "detail": self.detail, **self.figures}


@dataclass(frozen=True, slots=True)
class Verification:
    """What `remit verify` found."""

    checks: Mapping[str, Check]

    @property
    def holds(self) -> bool:
        """Whether every check holds."""
        return all(check.holds for check in self.checks.values())

    def with_check(self, name: str, check: Check) -> "Verification":
        """The same, and one more check."""
        return Verification({**self.checks, name: check})

    def to_dict(self) -> dict[str, object]:
        """What `remit verify --json` prints."""
        return {
            "holds": self.holds,
            "checks": {name: check.to_dict() for name, check in self.checks.items()},
        }


def verify(
    data: Path,
    *,
    lake: Path | None = None,
    lag: int | None = None,
    canaries: Sequence[str] = (),
    texts: Collection[str] = (),
) -> Verification:
    """Check chain, conservation, values, sequences, rows and residue of a data folder.

    Args:
        data: The data folder (lake, spool and all else under it is searched).
        lake: Where the lake lies, if not below it; it is searched too.
        lag: Packs on the log that were not stored yet, if known; None counts what lies in the spool.
            Where it is 0, nothing may be in flight.
        canaries: Values that were planted and must stand nowhere.
        texts: SHA-256 of the texts of policies, which may lie beside the data: what stands in them is public.
    """
    root = lake or data / LAKE
    while True:
        with reaching(root):
            begun = _logs(root)
        found = _verify((data, root), lag, canaries, texts)
        if found.holds or begun == _logs(root):
            return (
                found  # otherwise a log was cut meanwhile, and parts of it were looked for in vain
            )


def _logs(root: Path) -> dict[str, int]:
    """Where the log of each table of rows begins."""
    return {name: first_version(root / name) for name in row_tables(root)}


def _verify(
    places: tuple[Path, Path], lag: int | None, canaries: Sequence[str], texts: Collection[str]
) -> Verification:
    """Check everything once: what lies in the data folder, and in the lake's."""
    data, root = places
    try:
        with reaching(root):
            kept = stored(root)
            links = [link for name in row_tables(root) for link in links_of(root, name, kept)]
            receipts = laid_out(links)
            waiting = packs_waiting(data, root) if lag is None else lag
            tagsets = known(open_table(root, "tagsets")) if is_table(root, "tagsets") else set()
            old = sum(count_old(root).values())
    except LakeError as error:  # nothing can be held against a log that cannot be read
        return Verification({"chain": Check(holds=False, detail=str(error))})
    report = told(receipts)
    events = sum(figures["offered"] for figures in report.contracts.values())
    good = {
        "chain": f"{len(links)} commits chained{_read_from(_logs(root))}",
        "conservation": f"{events} events offered, all accounted for",
        "values": "values in = kept + reduced + refused",
        "sequences": "no pack is missing, none stands twice",
        "rows": "every row tagged, once, and counted: stored = present + revoked + swept + erased",
        "erased": f"nothing is left of who was erased{_of_old(old)}",
        "certificates": "every certificate of an erasure is signed and follows on the one before it",
    }
    found = {
        "chain": _chain(root, links, kept),
        "conservation": conservation(receipts, waiting),
        "values": field_breaches(receipts),
        "sequences": sequences(receipts),
        "rows": breaches(root, receipts, tagsets),
        "erased": chain(left_of_erased(root), left_in_dictionaries(root)),
        "certificates": _certificates(data),
    }
    checks = {name: _check(root, found[name], text) for name, text in good.items()}
    checks["chain"] = replace(checks["chain"], figures={"log_read_from": _logs(root)})
    checks["erased"] = replace(checks["erased"], figures={"old_files": old})
    checks["plain door"] = Check(
        holds=True, detail=report.plain_door.sentence(), figures=asdict(report.plain_door)
    )
    return Verification(checks | {"residue": _residue(places, canaries, texts)})


def _residue(places: tuple[Path, Path], canaries: Sequence[str], texts: Collection[str]) -> Check:
    """Search everything that is left."""
    from remit_consumers.proof.remains import search_all  # noqa: PLC0415 - detectors load half a second, and most who read a check search nothing

    remains = search_all(*places, canaries, texts)
    check = _check(places[0], remains.breaches, remains.good)
    return replace(check, figures=remains.figures)


def _certificates(data: Path) -> Iterator[str]:
    """Hold the certificates of erasures against their chain and signatures."""
    yield from chain_breaches(certificates_in(data))


def _check(root: Path, found: Iterable[str], good: str) -> Check:
    """A check that holds if nothing was found; what cannot be read does not hold."""
    breaches: list[str] = []
    try:
        with reaching(root):
            breaches.extend(found)
    except LakeError as error:
        breaches.append(str(error))
    return held(breaches, good)


def held(breaches: Sequence[str], good: str) -> Check:
    """A check that holds if there are no breaches; its line names the first of them."""
    if not breaches:
        return Check(holds=True, detail=good)
    more = len(breaches) - DETAILS_MAX
    named = "; ".join(breaches[:DETAILS_MAX])
    return Check(holds=False, detail=named + (f"; and {more} more" if more > 0 else ""))


def _read_from(logs: Mapping[str, int]) -> str:
    """Say of which tables the log was cut, and from where on it was read."""
    cut = ", ".join(f"{name} from version {begins}" for name, begins in logs.items() if begins > 0)
    return (
        f"; logs read: {cut}, what lies before is held by its receipts and the sum in the chain"
        if cut
        else ""
    )


def _of_old(files: int) -> str:
    """Say how many files' dictionaries are still those of an older remit."""
    return f"; {files} files of an older remit are to be written anew by sweeps" if files else ""


def _chain(root: Path, links: Sequence[Link], table: pa.Table) -> Iterator[str]:
    """Hold the receipts table, row by row, against the commits folded again, and the cuts against what went before."""
    yield from broken(root)
    yield from _cuts(links)
    for name in row_tables(root):
        mine = table.filter(pc.equal(table.column("table"), name))
        newest = pc.max(mine.column("version")).as_py() if mine.num_rows else -1
        expected = [link for link in links if link.table == name and link.version <= newest]
        if not _in_order(_undated(mine)).equals(_in_order(_undated(laid_out(expected)))):
            yield f"{name}: the receipts table is not what the commit log says"
    strangers = set(pc.unique(table.column("table")).to_pylist()) - set(row_tables(root))
    if strangers:
        yield f"{len(strangers)} tables have receipts and are gone"


def _cuts(links: Sequence[Link]) -> Iterator[str]:
    """Hold the head that each cut names against the chain folded up to there."""
    heads = {name: dict[int, str]() for name in {link.table for link in links}}
    for link in links:
        cut = Receipt.from_json(link.text).cut if '"cut"' in link.text else None
        before = [
            head for version, head in heads[link.table].items() if cut and version <= cut.version
        ]
        if cut is not None and before[-1:] != [cut.head]:
            yield f"{link.table}: its receipts before version {cut.version} are not those that were chained when its log was cut"
        heads[link.table][link.version] = link.head


def _undated(rows: pa.Table) -> pa.Table:
    """Without the times of commits, which no head holds: older versions did not lay them out."""
    return rows.drop_columns(["committed_at"])


def _in_order(table: pa.Table) -> pa.Table:
    """The rows in an order that does not hang on how they were written, nor by which version of remit."""
    for name in SINCE_FORMAT_2:
        at = table.schema.get_field_index(name)
        table = table.set_column(at, name, pc.fill_null(table.column(name), 0))
    return table.sort_by([(name, "ascending") for name in table.column_names]).combine_chunks()


def conservation(receipts: pa.Table, waiting: int) -> Iterator[str]:
    """Hold what was offered against stored + refused + quarantined + let_go + expired + in_flight."""
    for contract, figures in told(receipts).contracts.items():
        in_flight = figures["in_flight"]
        if in_flight < 0:
            yield f"{contract}: {-in_flight} events more than were offered"
        elif in_flight and not waiting:
            yield f"{contract}: {in_flight} events are not accounted for, and nothing waits on the log"
    yield from _of_tenants(receipts, waiting)


def _of_tenants(receipts: pa.Table, waiting: int) -> Iterator[str]:
    """Hold the law for each tenant, and the tenants together against the whole; no tenant is named."""
    for contract in not_the_sum(receipts):
        yield f"{contract}: its tenants together are not what its receipts say of all events"
    wrong = Counter(
        contract
        for contract, _, in_flight in in_flight_by_tenant(receipts)
        if in_flight < 0 or not waiting
    )
    for contract, tenants in wrong.items():
        yield f"{contract}: the events of {tenants} tenants are not accounted for"


def sequences(receipts: pa.Table) -> Iterator[str]:
    """Sequences of a (producer, lane) run from 1 without gaps, but for what the source says it let go."""
    packs = receipts.filter(pc.equal(receipts.column("kind"), "pack"))
    packs = packs.filter(pc.not_equal(packs.column("producer"), ""))
    read = packs.filter(pc.equal(packs.column("decision"), PackOutcome.READ.value))
    lane = ["producer", "lane"]
    twice = read.group_by([*lane, "sequence"]).aggregate([([], "count_all")])
    doubles = int(pc.sum(pc.greater(twice.column("count_all"), 1)).as_py() or 0)
    if doubles:
        yield f"{doubles} packs stand twice"
    let_go = _let_go(receipts)
    last = read.group_by(lane).aggregate([("sequence", "max")])
    known = packs.join(
        last, lane, join_type="inner"
    )  # what only claims a later sequence is no proof of a gap
    known = known.filter(pc.less_equal(known.column("sequence"), known.column("sequence_max")))
    for row in (
        known.group_by(lane)
        .aggregate([("sequence_max", "max"), ("sequence", "count_distinct")])
        .to_pylist()
    ):
        missing = row["sequence_max_max"] - row["sequence_count_distinct"]
        if missing > let_go.get((row["producer"], row["lane"]), 0):
            yield f"producer {row['producer'][:8]}, lane {row['lane']}: {missing} packs are missing"


def _let_go(receipts: pa.Table) -> dict[tuple[str, int], int]:
    """Events that each (producer, lane) says it let go: as many packs may be missing at most."""
    mask = pc.and_(
        pc.equal(receipts.column("kind"), "source"), pc.equal(receipts.column("decision"), "let_go")
    )
    rows = (
        receipts.filter(mask)
        .group_by(["producer", "lane", "contract"])
        .aggregate([("values_in", "max")])
        .to_pylist()
    )
    found: dict[tuple[str, int], int] = {}
    for row in rows:
        key = (row["producer"], row["lane"])
        found[key] = found.get(key, 0) + row["values_in_max"]
    return found


def packs_waiting(data: Path, lake: Path | None = None) -> int:
    """Count the packs in the spool that the lake does not have yet; open ones count as one each.

    Args:
        data: The data folder.
        lake: Where the lake lies, if not below it.
    """
    spool = data / FOLDER
    if not (spool / ID).is_file():
        return 0
    log_id = f"spool/{(spool / ID).read_text('ascii').strip()}"
    root = lake or data / LAKE
    stands = standings(open_table(root, POSITIONS_TABLE)) if is_table(root, POSITIONS_TABLE) else {}
    waiting = 0
    for path in spool.glob("slot-*/*"):
        number = parse_pack_name(path.name)
        standing = stands.get((log_id, int(path.parent.name.removeprefix("slot-"))))
        is_waiting = number is not None and (standing is None or number >= standing.position)
        waiting += is_waiting or parse_open_name(path.name) is not None
    return waiting
