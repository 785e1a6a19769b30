"""A share that is killed at each of its steps: nothing is half, and the record says what went out."""

import os
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from confluent_kafka import Consumer

from kit.disclosing import RECIPIENT, begin, killed
from kit.erasing import ErasingShop
from kit.flowing import log_of_its_own
from kit.kafka import Kafka
from kit.program import ended
from kit.shop import NOON
from remit_consumers.deployment import Deployment
from remit_consumers.erasure.erase import finish
from remit_consumers.sharing.disclosures import INTERRUPTED, MADE, UNDONE, history, recipients_of
from remit_consumers.sharing.parcel import HIDDEN
from remit_consumers.sharing.under_way import FOLDER
from remit_schemas.log_address import KafkaLog, parse_log

STEPS = [
    ("share", "Parcel.begin"),  # noted, and no more
    ("share", "making.leaving"),  # the hidden folder is there
    ("share", "Parcel.close"),  # rows are in it
    ("share", "disclosures._append"),  # and its terms: nothing is on record
    ("share", "disclosures._append.2"),  # whose rows is on record, what is not
    ("share", "Parcel.show"),  # on record, and seen by nobody
    ("share", "share.settle"),  # seen
    ("follow", "Parcel.begin"),
    ("follow", "disclosures._append.2"),
    ("follow", "Parcel.show"),
    ("follow", "UnderWay.over"),  # seen
    ("follow", "Cursor.moved"),  # nobody remembers how far it came
]
SEEN = {"share.settle", "UnderWay.over", "Cursor.moved"}


@pytest.fixture
def shop(tmp_path: Path) -> ErasingShop:
    """A shop that three visited."""
    shop = ErasingShop(tmp_path)
    shop.store(*(shop.view(subject=one) for one in ("ann", "bob", "cy")))
    return shop


def hidden(shop: ErasingShop) -> list[Path]:
    """Folders that nobody may see."""
    return list(shop.folder.rglob(f"{HIDDEN}*"))


def holds(shop: ErasingShop) -> list[str]:
    """Every folder is whole and on record as made, and nothing else is; gives what became of each disclosure."""
    assert not hidden(shop)
    assert not list((shop.settings.data / FOLDER).iterdir())
    out = shop.folder / "out"
    folders = {
        file.parent: file.read_text("utf-8").partition("urn:uuid:")[2][:32]
        for file in out.rglob("terms.json")
    }
    files = {file.parent for file in out.rglob("*.parquet")}
    assert files == {*folders}
    rows = [row for row in history(shop.root, NOON).to_pylist() if row["recipient"] == RECIPIENT]
    made = {row["disclosure"] for row in rows if row["outcome"] == MADE}
    assert made == {*folders.values()}
    assert {row["reason"] for row in rows if row["outcome"] == UNDONE} <= {INTERRUPTED}
    return sorted(row["outcome"] for row in rows)


@pytest.mark.clause("S059c")
@pytest.mark.parametrize(("what", "where"), STEPS)
def test_a_killed_share_left_all_or_nothing_and_the_record_says_which(
    shop: ErasingShop, what: str, where: str
) -> None:
    killed(shop, what, where)
    finish(Deployment.open(shop.settings), NOON)  # as every start of a consumer does
    is_seen = where in SEEN
    was_on_record = is_seen or where == "Parcel.show"
    became = holds(shop)
    assert became == ([MADE] if is_seen else [UNDONE] if was_on_record else [])
    stored = shop.rows()["subject"].to_pylist()
    got = recipients_of(shop.root, "", stored, NOON)
    assert got == ([RECIPIENT] if is_seen else [])
    if what == "follow" or not is_seen:
        begin(shop, what).ended()
        assert len(holds(shop)) == len(became) + 1


def test_the_next_share_puts_right_what_was_interrupted(shop: ErasingShop) -> None:
    killed(shop, "share", "Parcel.show")
    (left,) = hidden(shop)
    assert list(left.glob("*.parquet"))
    begin(shop, "share").ended()
    assert holds(shop) == [MADE, UNDONE]


