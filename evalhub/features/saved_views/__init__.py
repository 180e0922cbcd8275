"""Saved views: lists and items as one person filtered and sorted them, by a name."""
