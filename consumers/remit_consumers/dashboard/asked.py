"""What a browser asked for, and how its answer is to be: in which language and light."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request

from remit_consumers.access.roles import Act, act_of
from remit_consumers.access.sessions import LOCAL, Identity
from remit_consumers.dashboard.paths import PAGES
from remit_consumers.dashboard.site import Site
from remit_consumers.dashboard.words import LANGUAGES, Words, preferred, words_of
from remit_consumers.views.reading import user_name

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
        identity: Who asks.
    """

    site: Site
    request: Request
    t: Words
    theme: str
    identity: Identity

    @property
    def is_officer(self) -> bool:
        """Whether small counts are told."""
        return self.may(Act.SEE_SMALL_COUNTS)

    @property
    def sees_values(self) -> bool:
        """Whether values of rows are shown."""
        return self.may(Act.SEE_VALUES)

    @property
    def is_in(self) -> bool:
        """Whether there is a session to leave."""
        return self.identity.who != LOCAL

    @property
    def form_word(self) -> str:
        """What every form of the page bears, so that no page elsewhere can send one."""
        return self.site.gate.form_word(self.request, self.identity)

    def signed(self) -> str:
        """Who asks, as records name them."""
        return user_name() if self.identity.who == LOCAL else self.identity.who

    def may(self, act: Act) -> bool:
        """Whether who asks may do something: what they may not is not offered."""
        return self.identity.may(act)

    def pages(self) -> Sequence[str]:
        """The pages that who asks may see, in the order of the menu."""
        return [name for name in PAGES if (act := act_of("GET", f"/{name}")) and self.may(act)]

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
    identity: Identity = request.state.identity  # of the doorkeeper; a call that passed none fails
    return Asked(site, request, words_of(language_of(request)), theme_of(request), identity)


def language_of(request: Request) -> str:
    """The language to answer in."""
    said = request.query_params.get("lang") or request.cookies.get(LANGUAGE_COOKIE, "")
    return said if said in LANGUAGES else preferred(request.headers.get("accept-language", ""))


def theme_of(request: Request) -> str:
    """The light to answer in."""
    said = request.query_params.get("theme") or request.cookies.get(THEME_COOKIE, "")
    return said if said in THEMES else THEMES[0]
