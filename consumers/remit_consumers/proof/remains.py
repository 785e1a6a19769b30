"""What is left on disk of what nobody may store: every file searched, and how good the detectors are that did."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from remit_consumers.proof.recall import Recall, measure
from remit_consumers.proof.residue.files import Residue, search
from remit_consumers.proof.residue.policy import detector_of


@dataclass(frozen=True, slots=True)
class Remains:
    """What a search of a data folder found.

    Attributes:
        breaches: Each place with what stands there; never a value.
        good: What is said where there is none.
        figures: What was searched, and for each kind what was found and how much of it would have been.
    """

    breaches: Sequence[str]
    good: str
    figures: Mapping[str, object]


def search_all(data: Path, root: Path, canaries: Sequence[str], texts: Collection[str]) -> Remains:
    """Search everything under a data folder and in its lake, and measure the detectors in the same run.

    Args:
        data: The data folder.
        root: The lake, in it or elsewhere.
        canaries: Values that were planted and must stand nowhere.
        texts: SHA-256 of the texts of policies, which are public.
    """
    detector = detector_of(root, canaries)
    residue, recalls = search(data, detector, texts), measure(detector)
    if not root.is_relative_to(data):
        residue = residue.with_other(search(root, detector))
    breaches = [
        f"{place}: " + ", ".join(f"{count} {kind}" for kind, count in sorted(hits.items()))
        for place, hits in residue.found.items()
    ]
    good = (
        f"0 found in {residue.values} values of {residue.files} files, by detectors of measured recall: "
        + ", ".join(f"{kind} {recall.share:.2f}" for kind, recall in recalls.items())
    )
    return Remains(breaches, good, _figures(residue, recalls))


def _figures(residue: Residue, recalls: Mapping[str, Recall]) -> dict[str, object]:
    """What was searched, and for each kind what was found and how much of it would have been."""
    by_kind = residue.by_kind
    kinds = {
        kind: {
            "found": by_kind[kind],
            "recall": round(recall.share, 4),
            "recall_low": round(recall.low, 4),
            "planted": recall.planted,
        }
        for kind, recall in recalls.items()
    }
    others = {kind: {"found": by_kind[kind]} for kind in ("canary", "not_sealed")}
    return {"files": residue.files, "values": residue.values, "kinds": kinds | others}
