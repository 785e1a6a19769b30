"""A network of its own for a program, with one wire to each of several hosts: a wire can be cut, and nobody is told."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from kit.parts import RealParts

NAME = "a network that is cut (network namespaces)"
WHY_NOT = "it takes root, Linux and iproute2 (`ip netns`); run the tests in a container as root"


class Network:
    """A network namespace, and its wires.

    Attributes:
        hosts: The address at this machine's end of each wire.
    """

    def __init__(self, wires: int) -> None:
        self._name = f"remit{os.getpid()}"
        self._block = os.getpid() % 250 + 1  # two runs at once do not meet
        self.hosts = [f"10.{213 + number}.{self._block}.1" for number in range(wires)]
        _ip("netns", "add", self._name)
        try:
            for number in range(wires):
                self._lay(number)
        except BaseException:
            self.remove()
            raise

    @property
    def words(self) -> Sequence[str]:
        """What stands before a command that is to run in it."""
        return ["ip", "netns", "exec", self._name]

    def cut(self, number: int, *, is_cut: bool) -> None:
        """Cut a wire, or mend it: what is sent over a cut one vanishes."""
        _ip("link", "set", self._wire(number), "down" if is_cut else "up")

    def remove(self) -> None:
        """Take it away; its wires go with it."""
        _ip("netns", "del", self._name)

    def _wire(self, number: int) -> str:
        return f"rm{self._block}h{number}"

    def _lay(self, number: int) -> None:
        ours, theirs = self._wire(number), f"rm{self._block}n{number}"
        _ip("link", "add", ours, "type", "veth", "peer", "name", theirs, "netns", self._name)
        _ip("addr", "add", f"{self.hosts[number]}/30", "dev", ours)
        _ip("link", "set", ours, "up")
        inside = self.hosts[number].removesuffix(".1") + ".2/30"
        _ip("-n", self._name, "addr", "add", inside, "dev", theirs)
        _ip("-n", self._name, "link", "set", theirs, "up")


def _ip(*words: str) -> None:
    program = shutil.which("ip", path="/usr/sbin:/usr/bin:/sbin:/bin")
    if program is None:
        raise FileNotFoundError("ip")
    subprocess.run([program, *words], check=True, capture_output=True)


@contextmanager
def network(wires: int, parts: RealParts) -> Iterator[Network | None]:
    """Lay a network; None, and a line in the list of real parts, where the machine does not let us."""
    try:
        laid = Network(wires)
    except (OSError, subprocess.CalledProcessError):
        parts.not_ran(NAME, WHY_NOT)
        yield None
        return
    parts.ran(NAME)
    try:
        yield laid
    finally:
        laid.remove()
