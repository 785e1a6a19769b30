"""In force: the version of the policy that governs what leaves, taken up while a share goes on.

A newer version appears in the policy's folder, where consumers look for it too, and governs from the day on which it comes
into force. One that is there and cannot be read governs nothing, and so nothing leaves: it may have taken away what the
version before allows. For the same reason one that governed once is not followed by an older one.

Source: policy 2021-11-01, clauses S112, S113; DESIGN.md, D1.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Final

from remit_consumers.deployment import Deployment
from remit_schemas.errors import PolicyError
from remit_schemas.policy import Policy, load_policy

VERSION: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
"""The name of a file that must be a version of a policy."""

Seen = tuple[int, int, int]
"""Which file it was: its number, when it was changed (ns), how long it is."""


class InForce:
    """The version in force, of a deployment that goes on."""

    def __init__(self, deployment: Deployment) -> None:
        """Begin with the version that the deployment was opened with."""
        self._deployment = deployment
        self._read: dict[Path, tuple[Seen, Policy | None]] = {}

    def at(self, day: date) -> Deployment:
        """The deployment under the version that is in force on a day; files are read again only when they changed.

        Raises:
            PolicyError: A newer version cannot be read, or not be followed here: nothing may leave under an older one.
            SettingsError: This machine lacks what it needs.
        """
        newer = list(self._newer(day))
        if newer:
            newest = max(newer, key=lambda one: one.version)
            self._deployment.means.check(newest)
            self._deployment = replace(self._deployment, policy=newest)
        return self._deployment

    def _newer(self, day: date) -> Iterator[Policy]:
        """The versions in the folder that are newer than the one that governed last, and in force."""
        known = self._deployment.policy
        for path in sorted(self._deployment.policy_folder.glob("*.yaml")):
            if path.suffixes != [".yaml"]:
                continue
            one = self._policy(path)
            is_version = VERSION.fullmatch(path.stem) is not None
            if one is None and is_version and known.version < path.stem <= day.isoformat():
                message = f"{path.name} is a newer version of the policy and cannot be read: nothing leaves until it can"
                raise PolicyError(message)
            is_newer = one is not None and one.name == known.name and one.version > known.version
            if one is not None and is_newer and one.updated_on <= day:
                yield one

    def _policy(self, path: Path) -> Policy | None:
        """A file as a policy; None where it is none."""
        try:
            status = path.stat()
            seen = (status.st_ino, status.st_mtime_ns, status.st_size)
            if path not in self._read or self._read[path][0] != seen:
                self._read[path] = (seen, _loaded(path))
        except OSError:
            return None
        return self._read[path][1]


def _loaded(path: Path) -> Policy | None:
    try:
        return load_policy(path)
    except PolicyError:
        return None
