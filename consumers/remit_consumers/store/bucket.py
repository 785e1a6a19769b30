"""A bucket of an S3-compatible store: the few requests that a lake makes of it, and its faults told as the disk's are.

Credentials, region and endpoint are boto3's own to find (AWS_REGION, AWS_PROFILE, AWS_ENDPOINT_URL_S3), in the environment or in
files. An answer that is lost leaves open whether a name is ours, so the object is read back and compared.

Source: Amazon S3, "Conditional writes": `PUT` with `If-None-Match: *` gives one writer a name, and all others 412.
"""

import errno
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from typing import Any, Final

from remit_schemas.errors import LakeError, SettingsError, Unconfirmed

TRIES: Final = 2
"""Requests for one name before the outcome stays open; boto3 makes four of each."""

_TAKEN: Final = frozenset({"PreconditionFailed", "412"})
_BUSY: Final = frozenset({"ConditionalRequestConflict", "409"})
_NOT_THERE: Final = frozenset({"NoSuchKey", "404", "NotFound"})
_FORBIDDEN: Final = frozenset(
    {"AccessDenied", "403", "InvalidAccessKeyId", "SignatureDoesNotMatch"}
)


@dataclass(frozen=True, slots=True)
class Stat:
    """What is known of an object: its bytes, and when the store took it, by the store's clock."""

    st_size: int
    st_mtime: float


class Bucket:
    """One bucket, over one client, which threads may share."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._client, self._session = _client()

    def options(self) -> dict[str, str]:
        """How delta-rs reaches the same bucket; asked anew for each table, since credentials may be short-lived."""
        given = self._session.get_credentials()
        if given is None:
            message = "no credentials for the object store: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
            raise LakeError(message)
        keys, endpoint = given.get_frozen_credentials(), str(self._client.meta.endpoint_url)
        found = {
            "aws_access_key_id": keys.access_key,
            "aws_secret_access_key": keys.secret_key,
            "aws_session_token": keys.token,
            "aws_region": self._client.meta.region_name,
            "aws_endpoint": endpoint,
            "allow_http": "true" if endpoint.startswith("http://") else "false",
            "conditional_put": "etag",
        }
        return {name: value for name, value in found.items() if value}

    def check(self) -> None:
        """Refuse a bucket that keeps what was deleted or overwritten: an erased row would stay in an older version.

        Raises:
            LakeError: It does, or it cannot be asked.
        """
        with _told():
            answer = self._client.get_bucket_versioning(Bucket=self._name)
        if answer.get("Status"):
            message = f"bucket {self._name} keeps older versions of objects, so an erased row would stay: use one that never had versioning"
            raise LakeError(message)

    def read(self, key: str) -> bytes:
        """Give an object's bytes."""
        with _told():
            return bytes(self._client.get_object(Bucket=self._name, Key=key)["Body"].read())

    def write(self, key: str, data: bytes) -> None:
        """Write an object, durably; one of this name is replaced."""
        with _told():
            self._client.put_object(Bucket=self._name, Key=key, Body=data)

    def take(self, key: str, data: bytes) -> None:
        """Write an object under a name that is free, durably.

        Args:
            key: The name.
            data: Bytes that no other writer writes.

        Raises:
            FileExistsError: The name is another's.
            Unconfirmed: The store does not say whether it is ours.
        """
        is_open = False
        for _ in range(TRIES):
            try:
                self._take(key, data)
            except FileExistsError:
                raise
            except OSError as error:
                if isinstance(error, PermissionError) and not is_open:
                    raise
                is_open = True
            else:
                return
        message = "the object store does not say whether a commit stands"
        raise Unconfirmed(message)

    def _take(self, key: str, data: bytes) -> None:
        """Ask for a name once; where it is taken, see whether that was a request of ours whose answer was lost."""
        try:
            with _told():
                self._client.put_object(Bucket=self._name, Key=key, Body=data, IfNoneMatch="*")
        except FileExistsError:
            if self.read(key) != data:
                raise

    def delete(self, key: str) -> None:
        """Take an object away; one that is not there is no fault."""
        with _told():
            self._client.delete_object(Bucket=self._name, Key=key)

    def stat(self, key: str) -> Stat:
        """Say what is known of an object."""
        with _told():
            told = self._client.head_object(Bucket=self._name, Key=key)
        return Stat(int(told["ContentLength"]), told["LastModified"].timestamp())

    def holds(self, prefix: str) -> bool:
        """Whether any object's name begins so."""
        with _told():
            told = self._client.list_objects_v2(Bucket=self._name, Prefix=prefix, MaxKeys=1)
        return bool(told.get("KeyCount"))

    def names(self, prefix: str, *, deep: bool) -> Iterator[str]:
        """The names that begin so: all of them, or with those that have another slash cut off behind it."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._name, Prefix=prefix, **({} if deep else {"Delimiter": "/"})
        )
        with _told():
            for page in pages:
                yield from (one["Key"] for one in page.get("Contents", ()))
                yield from (one["Prefix"].rstrip("/") for one in page.get("CommonPrefixes", ()))


_ONE_AT_A_TIME = Lock()


def bucket(name: str) -> Bucket:
    """Give a bucket, with one client for the whole process.

    Raises:
        SettingsError: What reaches it is not installed.
        LakeError: It keeps older versions, or it cannot be asked.
    """
    with _ONE_AT_A_TIME:
        return _opened(name)


@lru_cache(maxsize=8)
def _opened(name: str) -> Bucket:
    """A bucket that was looked at once."""
    found = Bucket(name)
    found.check()
    return found


def _client() -> tuple[Any, Any]:
    """A client of boto3's and its session; what answers late or with a fault is asked again."""
    try:
        import boto3  # noqa: PLC0415 - an extra, and half a second to load
        from botocore.config import Config  # noqa: PLC0415 - as above
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - as above
    except ModuleNotFoundError:
        message = "a lake on an object store needs boto3: pip install 'remit[consumers,s3]'"
        raise SettingsError(message) from None
    logging.getLogger("botocore").setLevel(
        logging.WARNING
    )  # it tells of each start where credentials came from
    patience = Config(
        connect_timeout=5, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 4}
    )
    try:
        session = boto3.Session()
        return session.client("s3", config=patience), session
    except (BotoCoreError, ValueError) as error:
        message = f"the object store cannot be asked ({type(error).__name__}): set AWS_REGION, AWS_ENDPOINT_URL_S3 and credentials"
        raise SettingsError(message) from None


@contextmanager
def _told() -> Iterator[None]:
    """Turn what the store says into what a disk would; its messages may quote names and are left out."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - as above

    try:
        yield
    except ClientError as error:
        raise _fault(str(error.response.get("Error", {}).get("Code", "refused"))) from None
    except BotoCoreError as error:
        raise OSError(errno.EIO, type(error).__name__) from None


def _fault(code: str) -> OSError:
    """The fault of the disk that a fault of the store is."""
    if code in _TAKEN:
        return FileExistsError(errno.EEXIST, code)
    if code in _NOT_THERE:
        return FileNotFoundError(errno.ENOENT, code)
    if code in _FORBIDDEN:
        return PermissionError(errno.EACCES, code)
    return OSError(errno.EAGAIN if code in _BUSY else errno.EIO, code)
