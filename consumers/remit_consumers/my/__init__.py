"""The person's own page: what is held of them, for what, until when and who got it; their consents and their requests."""
