"""The rules of free text, a module for each kind of what they find; `rules` puts them in order, `rule` says what one is."""
