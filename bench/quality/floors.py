"""The k-floor: how many rows stand alone by what is left of their traits, before and after it."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final
from zlib import crc32

import numpy as np
from bench.quality.asked import remit
from bench.quality.bits import bits_of, columns_of_log, columns_of_profiles
from bench.quality.labelled import Labelled, short
from bench.quality.row import Bits

from remit_consumers.floor.seen import Combination, Seen, common

ENOUGH: Final = 10  # subjects, as the policy that ships asks for
AGENT: Final = ("device", "os", "browser", "browser_major")
"""What of an agent is a trait, the most useful first."""

OTHER: Final = "other"


def measure(labelled: Labelled) -> Iterator[Bits]:
    """Look at the profiles of browsers, each somebody's, and at access logs, whose visitors are networks."""
    for path in labelled.files("user_agents/*browser_profiles*"):
        columns = columns_of_profiles(path)
        traits = _traits(columns)
        yield _floored(path, columns, traits, list(range(1, len(traits) + 1)))
    for path in labelled.files("access_logs/*combined*"):
        columns = columns_of_log(path)
        networks = remit("ip", columns["ip"]).outs
        visitors = [_visitor(networks[address]) for address in columns["ip"]]
        yield _floored(path, {"user_agent": columns["user_agent"]}, _traits(columns), visitors)


def _visitor(network: object) -> int:
    """Number a network; 0 where there is none."""
    return crc32(str(network).encode()) + 1 if network else 0


def _traits(columns: Mapping[str, Sequence[str]]) -> list[Combination]:
    """Reduce agents, and languages and screens where there are any, to combinations of one tenant's traits."""
    agents = remit("user_agent", columns["user_agent"]).outs
    parts = [[_parts(agents[agent]) for agent in columns["user_agent"]]]
    for name in ("language", "screen"):
        outs = remit(name, columns.get(name, ())).outs
        parts.append([(str(outs[value] or ""),) for value in columns.get(name, ())])
    return [("", *sum(each, ())) for each in zip(*filter(None, parts), strict=True)]


def _parts(out: object) -> Combination:
    """Give the traits of an agent."""
    return tuple(str(out[key] or "") for key in AGENT) if isinstance(out, Mapping) else ()


def _floored(
    path: Path,
    columns: Mapping[str, Sequence[str]],
    traits: Sequence[Combination],
    visitors: Sequence[int],
) -> Bits:
    """Count the first half of the rows as the window that is over, and store the second under its floor."""
    half = len(traits) // 2
    seen = Seen(ENOUGH)
    numbers = {combination: at for at, combination in enumerate(dict.fromkeys(traits[:half]))}
    rows = np.array([numbers[each] for each in traits[:half]], np.int64)
    seen.add(list(numbers), rows, np.array(visitors[:half], np.uint64))
    table = common(seen)
    stored = [_stored(combination, table) for combination in traits[half:]]
    before = list(zip(*(column[half:] for column in columns.values()), strict=True))
    return bits_of(f"{' and '.join(columns)}, floor of {ENOUGH}", short(path), before, stored)


def _stored(combination: Combination, table: frozenset[Combination]) -> Combination:
    """Give what is stored of a combination: its longest common beginning, and `other` for the rest."""
    for length in range(len(combination), 1, -1):
        if combination[:length] in table:
            return combination[:length] + (OTHER,) * (len(combination) - length)
    return combination[:1] + (OTHER,) * (len(combination) - 1)
