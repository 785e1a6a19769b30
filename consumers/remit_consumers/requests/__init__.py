"""Requests: what people have a right to, taken, checked, answered in time, and on record step by step."""
