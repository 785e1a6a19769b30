"""Backups: what may be in one, how long it may live, and why nothing of an erased subject comes back out of it."""
