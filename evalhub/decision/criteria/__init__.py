"""Criteria: one file a kind, and the table that lists them."""
