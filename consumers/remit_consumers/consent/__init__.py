"""The consent ledger: who agreed to what, kept in the lake, and asked before anything optional is stored."""
