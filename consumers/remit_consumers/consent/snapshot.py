"""The folded ledger on disk, so that a consumer that starts reads what was said since, and not everything ever said.

It holds what the table `consents` says, folded, under the same names, and nothing else. A snapshot that is damaged, of
another lake, or newer than the table is none: then the table is read whole.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from remit_consumers.consent.answers import Answers
from remit_consumers.consent.found import Known
from remit_consumers.consent.names import Index
from remit_consumers.consent.places import Column
from remit_consumers.consent.standing import Acceptances, Ages
from remit_schemas.durable import sync_folder

FORMAT: Final = 1

Arrays = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a ledger knew.

    Attributes:
        table: Id of the table that it was read from.
        version: The table's version up to which everything is in it.
        known: By tenant.
        days: The names of visitors by the day of their key.
    """

    table: str
    version: int
    known: Mapping[str, Known]
    days: Mapping[date, set[str]]


def write(path: Path, snapshot: Snapshot) -> None:
    """Write a snapshot; whoever reads sees the old one or the new one, whole.

    Raises:
        OSError: It cannot be written; the older one stands.
    """
    tenants = sorted(snapshot.known)
    arrays: Arrays = {}
    told = []
    for number, tenant in enumerate(tenants):
        texts, columns = _parts_of(snapshot.known[tenant])
        arrays |= {f"{number}/{name}": values for name, values in columns.items()}
        told.append({"tenant": tenant, **texts})
    about = {
        "format": FORMAT,
        "table": snapshot.table,
        "version": snapshot.version,
        "days": {day.isoformat(): sorted(names) for day, names in snapshot.days.items()},
        "tenants": told,
    }
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_suffix(f".{os.getpid()}.draft")
    with draft.open("wb") as file:
        np.savez(file, about=np.frombuffer(json.dumps(about).encode(), np.uint8), **arrays)  # type: ignore[arg-type]
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    sync_folder(path.parent)


def read(path: Path, table: str) -> Snapshot | None:
    """Read a snapshot; None where there is none that can be used.

    Args:
        path: Its file.
        table: Id of the table that it must be of.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            about = json.loads(arrays["about"].tobytes())
            if (about["format"], about["table"]) != (FORMAT, table):
                return None
            known = {
                told["tenant"]: _known_of(
                    told,
                    {
                        name.partition("/")[2]: arrays[name]
                        for name in arrays.files
                        if name.startswith(f"{number}/")
                    },
                )
                for number, told in enumerate(about["tenants"])
            }
            days = {date.fromisoformat(day): set(names) for day, names in about["days"].items()}
            return Snapshot(table, int(about["version"]), known, days)
    except (OSError, ValueError, KeyError, TypeError, BadZipFile, EOFError):
        return None


def _parts_of(known: Known) -> tuple[dict[str, object], Arrays]:
    """A tenant's part as texts and arrays."""
    names, places = known.index.parts()
    columns: Arrays = {"names": names, "places": places}
    texts: dict[str, object] = {"next": known.index.next, "answers": [], "by_guardians": []}
    for kind in ("answers", "by_guardians"):
        told = []
        for number, (purpose, answers) in enumerate(getattr(known, kind).items()):
            few, arrays = answers.parts()
            columns |= {f"{kind}/{number}/{name}": values for name, values in arrays.items()}
            told.append({"purpose": purpose, **few})
        texts[kind] = told
    texts["acceptances"], arrays = known.acceptances.parts()
    columns |= {f"acceptances/{name}": values for name, values in arrays.items()}
    texts["ages"] = [[place, asdict(age)] for place, age in known.ages.all()]
    return texts, columns


def _known_of(told: Mapping[str, Any], arrays: Arrays) -> Known:
    """A tenant's part as it was."""
    index = Index.of_parts(arrays["names"], arrays["places"], told["next"])
    ages = Ages()
    for place, age in told["ages"]:
        ages.take(place, age["effect_ms"], (age["age_band"], age["jurisdiction"], age["ground"]))
    return Known(
        index=index,
        answers=_answers_of(told["answers"], "answers", arrays),
        by_guardians=_answers_of(told["by_guardians"], "by_guardians", arrays),
        acceptances=Acceptances.of_parts(told["acceptances"], _below(arrays, "acceptances/")),
        ages=ages,
    )


def _answers_of(told: list[Mapping[str, Any]], kind: str, arrays: Arrays) -> dict[str, Answers]:
    return {
        few["purpose"]: Answers.of_parts(few, _below(arrays, f"{kind}/{number}/"))
        for number, few in enumerate(told)
    }


def _below(arrays: Arrays, prefix: str) -> dict[str, Column]:
    """The columns whose names begin so, by the rest of their names."""
    return {
        name.removeprefix(prefix): Column.of(values)
        for name, values in arrays.items()
        if name.startswith(prefix)
    }
