"""Rows and documents read with their lines, and the digest of a value."""
