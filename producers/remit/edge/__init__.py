"""The HTTP edge: the door for browsers and for producers in other languages. `docs/edge.md` has the protocol."""
