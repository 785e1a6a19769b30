"""Recall: how much of what was planted the detector finds, measured in the run that relies on it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from remit_consumers.proof.planted.texts import planted
from remit_consumers.proof.residue.detector import Detector

SEED: Final = 11643
"""The same in every run, so that a figure that changes says that the detector did."""

EACH: Final = 200
"""Texts for each kind: enough for two digits (a lower bound of 0.98 where all are found), and half a second in all."""

Z: Final = 1.96
"""Standard deviations of a 95 % interval."""


@dataclass(frozen=True, slots=True)
class Recall:
    """How much of one kind was found.

    Attributes:
        found: Texts in which the kind was seen.
        planted: Texts in which it stood.
    """

    found: int
    planted: int

    @property
    def share(self) -> float:
        """The recall, 0 to 1."""
        return self.found / self.planted

    @property
    def low(self) -> float:
        """The lower end of its 95 % interval. Source: E. B. Wilson, JASA 22 (1927)."""
        spread = Z * math.sqrt(
            self.share * (1 - self.share) / self.planted + Z**2 / (4 * self.planted**2)
        )
        return (self.share + Z**2 / (2 * self.planted) - spread) / (1 + Z**2 / self.planted)


def measure(detector: Detector, seed: int = SEED, each: int = EACH) -> Mapping[str, Recall]:
    """Plant values of every kind and say how many of them a detector sees.

    Args:
        detector: It may be strict or lenient about addresses: those planted have all their bits.
        seed: Of the values.
        each: Texts for each kind.
    """
    return {
        kind: Recall(sum(kind in found for found in detector.each(texts)), each)
        for kind, texts in planted(seed, each).items()
    }
