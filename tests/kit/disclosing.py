"""Shares and erasures as processes of their own, which stop at a step until they are told, or are killed there."""

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from kit.erasing import ErasingShop
from kit.shop import NOON

RECIPIENT = "infrastructure-services"
"""Of the shipped policy: gets page views to run the service, of everybody."""

PROGRAM = """
import os, signal, sys, time
from datetime import datetime
from pathlib import Path
from remit_consumers.deployment import Deployment
from remit_consumers.erasure import erase, reach
from remit_consumers.erasure.scope import Scope, SubjectRef
from remit_consumers.settings import Settings
from remit_consumers.sharing import disclosures, following, making, share
from remit_consumers.sharing.news import Cursor
from remit_consumers.sharing.parcel import Parcel
from remit_consumers.sharing.terms import Asked
from remit_consumers.sharing.under_way import UnderWay

folder, what, where, then, now = Path(sys.argv[1]), *sys.argv[2:5], datetime.fromisoformat(sys.argv[5])
PLACES = {one.__name__.rpartition(".")[2]: one for one in (
    disclosures, erase, following, making, reach, share, Cursor, Parcel, UnderWay)}
seen = 0

def stop():
    if then == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    (folder / f"{what}.stands").touch()
    ends_at = time.monotonic() + 120
    while not (folder / f"{what}.go").exists():
        if time.monotonic() > ends_at:
            os._exit(1)  # nobody waits any more
        time.sleep(0.005)

if where:
    place, name, times = (*where.split("."), "1")[:3]
    known = getattr(PLACES[place], name)
    def instead(*given, **named):
        global seen
        seen += 1
        if seen == int(times):
            stop()
        return known(*given, **named)
    setattr(PLACES[place], name, instead)

deployment = Deployment.open(Settings(folder / "data", folder / "keys", folder / "vault"))
asked = Asked("infrastructure-services")
(folder / f"{what}.begins").touch()
if what == "erase":
    erase.erase(deployment, [SubjectRef("", "ann")], Scope(), "requested", now)
elif what == "follow":
    following.Follower(deployment, asked, following.Folders(folder / "out")).turn(now)
else:
    share.share(deployment, asked, folder / "out", now)
"""
"""Shares, follows or erases; stops at the given call of a function (`module.name` or `module.name.2` for the second)."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A process that stands at a step."""

    folder: Path
    what: str
    process: "subprocess.Popen[str]"

    def go(self) -> None:
        """Let it go on."""
        (self.folder / f"{self.what}.go").touch()

    def ended(self) -> str:
        """Wait for its end, which must be a good one; give what it said."""
        _, said = self.process.communicate(timeout=300)
        assert self.process.returncode == 0, said[-2000:]
        return said


def begin(shop: ErasingShop, what: str, where: str = "", then: str = "stand") -> Standing:
    """Start one, and wait until it begins; with a step, until it stands there."""
    folder = shop.folder
    command = [sys.executable, "-c", PROGRAM, str(folder), what, where, then, NOON.isoformat()]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    standing = Standing(folder, what, process)
    ends_at = time.monotonic() + 120
    sign = "stands" if where and then == "stand" else "begins"
    while not (folder / f"{what}.{sign}").exists():
        assert process.poll() is None, process.communicate()[1][-2000:]
        assert time.monotonic() < ends_at
        time.sleep(0.005)
    return standing


def killed(shop: ErasingShop, what: str, where: str) -> None:
    """Start one that is killed at a step."""
    process = begin(shop, what, where, "kill").process
    _, said = process.communicate(timeout=300)
    assert process.returncode == -9, said[-2000:]
