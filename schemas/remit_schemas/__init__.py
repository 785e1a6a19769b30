"""What both sides of the log agree on: contracts, policies, plans, and the bytes of packs. Import from its modules."""

__all__: list[str] = []
