"""A sweep that the system kills at a place it is told."""

from datetime import datetime
from pathlib import Path

from kit.dying import assert_killed
from remit_schemas.policy import Policy

SWEEPING = """
import sys
from datetime import datetime
from pathlib import Path
from kit.dying import die
from remit_consumers.lake import rewrite
from remit_consumers.lake.vacuum import Vacuum
from remit_consumers.plans import Plans
from remit_consumers.retention import sweep
from remit_schemas.contract import builtin
from remit_schemas.policy import policy_from_json

root, where, now, policy, name = Path(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4], sys.argv[5]

def of(function, before, after):
    def then(*given, **named):
        path = given[1] if isinstance(given[0], Vacuum) else given[0]
        mine = not name or (isinstance(path, Path) and path == root / name)
        if mine and before: die()
        done = function(*given, **named)
        if mine and after: die()
        return done
    return then

if where == "known": rewrite._know = of(rewrite._know, False, not name)
if where == "written": rewrite.append = of(rewrite.append, True, False)
if where == "committed": rewrite.append = of(rewrite.append, False, True)
if where == "vacuumed": Vacuum.take = of(Vacuum.take, False, True)
plans = Plans(builtin(), policy_from_json(Path(policy).read_text()))
sweep.Sweep(root, plans.plan, Vacuum()).apply(datetime.fromisoformat(now))
"""


def killed(root: Path, policy: Policy, now: datetime, where: str, name: str = "") -> None:
    """Sweep a lake in a process that is killed: tagsets known, files written, committed, or old files taken away.

    Args:
        root: The lake's folder.
        policy: That rows were stored by.
        now: The moment.
        where: Of the four.
        name: The table at which; empty: the first.
    """
    file = root.parent / "policy.json"
    file.write_bytes(policy.canonical)
    assert_killed(SWEEPING, root, where, now.isoformat(), file, name)
