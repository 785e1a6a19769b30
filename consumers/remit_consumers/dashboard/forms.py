"""Forms: read once and within a size, and believed only where they bear the word of the session that their page was shown to."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import Request

Form = Mapping[str, str]
"""What a form says, by its fields."""

FIELD: Final = "form"
"""The hidden field with the word of the session; the person's own page calls it the same."""

FORM_BYTES_MAX: Final = 65_536
FIELDS_MAX: Final = 64


async def read(request: Request) -> Form | None:
    """Read a form as browsers send one; None where it is larger than any of ours."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > FORM_BYTES_MAX:
            return None
    try:
        found = parse_qsl(
            body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=FIELDS_MAX
        )
    except ValueError:
        return None
    return dict(found)
