"""What a browser asked for, and how its answer is to be: in which language and light."""

from dataclasses import dataclass
from typing import Final

from starlette.requests import Request

from remit_consumers.dashboard.site import Site
from remit_consumers.dashboard.words import LANGUAGES, Words, preferred, words_of

LANGUAGE_COOKIE: Final = "remit_language"
THEME_COOKIE: Final = "remit_theme"
THEMES: Final = ("auto", "light", "dark")
YEAR_S: Final = 31_536_000


@dataclass(frozen=True, slots=True)
class Asked:
    """One request for a page.

    Attributes:
        site: Of which dashboard.
        request: As it came.
        t: The words to answer in.
        theme: The light to answer in.
    """

    site: Site
    request: Request
    t: Words
    theme: str

    @property
    def is_officer(self) -> bool:
        """Whether small counts are told."""
        return self.site.gate.is_officer

    @property
    def wants_part(self) -> bool:
        """Whether a page that is open asks for its changing part alone."""
        return self.request.headers.get("hx-request") == "true"

    def choice(self, name: str, choices: tuple[str, ...], default: str = "") -> str:
        """What was chosen of a closed list; the default, or its first, where nothing of it was."""
        said = self.request.query_params.get(name, "")
        return said if said in choices else default or choices[0]


def asked(site: Site, request: Request) -> Asked:
    """Read what a browser asks for: its address says more than its cookie, and that more than its settings."""
    languages, query = tuple(LANGUAGES), request.query_params
    language = query.get("lang") or request.cookies.get(LANGUAGE_COOKIE, "")
    if language not in languages:
        language = preferred(request.headers.get("accept-language", ""))
    theme = query.get("theme") or request.cookies.get(THEME_COOKIE, "")
    return Asked(site, request, words_of(language), theme if theme in THEMES else THEMES[0])
