"""An edge killed at any moment: what it answered 202 is kept, and a batch that is sent again is stored once."""

import http.client
import random
import signal
import threading
from collections import Counter
from pathlib import Path

from kit.edge_process import EdgeProcess, batch, session, view
from kit.spooled import Home
from kit.watching import PATIENCE_S, until
from remit.leftovers import adopt_dead

KILLS, KILLS_PROVED = 4, 40
SENDERS = 6
EVENTS = 7  # of a batch


class Visitor(threading.Thread):
    """Sends batch after batch, each again and again until it is answered, as the tracker does.

    Attributes:
        answered: Batches that were answered 202.
        duplicates: Those of them that the edge knew already.
    """

    def __init__(self, edge: EdgeProcess, key: str) -> None:
        super().__init__(daemon=True)
        self.answered = 0
        self.duplicates = 0
        self.is_over = threading.Event()
        self._edge, self._key, self.session = edge, key, session()

    def run(self) -> None:
        """Send until it is over."""
        while not self.is_over.is_set():
            number = self.answered + 1
            views = [view(f"/{self.session}/{number}/{n}") for n in range(EVENTS)]
            self._until_answered(batch(views, session=self.session, batch=number))
            self.answered = number

    def _until_answered(self, sent: object) -> None:
        while True:
            try:
                answer = self._edge.send(self._key, sent)
            except (OSError, http.client.HTTPException):
                self.is_over.wait(0.01)  # the edge is being started again
                continue
            assert answer.status == 202, answer.body
            self.duplicates += "duplicate" in answer.said
            return


def test_a_batch_that_is_sent_again_after_a_kill_is_stored_once_and_none_is_lost(
    home: Home, edge: EdgeProcess, *, prove: bool
) -> None:
    chance, key = random.Random(11), edge.key()
    visitors = [Visitor(edge, key) for _ in range(SENDERS)]
    for visitor in visitors:
        visitor.start()
    pause = threading.Event()
    for _ in range(KILLS_PROVED if prove else KILLS):
        pause.wait(chance.uniform(0.05, 0.7))  # when it is killed, not how long anything takes
        edge.end(signal.SIGKILL)
        edge.start()
    until(lambda: sum(visitor.answered for visitor in visitors) > 20, "too little is answered")
    for visitor in visitors:
        visitor.is_over.set()
        visitor.join(PATIENCE_S)
        assert not visitor.is_alive()
    edge.end()
    adopt_dead(home.data / "spool")
    stored = Counter(str(event.values["page"]) for event in home.stored().values())
    sent = {
        f"/{v.session}/{number}/{n}"
        for v in visitors
        for number in range(1, v.answered + 1)
        for n in range(EVENTS)
    }
    assert not sent - stored.keys(), "what was answered 202 is there"
    assert max(stored.values()) == 1, "nothing is there twice"


def test_right_after_an_answer_the_edge_can_die(home: Home, edge: EdgeProcess) -> None:
    key = edge.key()
    for number in range(3):
        assert edge.send(key, batch([view(f"/{number}")])).status == 202
        edge.end(signal.SIGKILL)
        edge.start()
    edge.end()
    assert Counter(e.values["page"] for e in home.stored().values()) == {"/0": 1, "/1": 1, "/2": 1}


def test_what_a_dead_edge_left_can_be_taken_over_by_anybody(
    home: Home, edge: EdgeProcess, tmp_path: Path
) -> None:
    key, sent = edge.key(), batch([view("/")])
    edge.send(key, sent)
    edge.end(signal.SIGKILL)
    assert adopt_dead(home.data / "spool") == 1, "an operator's process numbers the open pack"
    assert list(home.data.glob("spool/*/settled-*"))
    edge.start()
    assert edge.send(key, sent).said["duplicate"] is True
    edge.end()
    assert len(home.stored()) == 1
