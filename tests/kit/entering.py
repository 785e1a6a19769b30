"""Coming into a dashboard without a browser, by a token, and sending its forms."""

import re
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import Any

from kit.dashboard import get
from kit.sites import Served
from remit_consumers.access.invitations import invite
from remit_consumers.access.roles import Role

WORD = re.compile(r'name="form" value="([^"]+)"')


class _Staying(urllib.request.HTTPRedirectHandler):
    """Follows nothing: the answer itself is looked at."""

    def redirect_request(self, *_: object) -> None:
        return None


def post(url: str, body: bytes = b"", **headers: str) -> tuple[int, dict[str, str]]:
    """Send a form; gives status and headers."""
    request = urllib.request.Request(url, data=body, headers=headers, method="POST")  # noqa: S310 - http, by this module
    try:
        with urllib.request.build_opener(_Staying).open(request, timeout=30) as answer:
            return answer.status, dict(answer.headers)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code, dict(error.headers)


def follow(url: str, body: bytes | None = None, **headers: str) -> tuple[int, dict[str, str], str]:
    """Ask, and follow nothing; gives status, headers and text, each cookie on a line of its own."""
    request = urllib.request.Request(url, body, headers)  # noqa: S310 - http, by this module
    try:
        answer: Any = urllib.request.build_opener(_Staying).open(request, timeout=30)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        said = {name.lower(): value for name, value in answer.headers.items()}
        said["set-cookie"] = "\n".join(answer.headers.get_all("set-cookie") or ())
        return int(answer.code), said, answer.read().decode()


def enter(door: Served, role: Role, name: str) -> str:
    """Come in by a token for a role; gives the cookie."""
    now = datetime.now(UTC)
    keys = door.site.settings.keys
    token = invite(keys, name, role, now + timedelta(hours=9), now)
    status, headers, _ = follow(f"{door.address}/enter?token={token}")
    assert status == 303
    cookie = headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    return cookie.partition(";")[0]


def own_word(address: str, cookie: str, path: str = "/") -> bytes:
    """The word that the forms of a page bear, as a form says it."""
    found = WORD.search(get(f"{address}{path}", cookie=cookie)[2])
    assert found, "the page has no form"
    return f"form={found[1]}".encode()
