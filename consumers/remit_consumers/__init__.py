"""What an operator runs: takes packs from a log, minimizes and stores their events exactly once, and proves it."""

__all__: list[str] = []
