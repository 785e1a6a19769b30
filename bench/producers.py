"""A thousand producers on one consumer: what an event costs, what it remembers of them, beside ten with as many packs."""

import json
import os
from copy import copy
from typing import TYPE_CHECKING, Final

from bench.apart import run_apart
from bench.context import Context, place
from bench.measure import Result, figure, in_turns

if TYPE_CHECKING:  # only the process that seals imports it
    from kit.crafted import Crafter

EVENTS: Final = 200_000
PACK_EVENTS: Final = 100
SLOTS: Final = 12
PRODUCERS: Final = (10, 1_000)


def measure(context: Context) -> Result:
    """Have as many packs made by ten and by a thousand producers, and store them."""
    packs = context.events(EVENTS) // PACK_EVENTS
    few, many = (named(count) for count in PRODUCERS)
    variants = {named(count): lambda count=count: _stored(count, packs) for count in PRODUCERS}
    samples = in_turns(variants, min(3, context.rounds))
    rows = (
        ("an event, on a core", "µs", "stored_us"),
        ("until the second commit, on a core", "s", "first_s"),
        ("memory at most", "MB", "first_mb"),
        ("marks of all partitions", "bytes", "marks_bytes"),
    )
    figures = [
        figure(samples, many, key, name=name, unit=unit, baseline=few) for name, unit, key in rows
    ]
    notes = [
        f"{packs:,} packs of {PACK_EVENTS} page views on the embedded log, in both: sealed as the SDK seals, each producer under a data key of its own.",
        "An event: processor time of the whole process from its second commit to the last. A producer's data key is unwrapped once, which is what it costs.",
        "Marks: what `positions` says of every producer in its newest rows; a flush writes those of the partitions that it has news of.",
    ]
    return Result("A thousand producers on one consumer", figures, notes)


def named(producers: int) -> str:
    """What a variant is called."""
    return f"{producers:,} producers"


def _stored(producers: int, packs: int) -> dict[str, float]:
    """Have packs made, and store them."""
    with place() as installation:
        run_apart("producers.made", installation.env, producers=producers, packs=packs)
        found = run_apart("growth.stored", installation.env)
        return found | run_apart("producers.marks", installation.env)


def made(producers: int, packs: int) -> dict[str, float]:
    """Seal packs in turns of so many producers, in this process, and lay them on the embedded log."""
    from kit.crafted import Crafter, datums, lay  # noqa: PLC0415  # only this process seals
    from remit_consumers.settings import Settings  # noqa: PLC0415

    settings = Settings.from_env(os.environ)
    crafters = [_another(Crafter(settings))]
    crafters += [_another(crafters[0]) for _ in range(producers - 1)]
    events = datums(PACK_EVENTS)
    laid: dict[int, list[bytes]] = {slot: [] for slot in range(SLOTS)}
    for number in range(packs):
        place_ = number % producers
        laid[place_ % SLOTS].append(crafters[place_].pack(events))
    for slot, some in laid.items():
        lay(settings, some, slot)
    return {"packs": packs}


def _another(crafter: "Crafter") -> "Crafter":
    """A producer of its own, which has sent nothing yet and knows the same bundle."""
    other = copy(crafter)
    other.producer, other.sequence, other.offered = os.urandom(16), 0, 0
    other._data_key = os.urandom(32)  # noqa: SLF001 - each process has its own
    return other


def marks() -> dict[str, float]:
    """How long the marks are that `positions` has of the partitions."""
    from remit_consumers.lake.positions import rows, standings  # noqa: PLC0415
    from remit_consumers.lake.tables import open_table  # noqa: PLC0415
    from remit_consumers.settings import Settings  # noqa: PLC0415

    stands = standings(open_table(Settings.from_env(os.environ).lake, "positions"))
    texts = rows(stands).column("marks").to_pylist()
    assert sum(len(json.loads(text)) for text in texts), "nobody is remembered"
    return {"marks_bytes": sum(map(len, texts))}
