"""Pages for people who may see results."""
