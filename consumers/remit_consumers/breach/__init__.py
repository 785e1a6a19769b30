"""A breach: whom it concerns, what of them, what nobody could read, and what has to be said until when."""
