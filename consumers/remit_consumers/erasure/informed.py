"""Informed sources: who sends data about people and is told what became of it, under a name that it alone can match.

A file beside the keys, never in the data folder::

    informed.json        for each source: its key, the tenants it may send for, where notices go

A source knows its users by their ids, and the lake knows none of these. So a notice names a subject by an HMAC of the
id under a key that remit and this one source share: the source makes the same HMAC of the ids that it holds. Which
source sent what of whom is not on record anywhere, and need not be: who holds no such id finds nothing.

Source: policy 2021-11-01, clause S086a; DESIGN.md, D8.
"""

import base64
import hmac
import json
import re
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from remit_consumers.erasure.address import checked_address
from remit_consumers.erasure.notice import SOURCE
from remit_consumers.erasure.scope import SubjectRef
from remit_consumers.keyfiles import KEY_BYTES, FolderLock, open_folder
from remit_schemas.durable import replace_file
from remit_schemas.errors import KeysOutOfReach, SettingsError
from remit_schemas.read_json import read_json
from remit_schemas.subject import VISITOR

FILE: Final = "informed.json"
LOCK: Final = "informed.lock"
NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
"""What a source may be called: it names a folder and a topic."""

CONTEXT: Final = b"remit-notice-1\n"
"""What every HMAC of a notice begins with, so that the key makes nothing else."""


@dataclass(frozen=True, slots=True)
class Informed:
    """A source that is told.

    Attributes:
        name: What it is called.
        key: Shared with it, 32 random bytes.
        tenants: Whose data it may send; empty for all tenants.
        address: Where notices go, see `address`; empty for the outbox.
    """

    name: str
    key: bytes
    tenants: tuple[str, ...] = ()
    address: str = ""

    @property
    def to(self) -> str:
        """What notices call it."""
        return f"{SOURCE}{self.name}"

    def may_send_for(self, tenant: str) -> bool:
        """Whether it may hold data of this tenant's customers."""
        return not self.tenants or tenant in self.tenants

    def name_of(self, ref: SubjectRef) -> str:
        """The name under which it can match a subject, 64 hex digits."""
        return name_for(self.key, ref)


def name_for(key: bytes, ref: SubjectRef) -> str:
    """Name a subject for who shares a key, as 64 hex digits.

    HMAC-SHA256 over ``remit-notice-1``, a line feed, the length of the tenant's name in bytes as decimal digits, a
    colon, the tenant's name, the id; texts are UTF-8.
    """
    tenant = ref.tenant.encode("utf-8", "surrogatepass")
    subject = ref.subject.encode("utf-8", "surrogatepass")
    message = CONTEXT + b"%d:" % len(tenant) + tenant + subject
    return hmac.digest(key, message, "sha256").hex()


def names_for(folder: Path, ref: SubjectRef) -> dict[str, str]:
    """What each source that may have sent something of a subject can match it by; a visitor has no id that a source keeps.

    Args:
        folder: Of the keys.
        ref: Whom.

    Raises:
        KeysOutOfReach: The file cannot be read.
    """
    if ref.subject.startswith(VISITOR):
        return {}
    return {one.to: one.name_of(ref) for one in informed(folder) if one.may_send_for(ref.tenant)}


def informed(folder: Path) -> tuple[Informed, ...]:
    """The sources that are told, by name; none where there is no file.

    Raises:
        KeysOutOfReach: The file cannot be read, or is not one that remit wrote.
    """
    try:
        entries: list[dict[str, Any]] = read_json((folder / FILE).read_bytes())["sources"]
        return tuple(map(_informed_of, entries))
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, TypeError, KeyError):
        message = f"{FILE} beside the keys cannot be read as the sources that are told"
        raise KeysOutOfReach(message) from None


def inform(folder: Path, name: str, tenants: Sequence[str] = (), address: str = "") -> Informed:
    """Have a source told from now on; one that is there keeps its key, and gets these tenants and this address.

    Raises:
        SettingsError: This is no name, or no address.
        KeysOutOfReach: The file cannot be read or written.
    """
    if not NAME.fullmatch(name):
        raise SettingsError("a source that is told is called by small letters, digits, - and _")
    with _changing(folder):
        known = {one.name: one for one in informed(folder)}
        key = known[name].key if name in known else secrets.token_bytes(KEY_BYTES)
        made = Informed(name, key, tuple(sorted(set(tenants))), checked_address(address))
        _write(folder, {**known, name: made}.values())
    return made


def leave_out(folder: Path, name: str) -> None:
    """Tell a source nothing of what happens from now on, and forget its key; what it was told already stays due.

    Raises:
        SettingsError: There is none of that name.
        KeysOutOfReach: The file cannot be read or written.
    """
    with _changing(folder):
        known = informed(folder)
        left = [one for one in known if one.name != name]
        if len(left) == len(known):
            raise SettingsError("there is no such source: see `remit notices sources`")
        _write(folder, left)


def _informed_of(entry: dict[str, Any]) -> Informed:
    key = base64.b64decode(entry["key"], validate=True)
    if len(key) != KEY_BYTES:
        raise ValueError
    return Informed(entry["name"], key, tuple(entry["tenants"]), entry["address"])


@contextmanager
def _changing(folder: Path) -> Iterator[None]:
    """Change the file while no other process does."""
    try:
        open_folder(folder)
        with FolderLock(folder / LOCK).held():
            yield
    except OSError as error:
        message = f"{FILE} beside the keys cannot be written: {error.strerror}"
        raise KeysOutOfReach(message) from None


def _write(folder: Path, sources: Iterable[Informed]) -> None:
    """Replace the file, durably."""
    entries = [
        {
            "name": one.name,
            "key": base64.b64encode(one.key).decode("ascii"),
            "tenants": list(one.tenants),
            "address": one.address,
        }
        for one in sorted(sources, key=lambda one: one.name)
    ]
    replace_file(folder / FILE, json.dumps({"v": 1, "sources": entries}, indent=1).encode())
