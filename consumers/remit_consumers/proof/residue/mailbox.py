"""Mailboxes: a local part at a domain that exists."""

import re
from itertools import pairwise
from typing import Final

from remit_consumers.proof.residue.domain import is_name
from remit_consumers.proof.residue.kind import Kind, Seen

LOCAL_CHARS_MAX: Final = 64
"""Source: RFC 5321 section 4.5.3.1.1."""

NOT_LOCAL = re.compile(r"[\s\"(),:;<>@\[\\\]={}|/?&]")
"""What ends a local part to the left: what RFC 5321 allows in quotes only, and what joins it to a key or a path."""

NOT_DOMAIN = re.compile(r"[^\w.-]")
"""What ends a domain to the right."""

QUOTED = re.compile(r"\"[^\"@]{1,64}\"$")
"""A local part in quotes, blanks and all. Source: RFC 5321 section 4.1.2."""


def see(text: str) -> Seen:
    """Count the mailboxes of a text: at each `@`, read to the left and to the right."""
    parts = text.split("@")
    return Seen(sum(_is_mailbox(left, right) for left, right in pairwise(parts)))


def _is_mailbox(left: str, right: str) -> bool:
    """Whether what stands before an `@` ends with a local part and what stands behind it begins with a domain."""
    left = left[-LOCAL_CHARS_MAX - 2 :]
    local = NOT_LOCAL.split(left)[-1].strip("'`*")
    if not local and not QUOTED.search(left):
        return False
    domain = NOT_DOMAIN.split(right, maxsplit=1)[0].strip("._-")
    return is_name(domain)


KIND = Kind("email", r"[^\s]@[\w]", see)
"""The kind."""
