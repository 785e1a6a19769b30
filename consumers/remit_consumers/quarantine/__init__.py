"""Quarantine: what could not be read, for which of a few reasons, and how it is read after all.

A pack comes to stand there in one of two ways: `steps.open` could not open it, or `waiting` had its policy version in vain
for an hour. A datum comes there when `steps.decode` finds that it is not what its contract says. Either way `flush` makes a
row of it, with the bytes sealed as they came, and its receipt counts it; an erasure takes the bytes (`erasure.sealed`), and
the raw limit ends them (`keep_until`, and the key of their epoch with it): then a sweep counts them as expired.

`replay` reads what can be read since: `sorting` says what that is, `mending` which single events, `composing` takes them
through the steps of a consumer, `storing` commits them, and `lake.settling` takes their rows out.
"""
