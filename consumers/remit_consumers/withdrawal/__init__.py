"""What happens to rows that are stored already: what a denial forbids is rewritten, what has no basis is erased."""
