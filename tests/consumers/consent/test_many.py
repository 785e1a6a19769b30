"""Many subjects: places among sorted names, and first agreements learned as columns, against one record after another."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from random import Random

import numpy as np
import pyarrow as pa
import pytest

from remit_consumers.consent import first, names
from remit_consumers.consent.answers import NEVER
from remit_consumers.consent.found import Found, Known, People
from remit_consumers.consent.ledger import learn
from remit_consumers.consent.names import Index
from remit_consumers.consent.places import NOWHERE
from remit_consumers.consent.said import said
from remit_consumers.consent.snapshot import Snapshot, read, write
from remit_consumers.lake.columns import CONSENTS

PURPOSES, VERSIONS = ("analytics.reporting", "functional.service.improve"), ("2021", "2024")
MOMENT = datetime(2026, 3, 5, tzinfo=UTC)
BEGAN_ALIKE = [f"{7:016x}{n:016x}" for n in range(4)]
ODD = ["", "ann", "A" * 32, "g" * 32, "7" * 31, "7" * 33, f"{'7' * 30} 7"]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names that are sorted in by the dozen, and columns for any number of records."""
    monkeypatch.setattr(names, "RECENT_MIN", 12)
    monkeypatch.setattr(names, "AT_ONCE", 100)
    monkeypatch.setattr(first, "WORTH", 0)


def name_of(number: int) -> str:
    """A pseudonym."""
    return sha256(b"%d" % number).hexdigest()[:32]


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("seed", range(8))
def test_a_name_keeps_its_place_as_in_a_dictionary_whatever_comes_and_goes(seed: int) -> None:
    chance, index, expected, following = Random(seed), Index(), dict[str, int](), 0
    everybody = [*map(name_of, range(400)), *BEGAN_ALIKE, *ODD]
    for step in range(300):
        some = chance.choices(everybody, k=chance.choice([1, 1, 5, 40]))
        if chance.random() < 0.2:
            had = [expected.pop(name) for name in dict.fromkeys(some) if name in expected]
            assert sorted(index.forget(some)) == sorted(had)
        elif chance.random() < 0.5:
            for name in some:
                if name not in expected:
                    expected[name], following = following, following + 1
            places = index.all_of(some) if len(some) > 1 else [index.of(some[0])]
            assert places == [expected[name] for name in some]
        if step % 50 == 49:
            index = Index.of_parts(*index.parts(), index.next)
        asked = chance.sample(everybody, 60)
        assert index.known(asked) == [expected.get(name, NOWHERE) for name in asked]
        assert (len(index), index.next) == (len(expected), following)
    assert dict(index.items()) == expected


def spoken(chance: Random, count: int) -> pa.Table:
    """Records of a few dozen people who say all kinds of things, most of them one."""
    rows = [
        {
            "tenant": chance.choice(["", "", "shop"]),
            "subject": name_of(chance.randrange(90)),
            "visitor_day": MOMENT.date() if chance.random() < 0.05 else None,
            "purpose": chance.choice([*PURPOSES, *PURPOSES, None]),
            "status": chance.choice(["given"] * 6 + ["renewed", "withdrawn", "requested"]),
            "effect_at": MOMENT + timedelta(seconds=chance.randrange(6)),
            "agreed_version": chance.choice([*VERSIONS, *VERSIONS, "other", "", None]),
            "actor": "guardian" if (guarded := chance.random() < 0.1) else None,
            "guardian": "parent" if guarded else None,
        }
        for _ in range(count)
    ]
    rows += [row | {"status": "concluded", "purpose": None} for row in rows[: count // 8]]
    chance.shuffle(rows)
    filled = [{field.name: row.get(field.name) for field in CONSENTS} for row in rows]
    return pa.Table.from_pylist(
        filled, pa.schema([one.with_nullable(nullable=True) for one in CONSENTS])
    )


def answers(known: dict[str, Known]) -> Sequence[object]:
    """All that can be asked of what is known."""
    told: list[object] = []
    for tenant in ("", "shop"):
        mine = known[tenant]
        places = np.array(mine.index.known(map(name_of, range(90)))).reshape(-1, 1)
        for second in range(7):
            at = np.full(90, round(MOMENT.timestamp() + second) * 1000)
            found = Found([People(mine, places, np.full(90, NEVER))], np.arange(90), at)
            codes, versions = found.accepted()
            told.append([versions[code] if code >= 0 else None for code in codes])
            for version in VERSIONS:
                for minors in (None, np.ones(90, np.int64)):
                    granted = found.granted(PURPOSES, {version}, minors=minors)
                    told.append(None if granted is None else granted.tolist())
        told.append(
            [[mine.answers[p].agreed(place) for p in PURPOSES] for (place,) in places.tolist()]
        )
    return told


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("seed", range(12))
def test_what_is_learned_as_columns_answers_as_what_is_learned_record_by_record(
    seed: int, tmp_path: Path
) -> None:
    chance, live = Random(seed), [MOMENT.date()]
    one_by_one, together = ({tenant: Known() for tenant in ("", "shop")} for _ in range(2))
    was_together = 0
    for count in (150, 40, 40):
        rows = spoken(chance, count)
        for record in said(rows, live):
            learn(one_by_one[record.tenant], record)
        left = first.learn_firsts(rows, together.__getitem__)
        was_together += rows.num_rows - left.num_rows
        for record in said(left, live):
            learn(together[record.tenant], record)
        assert answers(together) == answers(one_by_one)
        write(tmp_path / "snapshot", Snapshot("t", 1, together, {}))
        again = read(tmp_path / "snapshot", "t")
        assert again is not None
        assert answers(dict(again.known)) == answers(one_by_one)
    assert was_together > 50
