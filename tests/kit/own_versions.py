"""A policy in a folder of its own, and rows that say they were stored under a version that is not there."""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import write_deltalake

from remit_consumers.lake.tables import open_table
from remit_schemas.policy import Policy

LOST = "2020-05-01"
"""The version that is not on record until its file is put there."""


def put(folder: Path, policy: Policy, version: str | None = None) -> Path:
    """Write a version of a policy into a folder; gives the file."""
    folder.mkdir(exist_ok=True)
    named = policy.model_copy(update={"version": version}) if version else policy
    file = folder / f"{named.version}.yaml"
    file.write_bytes(named.canonical)  # JSON is YAML
    return file


def lose(root: Path, contract: str) -> None:
    """Have the rows of a contract say that they were stored under the version that is not there."""
    catalogue = open_table(root, "tagsets")
    rows = catalogue.delta.to_pyarrow_table()
    mine = pc.equal(rows.column("contract"), contract)
    place = rows.schema.get_field_index("policy_version")
    said = pc.if_else(mine, pa.scalar(LOST), rows.column("policy_version"))
    write_deltalake(
        catalogue.path, rows.set_column(place, "policy_version", said), mode="overwrite"
    )
