"""Erasure: subjects found in a lake of five million rows, and erased from it, one and a thousand at a time."""

import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from bench.apart import run_apart
from bench.context import Context
from bench.measure import Result, figure, in_turns

if TYPE_CHECKING:  # only the measured processes import these
    import pyarrow as pa

    from remit_consumers.settings import Settings

ROWS: Final = 5_000_000
SUBJECTS: Final = 5_000
FLUSH: Final = 50_000  # rows of a commit: what a flush stores at most
DAYS: Final = 10
MANY: Final = 1_000
FIRST: Final = date(2026, 3, 1)
NOW: Final = datetime(2026, 3, 12, 12, tzinfo=UTC)
MS: Final = 1_000.0
REASON: Final = "requested"


def measure(context: Context) -> Result:
    """Erase from one lake after another: by remit, and by a predicate of delta-rs."""
    rows = context.events(ROWS, FLUSH)
    variants: dict[str, Callable[[], dict[str, float]]] = {
        name: lambda name=name: run_apart(f"erasure.{name}", rows=rows)  # type: ignore[misc]
        for name in ("erased", "predicate")
    }
    samples = in_turns(variants, min(context.rounds, 3))
    wanted = (
        ("one subject found", "ms", "found_ms", 100.0, ""),
        ("one subject erased from the lake", "s", "one_s", 1.0, "predicate"),
        ("one subject, processor time", "s", "one_core_s", None, "predicate"),
        ("1,000 subjects erased from the lake in one run", "s", "many_s", 30.0, "predicate"),
        ("every file searched afterwards", "s", "searched_s", None, ""),
        ("1,000 subjects, all of an erasure: order, search, certificate", "s", "whole_s", 30.0, ""),
    )
    figures = [
        figure(
            samples,
            "erased",
            key,
            name=name,
            unit=unit,
            goal=goal,
            baseline=baseline,
            baseline_metric=key,
        )
        for name, unit, key, goal, baseline in wanted
    ]
    notes = [
        f"{rows:,} page views of {SUBJECTS:,} subjects in files of {FLUSH:,}, as flushes write them: every file holds most subjects, the worst case.",
        "Found: from the id that the app knows to the files that hold the subject. Erased: rows rewritten, committed, fsynced, the old files gone.",
        "Predicate: delta-rs `delete(predicate)` and `vacuum` of the same lake; it logs the predicate, and with it the pseudonym, and fsyncs no data file.",
    ]
    return Result("Erasure from a lake of five million rows", figures, notes)


def erased(rows: int) -> dict[str, float]:
    """Find and erase one subject, then a thousand at once."""
    from remit_consumers.deployment import Deployment  # noqa: PLC0415
    from remit_consumers.erasure.erase import erase  # noqa: PLC0415
    from remit_consumers.erasure.ledger import Erasure  # noqa: PLC0415
    from remit_consumers.erasure.names import named  # noqa: PLC0415
    from remit_consumers.erasure.reach import take_rows  # noqa: PLC0415
    from remit_consumers.erasure.residue import needles_of, rescan  # noqa: PLC0415
    from remit_consumers.erasure.scope import Scope, SubjectRef  # noqa: PLC0415
    from remit_consumers.lake.rewrite import find  # noqa: PLC0415

    with TemporaryDirectory(prefix="remit-bench-") as folder:
        settings = _filled(Path(folder), rows)
        deployment = Deployment.open(settings)
        refs = [SubjectRef("", f"customer-{n}") for n in range(2 * MANY + 2)]

        def order(few: list[SubjectRef]) -> Erasure:
            names = named(deployment, few, NOW)
            return Erasure(
                "0" * 32, NOW, REASON, Scope(), until_agreed=False, keep_until=NOW, named=names
            )

        def found() -> None:
            import pyarrow as pa  # noqa: PLC0415

            (name,) = named(deployment, refs[:1], NOW)
            assert find(settings.lake, "events/page_view", pa.array(name.stored))

        found()  # what is imported and compiled once is not in it
        found_s = _timed(found)
        one, many = order(refs[1:2]), order(refs[2 : MANY + 2])
        used = time.process_time()
        one_s = _timed(lambda: take_rows(deployment, one, NOW))
        one_core_s = time.process_time() - used
        many_s = _timed(lambda: take_rows(deployment, many, NOW))
        searched_s = _timed(lambda: rescan(settings.data, needles_of(many.named)))
        others = refs[MANY + 2 :]
        whole_s = _timed(lambda: erase(deployment, others, Scope(), REASON, NOW))
        return {
            "found_ms": found_s * MS,
            "one_s": one_s,
            "one_core_s": one_core_s,
            "many_s": many_s,
            "searched_s": searched_s,
            "whole_s": whole_s,
        }


