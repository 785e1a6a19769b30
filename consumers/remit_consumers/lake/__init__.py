"""The lake: Delta tables, the one commit that fills them, and what each of their commits says of itself."""
