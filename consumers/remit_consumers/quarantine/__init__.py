"""Quarantine: what could not be read, for which of a few reasons, and how it is read after all.

A pack comes to stand there in one of two ways: `steps.open` could not open it, or `waiting` had its policy version in vain
for an hour. A datum comes there when `steps.decode` finds that it is not what its contract says. Either way `flush` makes a
row of it, with the bytes sealed as they came, and its receipt counts it; an erasure takes the bytes (`erasure.sealed`), and
the raw limit ends them (`keep_until`, and the key of their epoch with it). `replay` opens what can be opened since.
"""
