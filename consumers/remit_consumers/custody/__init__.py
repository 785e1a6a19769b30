"""Custody: who can turn what lies in a key file into the key. By default its owner; or a key management service."""
