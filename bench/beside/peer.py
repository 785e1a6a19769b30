"""What a peer is. Runs in the environment of the peers: nothing of the project is imported in this folder."""

import importlib
from collections.abc import Callable, Mapping

Out = str | bool | Mapping[str, str | bool | None] | None
"""What a peer makes of a value; None where it gives nothing."""

Peer = Callable[[str], Out]

load = importlib.import_module
"""Peers are imported by name when they are asked for: no environment but theirs has them."""
