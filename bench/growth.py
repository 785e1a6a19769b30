"""What it costs to go on with a lake and a consent ledger that have grown: flat, or how steep."""

import os
import resource
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from threading import enumerate as enumerate_threads
from typing import TYPE_CHECKING, Final

from bench.apart import run_apart
from bench.context import Context, place
from bench.lake import fill
from bench.measure import Figure, Result, Sample, plain

from kit.installation import Installation

if TYPE_CHECKING:  # only the process that fills a lake imports these
    import pyarrow as pa

    from remit_consumers.lake.commit import Flush, Lake, TableCommit
    from remit_consumers.lake.receipt import Receipt

ROWS: Final = 2_000_000
"""Rows of the largest lake of a result that is kept; `--size` takes another."""

STEPS: Final = (20, 2, 1)
"""The lakes: a twentieth, a half, the whole of the largest. The ledgers: a fifth as many subjects as rows."""

LARGE_STEPS: Final = (5, 1)
"""Those of a run with a larger lake than `ROWS`."""

EVENTS: Final = 250_000
"""Page views that are stored on top of each lake: six flushes, counted from the first commit to the last."""

TEMPLATE: Final = 100_000
"""Page views that a consumer stored; their rows and receipts are stored again and again, each time as another producer's."""

ENDING_S: Final = 300.0
"""How long a chore of the consumer may take to end."""

SAID: Final = 50_000
"""Consent records in a commit."""

COMMANDS: Final = (("verify",), ("report",), ("sweep", "--plan"))


