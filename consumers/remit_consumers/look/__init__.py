"""The look that the dashboard and people's own pages share: one style sheet."""

from pathlib import Path
from typing import Final

STATIC: Final = Path(__file__).parent / "static"
"""The folder of the sheet; each application serves it beside its own."""
