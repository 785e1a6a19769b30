"""A Spark job and our own run over the same old rows, under a newer version of the policy: their figures are equal."""

import json
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest

from kit.installation import Installation
from kit.jars import Missing
from kit.later import LATER, by_the_hour, later_policy, refuse
from kit.own_versions import put
from kit.parts import RealParts
from kit.spark import LOCK, NAME, NoSpark, job, packages
from remit_schemas.policy import find_policy

EVENTS = 400


@pytest.fixture
def spark(real_parts: RealParts, prove: bool) -> str:  # noqa: FBT001 - a fixture
    """Spark, or a test that says loudly that it was not run."""
    version = LOCK.read_text("utf-8").partition("pyspark==")[2].split()[0]
    if not prove:
        real_parts.not_here(
            f"{NAME} {version}", "half a gigabyte and a minute: `make prove` runs it"
        )
        pytest.skip(f"{NAME}: make prove runs it")
    try:
        packages()
    except (Missing, NoSpark) as missing:
        real_parts.not_ran(f"{NAME} {version}", str(missing))
        pytest.skip(f"{NAME}: {missing}")
    real_parts.ran(f"{NAME} {version}", "local, two workers")
    return version


def old_rows(folder: Path) -> Installation:
    """A lake of page views, and a newer version beside the one that they were stored under."""
    now = put(folder / "policies", find_policy())
    put(folder / "policies", later_policy(status=refuse, x_access_time=by_the_hour))
    shop = Installation(folder, REMIT_POLICY=str(now))
    events = [
        {
            "page": f"/{n}",
            "ip": f"203.0.113.{n % 250}",
            "status": 200 + n % 3,
            "subject": str(n % 9),
        }
        for n in range(EVENTS)
    ]
    lines = "".join(json.dumps(one) + "\n" for one in events)
    shop.remit("emit", "page_view", "--wait", stdin=lines)
    return shop


def in_order(rows: pa.Table) -> pl.DataFrame:
    """Rows in the order of their identity, columns in the order of their names."""
    frame = pl.DataFrame(rows)
    return frame.select(sorted(frame.columns)).sort("pack", "index")


@pytest.mark.usefixtures("spark")
def test_a_spark_job_leaves_of_old_rows_what_our_own_run_leaves(tmp_path: Path) -> None:
    shop, out = old_rows(tmp_path), tmp_path / "out"
    told = json.loads(job(shop.env, "--data", str(shop.data), "--to", LATER, "--out", str(out)))[
        "page_view"
    ]
    assert told["rows_in"] == EVENTS
    assert shop.rows("page_view").column("status").null_count == 0  # the lake is not touched

    own = shop.facts("reminimize", "--apply", "--to", LATER)["contracts"]
    assert isinstance(own, dict)
    assert own["page_view"] == {"rows": 0, "narrowed": EVENTS, "values": {"status": EVENTS}}
    left = shop.rows("page_view")
    assert told["rows_out"] == left.num_rows
    counts = {name: left.num_rows - left.column(name).null_count for name in left.column_names}
    assert told["values"] == {name: counts[name] for name in told["values"]}

    written = pl.read_parquet(out / "page_view" / "**" / "*.parquet", hive_partitioning=True)
    ours = in_order(left)
    theirs = in_order(written.to_arrow()).cast(ours.schema)
    assert theirs.equals(ours)
    assert shop.breaches() == {}
