"""Readers of the files that a training writes: one reader a file."""