@pytest.mark.clause("S079a")
def test_nobody_who_is_erased_is_left_in_what_was_interrupted(shop: ErasingShop) -> None:
    killed(shop, "share", "Parcel.show")
    begin(shop, "erase").ended()
    assert not hidden(shop)
    begin(shop, "share").ended()
    (file,) = (shop.folder / "out").glob("*.parquet")
    assert pq.read_table(file).num_rows == 2


TO_TOPIC = """
import sys
from datetime import datetime
from pathlib import Path
from kit.dying import die
from remit_consumers.deployment import Deployment
from remit_consumers.settings import Settings
from remit_consumers.sharing import disclosures, following, stream
from remit_consumers.sharing.news import Cursor
from remit_consumers.sharing.registered import own_id
from remit_consumers.sharing.terms import Asked
from remit_consumers.sharing.under_way import UnderWay
from remit_schemas.log_address import parse_log

folder, log, where, now = Path(sys.argv[1]), *sys.argv[2:4], datetime.fromisoformat(sys.argv[4])

class Dying(stream.Producer):
    count = 0
    def produce(self, *given, **named):
        super().produce(*given, **named)
        Dying.count += 1
        if Dying.count == 2:
            self.flush(30)
            die()

if where == "half": stream.Producer = Dying
elif where:
    place, name = where.split(".")
    known = {"disclosures": disclosures, "TopicDoor": stream.TopicDoor, "UnderWay": UnderWay, "Cursor": Cursor}
    setattr(known[place], name, die)
deployment = Deployment.open(Settings(folder / "data", folder / "keys", folder / "vault"))
asked = Asked("infrastructure-services")
door = stream.TopicDoor(parse_log(log), asked.recipient, {}, own_id)
following.Follower(deployment, asked, door).turn(now)
"""
"""Follows to a topic; is killed at a step, or when the broker has two of three rows."""

TO_TOPIC_STEPS = [
    "TopicDoor.ready",
    "disclosures._append",
    "TopicDoor.let_go",  # on record, and nothing went out
    "half",
    "UnderWay.over",  # the broker has all
    "Cursor.moved",
    "",
]


def follow(shop: ErasingShop, log: str, where: str) -> int:
    """Let a process follow; gives how it ended."""
    done = ended(TO_TOPIC, shop.folder, log, where, NOON.isoformat())
    assert done.returncode in {0, -9}, done.stderr[-2000:]
    return done.returncode


def read(kafka: Kafka, topic: str) -> list[dict[str, str]]:
    """The headers of everything on a topic."""
    config = {
        "bootstrap.servers": kafka.bootstrap,
        "group.id": os.urandom(4).hex(),
        "auto.offset.reset": "earliest",
    }
    consumer = Consumer(config)
    consumer.subscribe([topic])
    found: list[dict[str, str]] = []
    try:
        while len(batch := consumer.consume(100, 4)) or not found:
            assert all(one.error() is None for one in batch)
            found += [
                {name: str(value) for name, value in dict(one.headers() or ()).items()}
                for one in batch
            ]
    finally:
        consumer.close()
    return found


@pytest.mark.kafka
@pytest.mark.parametrize("where", TO_TOPIC_STEPS)
def test_every_row_on_a_topic_is_on_record_and_what_is_doubtful_is_said(
    shop: ErasingShop, kafka: Kafka, where: str
) -> None:
    address = log_of_its_own(kafka)
    log = parse_log(address)
    assert isinstance(log, KafkaLog)
    died = follow(shop, address, where)
    assert died == (-9 if where else 0)
    finish(Deployment.open(shop.settings), NOON)
    doubtful = {"TopicDoor.let_go", "half", "UnderWay.over"}
    reasons = {row["reason"] for row in history(shop.root, NOON).to_pylist()}
    assert reasons == ({INTERRUPTED} if where in doubtful else {""} if was_out(where) else set())
    assert follow(shop, address, "") == 0
    rows = history(shop.root, NOON).to_pylist()
    on_record = {repr(row["disclosure"].encode()) for row in rows if row["outcome"] == MADE}
    headers = read(kafka, f"{log.prefix}.share.{RECIPIENT}")
    assert {one["remit-disclosure"] for one in headers} <= on_record
    assert len({one["remit-dedupe"] for one in headers}) == 3


def was_out(where: str) -> bool:
    """Whether everything had gone out, and that was known."""
    return where in {"Cursor.moved", ""}
