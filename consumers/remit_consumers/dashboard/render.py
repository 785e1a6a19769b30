"""From what a page shows to what is sent: templates, numbers as people read them, headers."""

import json
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from remit_consumers.dashboard.asked import (
    LANGUAGE_COOKIE,
    THEME_COOKIE,
    THEMES,
    YEAR_S,
    Asked,
)
from remit_consumers.dashboard.charts import NOTHING
from remit_consumers.dashboard.small_counts import FEW
from remit_consumers.dashboard.words import LANGUAGES

HERE: Final = Path(__file__).parent
HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""What every answer says. No page holds a script or a style of its own, and nothing comes from elsewhere."""

KIB: Final = 1024
UNITS: Final = ("B", "KiB", "MiB", "GiB", "TiB")


def page(asked: Asked, name: str, shown: Mapping[str, object], status: int = 200) -> Response:
    """Send a page; to an open page that asks for its changing part alone, that part."""
    template = environment().get_template(f"{name}.html")
    given = {
        **shown,
        "t": asked.t,
        "asked": asked,
        "page": name,
        "http_status": status,
        "pages": asked.pages(),
        "languages": LANGUAGES,
        "themes": THEMES,
        "policy": asked.site.policy,
        "query": asked.request.query_params,
    }
    if asked.wants_part:
        part = "".join(template.blocks["part"](template.new_context(given)))
        return HTMLResponse(part, status, headers={**HEADERS, "Vary": "HX-Request"})
    answer = HTMLResponse(template.render(given), status, headers={**HEADERS, "Vary": "HX-Request"})
    return remembering(asked, answer)


def remembering(asked: Asked, answer: Response) -> Response:
    """Have the browser remember the language and light that it just asked for."""
    for cookie, name, value in (
        (LANGUAGE_COOKIE, "lang", asked.t.language),
        (THEME_COOKIE, "theme", asked.theme),
    ):
        if asked.request.query_params.get(name) == value:
            answer.set_cookie(
                cookie,
                value,
                max_age=YEAR_S,
                httponly=True,
                samesite="strict",
                secure=asked.request.url.scheme == "https",
            )
    return answer


@cache
def environment() -> Environment:
    """The templates; a name that a page does not give is a mistake, never an empty place."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters |= {
        "number": number,
        "few": few,
        "size": size,
        "percent": percent,
        "decimal": decimal,
        "moment": moment,
        "chart": json.dumps,
    }
    return made


def number(count: float) -> str:
    """A count with its thousands apart."""
    return f"{count:,}"


def few(count: int | None) -> str:
    """A count of subjects; one that is hidden says that it is small or might give a small one away."""
    return f"<{FEW}" if count is None else number(count)


def size(count: float) -> str:
    """Bytes in the unit that leaves one to three digits before the point."""
    unit = 0
    while count >= KIB and unit < len(UNITS) - 1:
        count, unit = count / KIB, unit + 1
    return f"{count:,.0f} {UNITS[unit]}" if not unit else f"{count:,.1f} {UNITS[unit]}"


def percent(part: float, whole: float) -> str:
    """A share; of nothing it is a dash."""
    if not whole:
        return NOTHING
    share = 100 * part / whole
    return f"{share:.1f} %" if 0 < share < 1 or 99 < share < 100 else f"{share:.0f} %"  # noqa: PLR2004 - where a rounded one would say none or all


def decimal(value: float) -> str:
    """A measure with one digit behind the point."""
    return f"{value:,.1f}"


def moment(at: datetime | None) -> str:
    """A time to the minute, in UTC; a dash where there is none."""
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else NOTHING
