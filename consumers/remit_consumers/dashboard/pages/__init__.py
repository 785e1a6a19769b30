"""The pages, a module each: what a page shows, and no word of how it looks."""
