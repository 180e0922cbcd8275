"""Models answer, and their answers are scored."""
