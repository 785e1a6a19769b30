"""Tokens of the requests API: which programs may use it. Only their SHA-256 lies on the disk, beside the keys."""

import hashlib
import hmac
import json
import secrets
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from remit_consumers.access.roles import Role
from remit_schemas.durable import replace_file
from remit_schemas.errors import SettingsError
from remit_schemas.read_json import read_json

FILE: Final = "request-tokens.json"
TOKEN_BYTES: Final = 24  # random: 192 bits, so that SHA-256 without a salt cannot be guessed back
ID_CHARACTERS: Final = 12
NAME_CHARACTERS_MAX: Final = 64


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it lies on the disk.

    Attributes:
        name: Of the program, for people; the record of steps names it.
        sha256: Of the token, as hex.
        added_on: Day, as ISO 8601.
        role: What its program may do: access/roles.py. Tokens of before there were roles may what they could.
        tenant: To which its program is bound; None for none.
    """

    name: str
    sha256: str
    added_on: str
    role: Role = Role.OFFICER
    tenant: str | None = None

    @property
    def id(self) -> str:
        """What the record of reads says of it: not its name, and nothing that opens anything."""
        return self.sha256[:ID_CHARACTERS]


def read(keys: Path) -> tuple[Token, ...]:
    """Read the tokens; none where there is no file.

    Raises:
        SettingsError: The file is not one that remit wrote.
    """
    try:
        entries: list[Any] = read_json((keys / FILE).read_bytes())["tokens"]
        return tuple(_read(one) for one in entries)
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, TypeError, KeyError):
        raise SettingsError(f"{FILE} beside the keys cannot be read as tokens") from None


def _read(entry: Any) -> Token:  # noqa: ANN401 - as a file has it
    if not isinstance(entry, dict) or not isinstance(entry.get("tenant"), str | None):
        raise TypeError
    return Token(**{**entry, "role": Role(entry.get("role", Role.OFFICER))})


def add(keys: Path, name: str, role: Role = Role.OFFICER, tenant: str | None = None) -> str:
    """Make a token, and give it: nobody can read it again.

    Raises:
        SettingsError: The name is taken or no name.
    """
    known = read(keys)
    if not name.strip() or len(name) > NAME_CHARACTERS_MAX:
        raise SettingsError(f"a token has a name of 1 to {NAME_CHARACTERS_MAX} characters")
    if any(one.name == name for one in known):
        raise SettingsError("there is a token of that name; revoke it first, or choose another")
    token = secrets.token_urlsafe(TOKEN_BYTES)
    today = time.strftime("%Y-%m-%d", time.gmtime())
    _write(keys, (*known, Token(name, digest(token), today, role, tenant)))
    return token


def revoke(keys: Path, name: str) -> None:
    """Take a token away.

    Raises:
        SettingsError: There is none of that name.
    """
    known = read(keys)
    left = tuple(one for one in known if one.name != name)
    if len(left) == len(known):
        raise SettingsError("there is no token of that name: see `remit requests tokens list`")
    _write(keys, left)


def of_token(keys: Path, token: str) -> Token | None:
    """Give what is known of a token; None where it is none of ours.

    Raises:
        SettingsError: The file is not one that remit wrote.
    """
    given = digest(token)
    return next((one for one in read(keys) if hmac.compare_digest(one.sha256, given)), None)


def digest(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def _write(keys: Path, tokens: tuple[Token, ...]) -> None:
    keys.mkdir(mode=0o700, parents=True, exist_ok=True)
    entries = [
        {name: value for name, value in asdict(one).items() if value is not None} for one in tokens
    ]
    data = json.dumps({"tokens": entries}, indent=2)
    replace_file(keys / FILE, data.encode())
