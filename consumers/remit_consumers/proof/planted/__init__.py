"""Planted values: residue of every kind, invented, in the forms that people and programs write.

Whoever writes a detector knows what it finds. These modules know nothing of it: they follow the standards of each kind,
compute its check digits themselves, and also write what is hard to find, so that the recall measured with them is honest.
Nothing here is anybody's: every value comes from a seeded generator, at run time.
"""
