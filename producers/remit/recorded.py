"""Events whose place is told: what somebody said is found in the consent ledger by it."""

from remit.open_pack import Note
from remit.packer import Packer
from remit.result import Recorded, Refused
from remit.route import Route
from remit_schemas.pack import Header


class Places:
    """Remembers where events stand that are put together, and tells it on."""

    def __init__(self, on: Note | None = None) -> None:
        self._on = on
        self._pack, self._first = "", 0

    def note(self, header: Header, begin: int, end: int, first: int) -> None:
        """Learn where they will stand; of several tries the last holds."""
        self._pack, self._first = header.pack_id, first
        if self._on is not None:
            self._on(header, begin, end, first)

    def recorded(self, events: int) -> Recorded:
        """The names of so many events that were taken."""
        return Recorded(tuple(f"{self._pack}:{self._first + n}" for n in range(events)))


def put_recorded(
    packer: Packer, route: Route, datum: bytes, subject: str | None, tenant: str | None
) -> Recorded | Refused:
    """Seal an event like `Packer.put`, and say where it stands.

    Raises:
        Exception: What the caller turns into a refusal; the event was not taken.
    """
    places = Places()
    answer = packer.put_all(route, [datum], (subject, tenant or ""), places.note)
    return answer if isinstance(answer, Refused) else places.recorded(1)
