"""A chore of a running consumer: work that is due again and again, in a thread of its own and never in the flush's way."""

import time
from abc import ABC, abstractmethod
from threading import Lock, Thread


class Chore(ABC):
    """One kind of work; of one chore no two turns run at a time."""

    def __init__(self, name: str, *, every_s: float, first_s: float, ending_s: float) -> None:
        """Plan it.

        Args:
            name: Of its thread.
            every_s: How often it is due.
            first_s: How long after this it is due first.
            ending_s: How long the end of a consumer waits for a turn that is under way.
        """
        self._name = name
        self._every_s = every_s
        self._ending_s = ending_s
        self._due_at = time.monotonic() + first_s
        self._working: Thread | None = None
        self._turn = Lock()

    def tend(self) -> None:
        """Begin what is due, in a thread of its own; never waits."""
        if time.monotonic() < self._due_at or (self._working and self._working.is_alive()):
            return
        self._due_at = time.monotonic() + self._every_s
        self._working = Thread(target=self.work, name=self._name, daemon=True)
        self._working.start()

    def hurry(self, within_s: float) -> None:
        """Have it due within that time at the latest."""
        self._due_at = min(self._due_at, time.monotonic() + within_s)

    def stop(self) -> None:
        """Give what is under way some time to end."""
        if self._working is not None:
            self._working.join(self._ending_s)

    def work(self) -> None:
        """Do one turn."""
        with self._turn:
            self._work()

    @abstractmethod
    def _work(self) -> None:
        """Do it; what fails is told, counted and tried again."""
