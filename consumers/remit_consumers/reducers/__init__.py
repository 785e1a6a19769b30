"""The reducers: each makes a column of values smaller, always the same way, whatever the values are."""
