"""Events whose place is told: what somebody said is found in the consent ledger by it."""

from remit.packer import Packer
from remit.result import Recorded, Refused
from remit.route import Route
from remit_schemas.pack import Header


def put_recorded(
    packer: Packer, route: Route, datum: bytes, subject: str | None, tenant: str | None
) -> Recorded | Refused:
    """Seal an event like `Packer.put`, and say where it stands.

    Raises:
        Exception: What the caller turns into a refusal; the event was not taken.
    """
    where: list[Header] = []
    whose = subject, tenant or ""

    def note(header: Header, _begin: int, _end: int) -> None:
        where.append(header)

    with packer.lock:  # nobody puts anything between this event and the look at its place
        answer = packer.put_all(route, [datum], whose, note)
        if isinstance(answer, Refused):
            return answer
        header = where[-1]
        pack = (route.packs_of(tenant) if tenant else route.packs)[header.lane]
        index = pack.count - 1 if pack else 0
    return Recorded((f"{header.pack_id}:{index}",))
