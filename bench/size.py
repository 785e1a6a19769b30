"""Bytes: on the wire by events per pack, and in the lake by column."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard
from bench.context import Context, place
from bench.events import Given, page_views
from bench.measure import Figure, Result
from bench.packs import Packing
from bench.per_event import avro_encoder, json_encoder, whole

from kit.installation import Installation
from remit_consumers.deployment import Deployment
from remit_consumers.lake.durable import write
from remit_consumers.lake.tables import fitted
from remit_consumers.pipeline import refine, steps
from remit_consumers.settings import Settings
from remit_consumers.steps.open import Opened, open_packs
from remit_schemas.contract import builtin
from remit_schemas.lane import lane_of
from remit_schemas.pack import ZSTD_LEVEL
from remit_schemas.plan import compile as compile_plan

PACKS: Final = (1, 10, 30, 100, 1_000, 4_000)  # events in a pack
WIRE_GOAL: Final = {size: 100.0 for size in PACKS if size >= 30}  # noqa: PLR2004  # the goal begins there
SHARE: Final = 48_000  # events of which one lane is packed: 4,000
LANES: Final = 12
ROWS: Final = (50_000, 10_000, 1_000)  # rows in a commit
ROW_GOAL: Final = 25.0  # bytes
SECONDS_A_DAY: Final = 86_400


def measure(context: Context) -> Result:
    """Measure the same page views sealed in packs, as peers' messages, and as rows."""
    contract = builtin().by_name("page_view")
    with place() as installation:
        wire = _wire(installation, page_views(SHARE * 4, 1, context.log))
    rows, columns = _lake(context)
    json_one, avro_one, avro_many = _peers(page_views(4_000, 1, context.log))
    figures = [
        Figure(
            f"on the wire, packs of {size:,}",
            "bytes",
            wire[size],
            wire[size],
            wire[size],
            WIRE_GOAL.get(size),
            f"Avro messages, zstd over {size:,}",
            avro_many[size],
        )
        for size in PACKS
    ]
    figures += [
        Figure("a JSON message, uncompressed", "bytes", json_one, json_one, json_one),
        Figure(
            "an Avro message, uncompressed",
            "bytes",
            avro_one,
            avro_one,
            avro_one,
            None,
            "JSON",
            json_one,
        ),
    ]
    raw = _raw_parquet(page_views(ROWS[0], 1, context.log))
    figures += [
        Figure(
            f"a row in the lake, commits of {count:,}",
            "bytes",
            size,
            size,
            size,
            ROW_GOAL if count == ROWS[0] else None,
            "Parquet of the raw events (zstd), 50,000 rows",
            raw,
        )
        for count, size in rows.items()
    ]
    notes = [
        (
            "On the wire: all bytes of a pack with its header, divided by its events; a pack holds one lane's subjects. "
            "Median of up to 50 packs. Kafka adds some 70 bytes to each pack."
        ),
        (
            f"Baseline of the wire: Confluent-Avro messages with subject and random id, zstd level {ZSTD_LEVEL} over as many "
            "of them together, as librdkafka would at best; readable by whoever reads the topic."
        ),
        "In the lake: the Parquet file of one commit over its rows; receipts and Delta's log come on top.",
        f"{contract.name}: {len(contract.fields)} fields.",
    ]
    return Result(
        "Bytes of a page view",
        figures,
        notes,
        {"bytes a row by column, commits of 50,000": columns},
    )


def _wire(installation: Installation, given: Sequence[Given]) -> dict[int, float]:
    """Bytes for each event, by events in a pack: those of one lane."""
    key = bytes(32)
    mine = [each for number, each in enumerate(given) if _lane(each, number, key) == 0]
    packing = Packing(installation, builtin().by_name("page_view"))
    sizes = {}
    for size in PACKS:
        packs = list(
            packing.packs(mine[: max(size, min(50 * size, len(mine) // size * size))], size)
        )
        per_event = sorted(len(pack.data) / size for pack in packs)
        sizes[size] = per_event[len(per_event) // 2]
    return sizes


def _lane(given: Given, number: int, key: bytes) -> int:
    """Those without a subject fill one lane after the other, a thousand at a time."""
    return lane_of(given.subject, LANES, key) if given.subject else number // 1000 % LANES


def _peers(given: Sequence[Given]) -> tuple[float, float, dict[int, float]]:
    """Bytes of a JSON message, of an Avro message, and of an Avro message when so many are compressed together."""
    contract = builtin().by_name("page_view")
    events = [whole(contract, each, number) for number, each in enumerate(given)]
    encode, as_json = avro_encoder(contract), json_encoder(contract)
    avro = [encode(event) for event in events]
    compress = zstandard.ZstdCompressor(level=ZSTD_LEVEL).compress
    many = {size: len(compress(b"".join(avro[:size]))) / size for size in PACKS}
    return (
        sum(len(as_json(event)) for event in events) / len(events),
        sum(map(len, avro)) / len(avro),
        many,
    )


def _lake(context: Context) -> tuple[dict[int, float], dict[str, float]]:
    """Bytes a row by rows in a commit, and by column of the largest; each with a vault of its own, as no lake is kept."""
    rows: dict[int, float] = {}
    columns: dict[str, float] = {}
    for count in ROWS:
        with place() as installation:
            table, schema = _refined(installation, page_views(count, 1, context.log))
        with TemporaryDirectory(prefix="remit-bench-") as folder:
            (written,) = write(Path(folder), fitted(table, schema))
            rows[count] = written.size / written.rows
            columns = columns or _by_column(written.file)
    return rows, columns


def _refined(installation: Installation, given: Sequence[Given]) -> tuple[pa.Table, pa.Schema]:
    """The table and schema that a commit of these events stores, collected today."""
    deployment = Deployment.open(Settings.from_env(installation.env))
    contract = deployment.contracts.by_name("page_view")
    now_ms = int(datetime.now(UTC).timestamp()) // SECONDS_A_DAY * SECONDS_A_DAY * 1000
    today = [Given({**each.values, "collected_at": now_ms}, each.subject) for each in given]
    sealed = list(Packing(installation, contract).packs(today, 1_000))
    opened = [
        each
        for each in open_packs(sealed, deployment.keys, deployment.contracts)
        if isinstance(each, Opened)
    ]
    plan = compile_plan(contract, deployment.policy)
    walk = steps(
        deployment.names(),
        deployment.means,
        deployment.floors(),
        deployment.ledger(),
        deployment.plans(),
    )
    done = refine(opened, deployment.contracts, plan, walk)
    return done.rows, done.schema


def _by_column(file: Path) -> dict[str, float]:
    """Bytes a row of each column, the largest first."""
    about = pq.ParquetFile(file).metadata
    sizes: dict[str, int] = {}
    for group in range(about.num_row_groups):
        for number in range(about.num_columns):
            column = about.row_group(group).column(number)
            sizes[column.path_in_schema] = (
                sizes.get(column.path_in_schema, 0) + column.total_compressed_size
            )
    ordered: Mapping[str, int] = dict(sorted(sizes.items(), key=lambda item: -item[1]))
    return {name: round(size / about.num_rows, 2) for name, size in ordered.items()}


def _raw_parquet(given: Sequence[Given]) -> float:
    """Bytes a row of the same events, unminimized, as a peer's lake has them."""
    contract = builtin().by_name("page_view")
    table = pa.Table.from_pylist(
        [whole(contract, each, number) for number, each in enumerate(given)]
    )
    with TemporaryDirectory(prefix="remit-bench-") as folder:
        file = Path(folder) / "raw.parquet"
        pq.write_table(table, file, compression="zstd")
        return file.stat().st_size / len(given)
