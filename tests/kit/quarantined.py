"""What stands in quarantine for an older policy version, and how tests make that readable; a replay that dies on the way."""

from pathlib import Path
from shutil import copytree

from kit.dying import assert_killed
from kit.installation import Installation
from remit_consumers.lake.commit import Lake
from remit_consumers.proof.verify import verify
from remit_consumers.settings import Settings
from remit_schemas.policy import POLICIES

OLD = "1999-01-01"
"""A policy version that nobody has put on record when its packs come."""


def own_policy(folder: Path) -> Path:
    """The shipped policy in a folder where other versions can appear."""
    return Path(copytree(POLICIES / "salesmartly", folder / "policies")) / "2021-11-01.yaml"


def put_on_record(policy: Path, version: str = OLD) -> None:
    """Have an older version of the policy appear."""
    text = policy.read_text().replace("\nversion: 2021-11-01", f"\nversion: {version}")
    (policy.parent / f"{version}.yaml").write_text(text)


def breaches(settings: Settings) -> dict[str, str]:
    """The checks of `remit verify` that do not hold."""
    found = verify(settings.data).checks.items()
    return {name: check.detail for name, check in found if not check.holds}


def assert_gone(settings: Settings) -> None:
    """See that nothing of the quarantine is left on the disk."""
    assert Lake(settings.lake).quarantined() == []
    assert not list((settings.lake / "quarantine").glob("*.parquet"))


KILLED = """
import os, sys
from datetime import UTC, datetime
from kit.dying import after, die
from remit_consumers.deployment import Deployment
from remit_consumers.lake import commit, rewrite, storing
from remit_consumers.lake.vacuum import Vacuum
from remit_consumers.quarantine.replay import replay
from remit_consumers.settings import Settings

where = sys.argv[1]

if where == "decided": commit.Lake.replay = die
if where == "synced": storing.sync_all = after(storing.sync_all)
if where == "published": storing.publish_first = after(storing.publish_first)
if where == "stored": commit.Lake.replay = after(commit.Lake.replay)
if where == "rewriting": rewrite.append = die
if where == "rewritten": rewrite.append = after(rewrite.append)
if where == "vacuumed": Vacuum.take = after(Vacuum.take)
replay(Deployment.open(Settings.from_env(os.environ)), datetime.now(UTC))
"""


def die(installation: Installation, where: str) -> None:
    """Have a replay kill itself at a step."""
    assert_killed(KILLED, where, env=installation.env)


ELSEWHERE = """
import os
from datetime import UTC, datetime
from pathlib import Path
from remit_consumers.deployment import Deployment
from remit_consumers.quarantine.replay import replay
from remit_consumers.settings import Settings

Settings.locks = property(lambda self: self.keys / "locks of another machine")
deployment = Deployment.open(Settings.from_env(os.environ))
print(replay(deployment, datetime.now(UTC)).stored)
"""
"""A replay that shares no lock with the consumers beside it, as one on another machine; prints how many events it stored."""
