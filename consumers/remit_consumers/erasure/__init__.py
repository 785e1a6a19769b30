"""Erasure that reaches everything: rows, consents, views, quarantine, secrets; proved by a search and a signed certificate."""
