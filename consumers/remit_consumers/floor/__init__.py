"""The floor: which combinations of traits enough subjects share, counted in one window, decided for the next."""
