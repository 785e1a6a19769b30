"""What somebody who was erased stood as, and whether anything still says it: found by nothing that erases."""

import base64
import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from remit_consumers.deployment import Deployment
from remit_consumers.erasure.names import named
from remit_consumers.erasure.scope import SubjectRef


def texts(file: Path) -> Iterator[bytes]:
    """Everything that a file says: Parquet as JSON lines, and its bytes as they lie there."""
    yield file.read_bytes()
    if file.suffix == ".parquet":
        yield (
            pl.read_parquet(file, hive_partitioning=False)
            .select(pl.exclude(pl.Binary))
            .write_ndjson()
            .encode()
        )


def holding(data: Path, forms: set[bytes]) -> list[str]:
    """The files below a folder that hold one of these, found by nothing that erases."""
    files = sorted(file for file in data.rglob("*") if file.is_file())
    return [
        str(file.relative_to(data))
        for file in files
        if any(form in text for text in texts(file) for form in forms)
    ]


def forms_of(deployment: Deployment, who: SubjectRef) -> set[bytes]:
    """What somebody may stand as: the id and its pseudonyms, as they are, hashed, and in other alphabets."""
    (one,) = named(deployment, [who], datetime.now(UTC))
    plain = {who.subject, who.subject.upper(), *one.stored, *one.ledger}
    raw = {text.encode() for text in plain} | {
        bytes.fromhex(name) for name in (*one.stored, *one.ledger)
    }
    others = {hashlib.sha256(text).hexdigest().encode() for text in raw}
    coded = {base64.b64encode(text).rstrip(b"=") for text in raw} | {
        text.hex().encode() for text in raw
    }
    return raw | others | coded | {one.vault.encode(), one.suppression.encode()}
