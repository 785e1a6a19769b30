"""The bundle from an edge: fetched at the start, asked for again by a thread of its own, kept for the next start.

Nothing waits for the network but the start of the client: a thread fetches, and whoever looks takes what it brought.
"""

import logging
import os
import threading
import time
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path
from typing import Final
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request

from remit.direct import direct_opener, is_loopback
from remit.settings import Places
from remit.watch import PIN
from remit_schemas.bundle import BUNDLE_NAME, FILE_BYTES_MAX, Bundle, decode_bundle, read_signed
from remit_schemas.durable import replace_file
from remit_schemas.errors import BundleError, RemitError, SettingsError
from remit_schemas.spool import FOLDER
from remit_schemas.trust import trust_of

STEP_S: Final = 3.0  # for each step of the network: to connect, to hear anything
WHOLE_S: Final = 10.0  # for a bundle as a whole: one that trickles in is none
CHUNK_BYTES: Final = 64 << 10
NO_ADDRESS: Final = (
    "the address of a policy is https://host:port/v1/policy, without a name or password"
)
NOT_MODIFIED: Final = 304  # RFC 9110, section 15.4.5

log = logging.getLogger("remit")
_fetched_by: Final[dict[Path, int]] = {}  # which process fetched what is kept there


class BundleFetch:
    """Fetches the bundle and notices a new one; the last one is kept beside the spool.

    Attributes:
        faults: Times that it could not be fetched, or not be believed.
        signed: The bundle in use, as it was published.
    """

    def __init__(self, places: Places, poll_s: float) -> None:
        """Prepare.

        Args:
            places: Where the edge is, and where to keep what it gives.
            poll_s: Seconds between two requests.

        Raises:
            SettingsError: The address is none, or plain HTTP beyond this machine without REMIT_TRUST.
            BundleError: REMIT_TRUST is no key.
        """
        self.faults = 0
        self.signed = b""
        self._url = places.policy_url or ""
        self._opener = direct_opener(_checked_host(self._url, has_trust=bool(places.trust)))
        self._kept = places.data / FOLDER / BUNDLE_NAME
        self._pin = places.data / FOLDER / PIN
        self._trust = trust_of(places.trust) if places.trust else None
        self._etag = ""
        self._poll_s = poll_s
        self._thread: threading.Thread | None = None
        self._over = threading.Event()
        self._brought: bytes | None = None
        self._is_out_of_reach = False

    def read(self) -> Bundle:
        """Fetch the bundle; while the edge is down, the one that was kept.

        A forked child begins with what its parent kept: it starts inside an `emit`, which waits for no network.

        Raises:
            BundleError: There is neither, or it is not to be believed.
        """
        is_parents = _fetched_by.get(self._kept, os.getpid()) != os.getpid()
        _fetched_by[self._kept] = os.getpid()
        if not (is_parents and self._kept.exists()):
            self._fetch()
        try:
            bundle = self._taken()
        except BundleError:
            if not self._kept.exists():
                raise
            self.faults += 1
            bundle = None
        if bundle is not None:
            return bundle
        if not self._kept.exists():
            raise BundleError("the bundle cannot be fetched, and none was kept: is the edge up?")
        signed = read_signed(self._kept)
        kept = decode_bundle(signed, trust=self._trust, pin=self._pin)
        self.signed, self._etag = signed, ""
        return kept

    def attend(self, wake: Callable[[], None]) -> None:
        """Ask again and again from now on, in a thread of its own; `wake` is called when there is something new."""
        self._thread = threading.Thread(
            target=self._ask, args=(wake,), name="remit-bundle", daemon=True
        )
        self._thread.start()

    @property
    def has_news(self) -> bool:
        """Whether something new was fetched, and nobody has looked at it yet."""
        return self._brought is not None

    def changed(self) -> Bundle | None:
        """Give a bundle that has come since the last look; never waits."""
        try:
            return self._taken()
        except RemitError:
            self.faults += 1
            return None

    def close(self, timeout_s: float) -> None:
        """Ask no more, and wait for a request that is under way."""
        self._over.set()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _ask(self, wake: Callable[[], None]) -> None:
        while not self._over.wait(self._poll_s):
            self._fetch()
            if self.has_news:
                wake()

    def _taken(self) -> Bundle | None:
        """Verify what was brought, and keep it; None where it is nothing new."""
        signed, self._brought = self._brought, None
        if signed is None or signed == self.signed:
            return None
        bundle = decode_bundle(signed, trust=self._trust, pin=self._pin)
        self.signed = signed
        try:
            replace_file(self._kept, signed)
        except OSError:
            self.faults += (
                1  # a full disk: the bundle holds all the same, for as long as this process lives
            )
        return bundle

    def _fetch(self) -> None:
        try:
            brought = self._get()
        except (OSError, HTTPException, ValueError) as error:
            self.faults += 1
            if not self._is_out_of_reach:
                log.warning("the bundle cannot be fetched (%s): the last one holds", _kind(error))
            self._is_out_of_reach = True
        else:
            self._brought = brought or self._brought
            self._is_out_of_reach = False

    def _get(self) -> bytes | None:
        """Ask the edge; None where nothing has changed."""
        headers = {"If-None-Match": self._etag} if self._etag else {}
        request = Request(self._url, headers=headers)  # noqa: S310  # http or https: `_checked_host`
        end = time.monotonic() + WHOLE_S
        try:
            with self._opener.open(request, timeout=STEP_S) as answer:
                data = bytearray()
                while chunk := answer.read1(CHUNK_BYTES):
                    data += chunk
                    if len(data) > FILE_BYTES_MAX or time.monotonic() > end:
                        raise ValueError("a bundle that is too large, or too slow")
                self._etag = answer.headers.get("ETag", "")
                return bytes(data)
        except HTTPError as error:
            error.close()
            if error.code == NOT_MODIFIED:
                return None
            raise


def _checked_host(url: str, *, has_trust: bool) -> str:
    """Give the host of an address that a bundle may come from.

    Raises:
        SettingsError: It may not.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname if parts.port != 0 else None
    except ValueError:
        raise SettingsError(NO_ADDRESS) from None
    if not host or parts.username is not None:
        raise SettingsError(NO_ADDRESS)
    if parts.scheme == "http" and not has_trust and not is_loopback(host):
        raise SettingsError(
            "over plain http anybody on the way can sign a policy: set REMIT_TRUST (`remit keys status` prints the key), or use https"
        )
    return host


def _kind(error: BaseException) -> str:
    """Name a fault: its own words may quote the address."""
    return f"HTTP {error.code}" if isinstance(error, HTTPError) else type(error).__name__
