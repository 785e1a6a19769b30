"""The paths that the dashboard answers, for whoever shares a port with it."""

from typing import Final

from remit_consumers.access.provider import BACK

PAGES: Final = (
    *("collected", "live", "policy", "consent", "retention"),
    *("requests", "recipients", "proof", "audit"),
)
"""Every page by its path, in the order of the menu."""

ASSETS: Final = "/assets"
ENTRANCE: Final = "/enter"
LOGIN: Final = "/login"
DOORS: Final = (ENTRANCE, LOGIN, BACK)
"""Where somebody comes in; these decide for themselves."""

LEAVE: Final = "/leave"
PERSON: Final = "/my"

PATHS: Final = (*(f"/{name}" for name in PAGES), ASSETS, ENTRANCE, LOGIN, LEAVE, PERSON)
"""How the paths of the dashboard begin; it answers `/` as well."""
