"""One-time tokens for a role: each opens one session, has an end, and can be revoked. Only their SHA-256 lies beside the keys."""

import fcntl
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from remit_consumers.access.roles import Role
from remit_schemas.durable import replace_file
from remit_schemas.errors import SettingsError

FILE: Final = "access-tokens.json"
LOCK: Final = "access-tokens.lock"
TOKEN_BYTES: Final = 32  # random: SHA-256 without a salt cannot be guessed back
ID_BYTES: Final = 6
NAME_CHARACTERS_MAX: Final = 64


@dataclass(frozen=True, slots=True)
class Invitation:
    """A one-time token as it lies on the disk.

    Attributes:
        id: Random; what the record of reads says of whom it let in.
        name: Of whom it is for, for people.
        role: That it opens.
        sha256: Of the token, as hex.
        until: When token and session end, aware UTC.
        is_used: Whether it opened its session.
        tenant: To which it binds; None for none.
    """

    id: str
    name: str
    role: Role
    sha256: str
    until: datetime
    is_used: bool = False
    tenant: str | None = None


@dataclass(frozen=True, slots=True)
class Opens:
    """What a token opens.

    Attributes:
        role: For which role.
        tenant: To which tenant it binds; None for none.
    """

    role: Role
    tenant: str | None = None


def read(keys: Path) -> tuple[Invitation, ...]:
    """Read all; none where there is no file.

    Raises:
        SettingsError: The file is not one that remit wrote.
    """
    try:
        entries: list[dict[str, Any]] = json.loads((keys / FILE).read_bytes())["tokens"]
        return tuple(_read(entry) for entry in entries)
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, TypeError, KeyError):
        raise SettingsError(f"{FILE} beside the keys cannot be read as tokens") from None


def invite(keys: Path, name: str, opens: Role | Opens, until: datetime, now: datetime) -> str:
    """Make a token, and give it: nobody can read it again. What ended is forgotten.

    Args:
        keys: Where tokens lie.
        name: Of whom it is for.
        opens: A role, or one that is bound to a tenant.
        until: When token and session end.
        now: Aware UTC.

    Raises:
        SettingsError: The name is taken or no name.
    """
    if not name.strip() or len(name) > NAME_CHARACTERS_MAX:
        raise SettingsError(f"who is invited has a name of 1 to {NAME_CHARACTERS_MAX} characters")
    token = secrets.token_urlsafe(TOKEN_BYTES)
    with _changing(keys):
        known = tuple(one for one in read(keys) if one.until > now)
        if any(one.name == name for one in known):
            raise SettingsError(
                "somebody of that name is invited; revoke it first, or name another"
            )
        role, tenant = (opens, None) if isinstance(opens, Role) else (opens.role, opens.tenant)
        made = Invitation(
            secrets.token_hex(ID_BYTES), name, role, _digest(token), until, tenant=tenant
        )
        _write(keys, (*known, made))
    return token


def take(keys: Path, token: str, now: datetime) -> Invitation | None:
    """Use a token; of several at once one wins. None where it is none, was used, or ended.

    Raises:
        SettingsError: The file is not one that remit wrote.
    """
    if not (keys / FILE).exists():
        return None
    given = _digest(token)
    with _changing(keys):
        known = read(keys)
        found = [one for one in known if hmac.compare_digest(one.sha256, given)]
        if not found or found[0].is_used or found[0].until <= now:
            return None
        used = replace(found[0], is_used=True)
        _write(keys, tuple(used if one.id == used.id else one for one in known))
    return used


def stands(keys: Path, invitation: str, now: datetime) -> bool:
    """Whether a session may go on: what let it in was not revoked, and has not ended.

    Raises:
        SettingsError: The file is not one that remit wrote.
    """
    return any(one.id == invitation and one.until > now for one in read(keys))


def revoke(keys: Path, name: str) -> None:
    """Take a token away, and the session that it opened.

    Raises:
        SettingsError: There is none of that name.
    """
    with _changing(keys):
        known = read(keys)
        left = tuple(one for one in known if one.name != name)
        if len(left) == len(known):
            raise SettingsError("nobody of that name is invited: see `remit access list`")
        _write(keys, left)


def _read(entry: dict[str, Any]) -> Invitation:
    until = datetime.fromisoformat(entry["until"])
    if not isinstance(entry.get("tenant"), str | None):
        raise TypeError
    return Invitation(**{**entry, "role": Role(entry["role"]), "until": until})


def _digest(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


@contextmanager
def _changing(keys: Path) -> Iterator[None]:
    """Have the file alone."""
    keys.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(keys / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _write(keys: Path, invitations: tuple[Invitation, ...]) -> None:
    entries = [
        {name: value for name, value in asdict(one).items() if value is not None}
        | {"until": one.until.isoformat()}
        for one in invitations
    ]
    replace_file(keys / FILE, json.dumps({"tokens": entries}, indent=2).encode())
