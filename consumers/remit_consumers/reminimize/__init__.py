"""Reminimize: rows that are stored already are made as small as a newer version of the policy asks, never larger."""
