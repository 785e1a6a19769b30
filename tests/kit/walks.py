"""The steps of the pipeline to test with, over a lake, a vault and a ledger of their own."""

from pathlib import Path

from kit.floors import make_floors
from kit.means import MEANS
from remit_consumers.consent.ledger import LEDGER_DOMAIN, Ledger
from remit_consumers.lake.commit import Lake
from remit_consumers.pipeline import Walk, steps
from remit_consumers.plans import Plans
from remit_consumers.pseudonyms import STORAGE_DOMAIN, Pseudonyms
from remit_consumers.reducers.means import Means
from remit_consumers.vault import Vault
from remit_consumers.visitor_keys import VisitorKeys
from remit_schemas.contract import builtin
from remit_schemas.policy import find_policy


def make_ledger(vault: Vault, folder: Path, visitors: VisitorKeys | None = None) -> Ledger:
    """Make the ledger of the lake below a folder."""
    names = Pseudonyms(vault, LEDGER_DOMAIN, visitors)
    return Ledger(Lake(folder / "lake"), names, folder / "ledger" / "snapshot.npz")


def make_walk(  # noqa: PLR0913, PLR0917 - parts of a pipeline, each left out but one
    vault: Vault,
    folder: Path,
    means: Means = MEANS,
    ledger: Ledger | None = None,
    visitors: VisitorKeys | None = None,
    plans: Plans | None = None,
) -> Walk:
    """Make the steps over the lake below a folder."""
    names = Pseudonyms(vault, STORAGE_DOMAIN, visitors)
    asked = ledger or make_ledger(vault, folder, visitors)
    known = plans or Plans(builtin(), find_policy())
    return steps(names, means, make_floors(folder), asked, known)
