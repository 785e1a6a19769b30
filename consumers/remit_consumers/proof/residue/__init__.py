"""Residue: what of a person still stands, in plain, in any file under the data folder.

The detectors know nothing of the reducers and share no code and no pattern with them. They are built the other way
round: a text is cut into words, and each word is read as what it may be (an address by `ipaddress`, a number by its
check digit, a phone number by its country's plan), so that what escapes the one does not escape the other for the
same reason. How good they are is measured in the same run, on values that they have never seen.
"""