def measure(context: Context) -> Result:
    """Fill a lake for each size, and a ledger, each in a folder that goes afterwards; look at what goes on with it."""
    largest = context.size or context.events(ROWS)
    steps = STEPS if largest <= ROWS else LARGE_STEPS
    sizes = [max(TEMPLATE, largest // step) for step in steps]
    lakes = {rows: _grown(rows, context.log) for rows in sizes}
    ledgers = {rows // 5: _said(rows // 5, context.log) for rows in sizes}
    figures = [
        *_figures(lakes, "rows", ("stored", "first", "verify", "report", "sweep")),
        *_figures(ledgers, "subjects", ("stored", "first", "again")),
    ]
    notes = [
        "Processor time of whole processes, threads and imports included; each once. Beside each figure: the smallest lake of the run.",
        (
            f"Lakes: the rows and receipts of {TEMPLATE:,} page views that a consumer stored, stored again as other producers' by the same "
            f"writer; then {EVENTS:,} more page views through the embedded log. Ledgers: one agreement of each subject, {SAID:,} a commit."
        ),
        "Until its second commit: start, catalogues, ledger from its table where nothing else is said, and the first flush.",
    ]
    return Result("A lake and a ledger that grow", figures, notes, is_whole=max(sizes) >= ROWS)


WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "stored_us": ("remit run, an event", "µs"),
    "first_s": ("remit run, until its second commit", "s"),
    "first_mb": ("remit run, memory at most", "MB"),
    "again_s": ("remit run, until its second commit, from a snapshot", "s"),
    "again_mb": ("remit run, memory at most, from a snapshot", "MB"),
    "verify_s": ("remit verify", "s"),
    "verify_mb": ("remit verify, memory at most", "MB"),
    "report_s": ("remit report", "s"),
    "report_mb": ("remit report, memory at most", "MB"),
    "sweep_s": ("remit sweep --plan", "s"),
    "sweep_mb": ("remit sweep --plan, memory at most", "MB"),
}


def _figures(taken: Mapping[int, Sample], what: str, of: Sequence[str]) -> Iterator[Figure]:
    """A row of the table for each measure and size, beside the smallest size."""
    least = min(taken)
    for key, (words, unit) in WORDS.items():
        if key.rpartition("_")[0] not in of:
            continue
        for size, sample in taken.items():
            one = plain(f"{words}, {size:,} {what}", unit, sample[key])
            beside = {"baseline": f"{least:,} {what}", "baseline_value": taken[least][key]}
            yield one if size == least else replace(one, **beside)  # type: ignore[arg-type]


def _grown(rows: int, log: str) -> Sample:
    """Fill a lake, then store, verify, report and plan on it."""
    with place() as installation:
        fill(installation, TEMPLATE, log)
        run_apart("growth.stored", installation.env)
        run_apart("growth.filled", installation.env, rows=rows)
        found = _gone_on(installation, log)
        for words in COMMANDS:
            found |= _used(installation, words)
        return found


def _said(subjects: int, log: str) -> Sample:
    """Fill a ledger, then store on it."""
    with place() as installation:
        fill(installation, TEMPLATE, log)
        run_apart("growth.stored", installation.env)
        run_apart("growth.said", installation.env, subjects=subjects)
        found = _gone_on(installation, log)
        run_apart("growth.saved", installation.env)
        again = _gone_on(installation, log)
        return found | {"again_s": again["first_s"], "again_mb": again["first_mb"]}


def _gone_on(installation: Installation, log: str) -> dict[str, float]:
    """Put page views on the log and store them."""
    fill(installation, EVENTS, log)
    return run_apart("growth.stored", installation.env)


def _used(installation: Installation, words: Sequence[str]) -> dict[str, float]:
    """The processor time and the memory that a command takes."""
    started = subprocess.Popen(
        [*installation.command(), *words], env=installation.env, stdout=subprocess.DEVNULL
    )
    _, status, used = os.wait4(started.pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0, f"remit {' '.join(words)} failed"
    return {
        f"{words[0]}_s": used.ru_utime + used.ru_stime,
        f"{words[0]}_mb": used.ru_maxrss / 1024,
    }


def stored() -> dict[str, float]:
    """Store all that lies on the log, in this process: cost of an event from the second commit on, and of all before."""
    from remit_consumers.metrics import Metrics  # noqa: PLC0415
    from remit_consumers.service import Service  # noqa: PLC0415
    from remit_consumers.settings import Settings  # noqa: PLC0415

    metrics = Metrics()
    service = Service.claim(Settings.from_env(os.environ), metrics)
    assert service is not None
    moments: list[tuple[float, float]] = []

    def stood(_packs: int = 0) -> None:
        labels = {"contract": "page_view", "outcome": "stored"}
        now = metrics.registry.get_sample_value("remit_events_total", labels) or 0
        if now and (not moments or now != moments[-1][1]):
            moments.append((time.process_time(), now))

    problem = service.drain(stood)
    stood()
    service.stop()
    for chore in enumerate_threads():
        if chore.daemon and chore.name.startswith("remit-"):
            chore.join(
                ENDING_S
            )  # one under way when the interpreter ends would take the process with it
    assert problem is None, problem
    first, last = moments[min(1, len(moments) - 1)], moments[-1]
    each = (last[0] - first[0]) / ((last[1] - first[1]) or 1)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"stored_us": each * 1e6, "first_s": first[0], "first_mb": peak}


def filled(rows: int) -> dict[str, float]:
    """Store what a lake holds again as other producers', until it has so many rows."""
    from remit_consumers.lake.commit import Lake  # noqa: PLC0415
    from remit_consumers.settings import Settings  # noqa: PLC0415

    lake = Lake(Settings.from_env(os.environ).lake)
    templates = list(_templates(lake))
    lake.claim(LOG, 0)
    there, offset = sum(one.rows.num_rows for one in templates), 0
    while there < rows:
        producer = os.urandom(16)
        for one in templates:
            lake.commit(_flush(offset, one.again(producer, offset)))
            there, offset = there + one.rows.num_rows, offset + 1
        lake.materialise()
    return {"rows": there}


def saved() -> dict[str, float]:
    """Write the ledger's snapshot, as a consumer does every so many commits."""
    from remit_consumers.consent import ledger as ledgers  # noqa: PLC0415
    from remit_consumers.deployment import Deployment  # noqa: PLC0415
    from remit_consumers.settings import Settings  # noqa: PLC0415

    ledgers.COMMITS_BETWEEN = 0
    ledger = Deployment.open(Settings.from_env(os.environ)).ledger()
    ledger.load()
    ledger.save()
    assert Settings.from_env(os.environ).ledger.exists()
    return {}


LOG: Final = f"spool/{'9' * 16}"
"""The log that all of this is said to come from: not the one that is consumed afterwards."""


@dataclass(frozen=True, slots=True)
class Template:
    """A commit as a consumer made it."""

    rows: "pa.Table"
    receipt: "Receipt"

    def again(self, producer: bytes, offset: int) -> "TableCommit":
        """The same events, once more, as a producer of their own sent them."""
        import pyarrow as pa  # noqa: PLC0415

        from remit_consumers.lake.commit import TableCommit  # noqa: PLC0415

        packs = self.rows.column("pack").combine_chunks().dictionary_encode()
        named = [f"{producer.hex()}{name[32:]}" for name in packs.dictionary.to_pylist()]
        renamed = pa.DictionaryArray.from_arrays(packs.indices, pa.array(named))
        at = self.rows.schema.get_field_index("pack")
        receipt = replace(
            self.receipt,
            log=LOG,
            positions={0: (offset, offset + 1)},
            sources=[replace(one, producer=producer) for one in self.receipt.sources],
            packs=[
                replace(one, producer=producer, partition=0, offset=offset)
                for one in self.receipt.packs
            ],
        )
        rows = self.rows.set_column(at, "pack", renamed)
        return TableCommit("events/page_view", rows, receipt)


def _templates(lake: "Lake") -> "Iterator[Template]":
    """The commits of page views that a lake has."""
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    from remit_consumers.lake.log import entries  # noqa: PLC0415
    from remit_consumers.lake.redraw import dated  # noqa: PLC0415

    table = lake.root / "events" / "page_view"
    for entry in entries(table):
        receipt = entry.parsed()
        if receipt is not None and entry.added:
            parts = [
                dated(pq.ParquetFile(table / one.path).read(), one.path) for one in entry.added
            ]
            yield Template(pa.concat_tables(parts, promote_options="default"), receipt)


def _flush(offset: int, part: "TableCommit") -> "Flush":
    """A flush of one commit."""
    from remit_consumers.lake.commit import Flush  # noqa: PLC0415

    return Flush(LOG, {0: (offset, offset + 1)}, [part], {0: {}})


def said(subjects: int) -> dict[str, float]:
    """Record an agreement of each of so many subjects."""
    from remit_consumers.lake.commit import Lake, TableCommit  # noqa: PLC0415
    from remit_consumers.lake.receipt import (  # noqa: PLC0415
        EventCounts,
        PackCount,
        PackOutcome,
        Receipt,
    )
    from remit_consumers.settings import Settings  # noqa: PLC0415

    lake = Lake(Settings.from_env(os.environ).lake)
    lake.claim(LOG, 0)
    producer = os.urandom(16)
    for offset, first in enumerate(range(0, subjects, SAID)):
        rows = _records(producer, offset, first, min(SAID, subjects - first))
        pack = PackCount(
            *(producer, 0, offset + 1, 0, offset, rows.num_rows, bytes(32), PackOutcome.RECORDED)
        )
        receipt = Receipt(
            LOG,
            "consent_change",
            "2021-11-01",
            {0: (offset, offset + 1)},
            EventCounts(),
            packs=[pack],
        )
        lake.commit(_flush(offset, TableCommit("consents", rows, receipt)))
    return {"subjects": subjects}


def _records(producer: bytes, offset: int, first: int, count: int) -> "pa.Table":
    """Agreements of some subjects, under names as the ledger gives them."""
    import pyarrow as pa  # noqa: PLC0415

    from remit_consumers.lake.columns import CONSENTS  # noqa: PLC0415
    from remit_schemas.header import pack_id  # noqa: PLC0415

    now = datetime.now(UTC)
    same: dict[str, object] = {
        "tenant": "",
        "purpose": "analytics.reporting",
        "status": "given",
        "effect_at": now,
        "recorded_at": now,
        "agreed_version": "2021-11-01",
        "method": "in_app",
        "policy_version": "2021-11-01",
        "pack": pack_id(producer, 0, offset + 1),
        "keep_until": now + timedelta(days=1_000),
        "lane": 0,
    }
    each = {
        "subject": pa.array(
            [f"{n * 0x9E3779B97F4A7C15 % (1 << 128):032x}" for n in range(first, first + count)]
        ),
        "index": pa.array(range(count), pa.int32()),
    }
    columns = [
        each.get(one.name, pa.array([same.get(one.name)] * count, one.type)) for one in CONSENTS
    ]
    return pa.table(columns, schema=CONSENTS)
