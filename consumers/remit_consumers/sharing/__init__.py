"""Sharing: what leaves for a recipient that the policy names, and the record of it. Nobody else gets anything."""
