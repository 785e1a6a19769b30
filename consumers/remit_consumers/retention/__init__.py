"""How long what is stored stays: until when, what holds it back, and what is done then."""
