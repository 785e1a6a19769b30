"""Where the original texts of policies lie."""

from pathlib import Path

TEXTS = Path("policy")
"""Below the data folder: where `remit policy attach` keeps them."""
