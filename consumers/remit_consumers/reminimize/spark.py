"""The same work as a Spark job: old rows under a newer version of the policy, written to a folder of their own.

For a lake that one machine is too small for: Spark reads the files that the lake's tables have, each of its workers asks
`decide` of batches of Arrow columns (`mapInArrow`), and the rows that stay are written by day. The lake itself is not
touched, and no receipt is made: what Spark writes is the operator's, and only `remit reminimize --apply` changes the lake.

How it is submitted: docs/retention.md. Needs pyspark 4 and pandas beside `remit[consumers]` on driver and workers, and Java 17.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from remit_consumers.deployment import plans_on_record
from remit_consumers.lake.holds import Holds
from remit_consumers.lake.rewrite import EVENTS, live_files
from remit_consumers.lake.tables import open_table, row_tables
from remit_consumers.lake.tagsets import catalogue
from remit_consumers.reminimize.decide import Reminimizer
from remit_consumers.settings import Settings


@dataclass(slots=True)
class Job:
    """What a worker needs to decide about rows of one contract; sent to it as it stands, compiled there once.

    Attributes:
        settings: Where the policy lies, on every worker under the same path.
        contract: Name of the contract.
        tagsets: The catalogue, as the driver read it.
        version: The newer version.
        holds: What is active, as the driver read it.
        now: Aware UTC.
    """

    settings: Settings
    contract: str
    tagsets: Mapping[str, Mapping[str, str]]
    version: str
    holds: Holds
    now: datetime

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Give the rows that stay of each batch, as small as the newer version asks."""
        plan_of = plans_on_record(self.settings).plan
        asked = Reminimizer(
            self.contract, self.tagsets, plan_of, self.version, self.holds, self.now
        )
        for batch in batches:
            rows = pa.Table.from_batches([batch])
            change = asked.change(rows) if rows.num_rows else None
            yield from (rows if change is None else change.rows).to_batches()


def reminimize(
    spark: SparkSession, settings: Settings, version: str, out: Path, now: datetime
) -> dict[str, dict[str, Any]]:
    """Write every events table as a newer version of the policy has it.

    Args:
        spark: The session.
        settings: Of the deployment.
        version: The newer version, which lies in the policy's folder.
        out: A folder that is made; a folder for each contract comes into it.
        now: Aware UTC.

    Returns:
        By contract: rows read, rows written, and values written by column.

    Raises:
        LakeError: The lake cannot be read, or a version is not on record.
    """
    tagsets, holds = catalogue(settings.lake), Holds.of(settings.lake, now)
    found: dict[str, dict[str, Any]] = {}
    for name in row_tables(settings.lake):
        if not name.startswith(EVENTS):
            continue
        contract = name.removeprefix(EVENTS)
        before = _rows(spark, settings.lake, name)
        job = Job(settings, contract, tagsets, version, holds, now)
        after = before.mapInArrow(job, before.schema)
        after.write.partitionBy("day").parquet(str(out / contract))
        found[contract] = {"rows_in": before.count()} | _counted(spark, out / contract)
    return found


def _rows(spark: SparkSession, root: Path, name: str) -> DataFrame:
    """The rows of a table as of now: the files that its newest commit speaks of, and no others."""
    table = open_table(root, name)
    files = [str(table.path / path) for path in live_files(table)]
    return spark.read.option("basePath", str(table.path)).parquet(*files)


def _counted(spark: SparkSession, folder: Path) -> dict[str, Any]:
    """Rows, and values by column, of what was written."""
    written = spark.read.parquet(str(folder))
    names = sorted(set(written.columns) - {"day"})
    (row,) = written.selectExpr("count(*)", *(f"count(`{name}`)" for name in names)).collect()
    return {"rows_out": row[0], "values": dict(zip(names, row[1:], strict=True))}


def main(arguments: list[str] | None = None) -> int:
    """Run the job; prints what it came to as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, required=True, help="The deployment's data folder.")
    parser.add_argument("--to", required=True, help="The newer version of the policy.")
    parser.add_argument("--out", type=Path, required=True, help="A folder that is made.")
    asked = parser.parse_args(arguments)
    spark = SparkSession.builder.appName("remit reminimize").getOrCreate()
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    try:
        settings = Settings.from_env(os.environ, data=asked.data)
        found = reminimize(spark, settings, asked.to, asked.out, datetime.now(UTC))
    finally:
        spark.stop()
    sys.stdout.write(json.dumps(found, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