def predicate(rows: int) -> dict[str, float]:
    """The same by a predicate, as delta-rs does it."""
    from deltalake import DeltaTable  # noqa: PLC0415

    with TemporaryDirectory(prefix="remit-bench-") as folder:
        settings = _filled(Path(folder), rows)
        path = settings.lake / "events" / "page_view"
        import pyarrow.compute as pc  # noqa: PLC0415

        names = sorted(
            pc.unique(DeltaTable(path).to_pyarrow_table(columns=["subject"]).column(0)).to_pylist()
        )

        def delete(few: list[str]) -> None:
            table = DeltaTable(path)
            table.delete("subject IN ({})".format(", ".join(f"'{name}'" for name in few)))
            table.vacuum(0, dry_run=False, enforce_retention_duration=False)

        used = time.process_time()
        one_s = _timed(lambda: delete(names[:1]))
        return {
            "one_s": one_s,
            "one_core_s": time.process_time() - used,
            "many_s": _timed(lambda: delete(names[1 : MANY + 1])),
        }


def _filled(folder: Path, rows: int) -> "Settings":
    """A lake of page views of which every file holds most subjects."""
    import numpy as np  # noqa: PLC0415
    import pyarrow as pa  # noqa: PLC0415

    from kit.crowd import crowd_rows, store_rows  # noqa: PLC0415
    from remit_consumers.deployment import Deployment  # noqa: PLC0415
    from remit_consumers.lake.durable import write  # noqa: PLC0415
    from remit_consumers.lake.publish import Append, append  # noqa: PLC0415
    from remit_consumers.lake.tables import fitted, open_table  # noqa: PLC0415
    from remit_consumers.pseudonyms import STORAGE_DOMAIN, Pseudonyms  # noqa: PLC0415
    from remit_consumers.reducers.scope import Scope  # noqa: PLC0415
    from remit_consumers.settings import Settings  # noqa: PLC0415

    settings = Settings(folder / "data", folder / "keys", folder / "vault")
    deployment = Deployment.open(settings)
    deployment.keys.ensure(NOW)
    purposes = frozenset({"analytics.reporting", "functional.service.improve"})
    base, tagset = crowd_rows(deployment.vault, deployment.policy, purposes, FLUSH, SUBJECTS)
    who = Pseudonyms(deployment.vault, STORAGE_DOMAIN).names(
        Scope(""), [f"customer-{n}" for n in range(SUBJECTS)]
    )
    names, chance = pa.array(sorted(filter(None, who))), np.random.default_rng(11)
    store_rows(settings.lake, _drawn(base, names, chance, FIRST, 0), tagset)
    table, flushes = open_table(settings.lake, "events/page_view"), rows // FLUSH
    files = []
    for number in range(1, flushes):
        day = FIRST + timedelta(days=number * DAYS // flushes)
        files += write(table.path, fitted(_drawn(base, names, chance, day, number), base.schema))
    append(table.path, table.version, Append(files, {}))
    return settings


def _drawn(
    base: "pa.Table", names: "pa.Array", chance: object, day: date, number: int
) -> "pa.Table":
    """The rows again, on another day, each of a subject drawn anew; a flush sorts by subject."""
    import numpy as np  # noqa: PLC0415
    import pyarrow as pa  # noqa: PLC0415

    assert isinstance(chance, np.random.Generator)
    who = np.sort(chance.integers(0, len(names), base.num_rows))
    rows = base.take(pa.array(chance.permutation(base.num_rows)))
    columns = {
        "subject": names.take(pa.array(who)),
        "day": pa.repeat(pa.scalar(day, pa.date32()), base.num_rows),
        "pack": pa.repeat(pa.scalar(f"{number:032x}-0-1"), base.num_rows),
    }
    for name, values in columns.items():
        place = rows.schema.get_field_index(name)
        rows = rows.set_column(place, rows.schema.field(name).with_type(values.type), values)
    return rows


def _timed(work: Callable[[], object]) -> float:
    """Seconds that some work takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun
