"""Roles: who may read for which purposes, and of whose data; a file of the operator beside the keys."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import Field

from remit_schemas.category import PURPOSES
from remit_schemas.policy_file import Place, Source, Written, nearest, validate
from remit_schemas.yaml_file import read_yaml

FILE = "roles.yaml"
"""In the folder of keys: who can change it can read everything anyway."""

EVERY = "*"
"""Every tenant, or every user."""


class Role(Written):
    """Who may read what.

    Attributes:
        purposes: For which purposes; each is named.
        users: Names that the operating system knows them by; `*` is everybody.
        tenants: Of whose data; a single shop's has the empty name, `*` is everybody's.
    """

    part: ClassVar[str] = "a role"

    purposes: Annotated[tuple[str, ...], Field(min_length=1)]
    users: Annotated[tuple[str, ...], Field(min_length=1)]
    tenants: tuple[str, ...] = ("",)

    def _mistakes(self) -> Iterator[tuple[Place, str]]:
        for key in self.purposes:
            if key not in PURPOSES:
                yield ("purposes",), f'unknown purpose "{key}"{nearest(key, PURPOSES)}'


class Roles(Written):
    """All roles of an installation."""

    part: ClassVar[str] = "the roles"

    roles: Mapping[str, Role]


def load_roles(keys: Path) -> Mapping[str, Role] | None:
    """Read the roles; None where none are configured.

    Raises:
        PolicyError: The file cannot be read, or says what no role can.
    """
    path = keys / FILE
    if not path.exists():
        return None
    source: Source = read_yaml(path)
    return validate(Roles, source).roles


def refusal(roles: Mapping[str, Role] | None, role: str, user: str, whose: tuple[str, str]) -> str:
    """Say why a read is refused; empty where it is not.

    Args:
        roles: Those that are configured; without any, who runs the command may read every purpose.
        role: The role that the reader names; empty for none.
        user: The operating system's name of the reader.
        whose: Purpose and tenant.

    Returns:
        `role` (it is not configured, or none was named), `user`, `purpose` or `tenant`: what the role does not cover.
    """
    if roles is None:
        return "role" if role else ""
    if role not in roles:
        return "role"
    purpose, tenant = whose
    found = roles[role]
    if not {user, EVERY} & {*found.users}:
        return "user"
    if purpose not in found.purposes:
        return "purpose"
    return "" if {tenant, EVERY} & {*found.tenants} else "tenant"
